"""Text: words and their tokens, windows, streams, readers of files, scores of entities, and taggers by windows.

Loaded when it is first used.

>>> import nncpp as nn
>>> sentences = [nn.text.tokenize(line) for line in ("Museums in Paris are amazing", "Paris is in France")]
>>> vocabulary = nn.text.Vocabulary(sentences)
>>> nn.text.windows(vocabulary.encode(sentences), size=5, padding=vocabulary.borders).shape
(9, 5)
"""

from ._bio import EntityScores as EntityScores
from ._bio import Span as Span
from ._bio import bio_f1 as bio_f1
from ._bio import bio_spans as bio_spans
from ._bio import bio_tags as bio_tags
from ._padding import pad as pad
from ._readers import read_conll as read_conll
from ._readers import read_text as read_text
from ._sampling import sample as sample
from ._streams import token_streams as token_streams
from ._tokenizer import Tokenizer as Tokenizer
from ._tokenizer import sentences as sentences
from ._tokenizer import tokenize as tokenize
from ._vectors import read_vectors as read_vectors
from ._vocabulary import Vocabulary as Vocabulary
from ._window_classifier import WindowClassifier as WindowClassifier
from ._window_scorer import WindowScorer as WindowScorer
from ._windows import corrupt as corrupt
from ._windows import windows as windows

__all__ = [
    "EntityScores",
    "Span",
    "Tokenizer",
    "Vocabulary",
    "WindowClassifier",
    "WindowScorer",
    "bio_f1",
    "bio_spans",
    "bio_tags",
    "corrupt",
    "pad",
    "read_conll",
    "read_text",
    "read_vectors",
    "sample",
    "sentences",
    "token_streams",
    "tokenize",
    "windows",
]
