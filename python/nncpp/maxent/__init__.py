"""MaxEnt and the perceptron over features of a class and a datum, given as functions f(c, d) and templates.

>>> import nncpp as nn
>>> texts, topics = ["stocks hit a low", "rain and wind", "stocks rise"], ["money", "weather", "money"]
>>> nn.MaxEnt(["bag of words"], l2=0.01).fit(texts, topics).predict(["wind from the west"])
array(['weather'], dtype='<U7')
"""

from .maxent import MaxEnt
from .perceptron import FeaturePerceptron
from .templates import Template, template

__all__ = ["FeaturePerceptron", "MaxEnt", "Template", "template"]
