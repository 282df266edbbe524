"""Pictures: curves, filters, decision boundaries, confusion, the graph of a model.

matplotlib is imported only when a picture needs it; the graph, an SVG, needs nothing. Every function gives a figure to
show or to change, and writes it where a path is given.

>>> import nncpp as nn
>>> figure = nn.plots.confusion([0, 0, 1, 1], [0, 1, 1, 1])
>>> figure.axes[0].get_title(loc="left")
'3 of 4 right, 75.0%'
"""

from .classes import confusion, decision_boundary
from .curves import plot_history
from .diagram import GraphPicture, graph
from .images import filters

__all__ = [
    "GraphPicture",
    "confusion",
    "decision_boundary",
    "filters",
    "graph",
    "plot_history",
]
