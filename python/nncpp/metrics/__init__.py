"""What is told beside the loss. Metrics have no gradient; they never change training.

In ``compile(metrics=...)`` by name or as objects. Accuracy and perplexity come with the core's loss, on training data
too; the others are computed from predictions: in ``evaluate``, and after each epoch on validation data.
"""

from ._metric import Accuracy, FunctionMetric, Metric, Perplexity, is_better_larger, metric
from .classification import AUC, F1, BinaryAccuracy, Precision, Recall, TopKAccuracy
from .confusion import confusion_matrix
from .regression import MAE, R2

__all__ = [
    "AUC",
    "F1",
    "MAE",
    "R2",
    "Accuracy",
    "BinaryAccuracy",
    "FunctionMetric",
    "Metric",
    "Perplexity",
    "Precision",
    "Recall",
    "TopKAccuracy",
    "confusion_matrix",
    "is_better_larger",
    "metric",
]
