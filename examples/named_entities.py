"""Named entities by windows: who, where and which company, told by a word's neighbours and by how it is written.

The example makes its own newspaper. Names in held-out sentences are others than in training, so a tagger that knows
names by heart, the majority baseline, finds few of them; the window classifier has learned what stands around a name.

python named_entities.py [FOLDER]    draws FOLDER/named_entities.png
"""

import sys
from collections import Counter
from itertools import chain
from pathlib import Path

import matplotlib as mpl
import numpy as np

import nncpp as nn

mpl.use("agg")  # no display needed
import matplotlib.pyplot as plt

FIRST = "Ada|Alan|Barbara|Claude|Edith|Frances|Grace|Hedy|Ivan|Joan|Lise|Marie|Niels|Olga|Paul|Rosalind|Tim|Vera|Yann"
LAST = "Allen|Babbage|Curie|Dirac|Euler|Gauss|Hopper|Knuth|Lamarr|Liskov|Meitner|Noether|Pauli|Shannon|Turing|Zuse"
LOC = "Berlin|Cairo|Dublin|Geneva|Hong Kong|Kyoto|Lagos|Lima|London|Madrid|Nairobi|New Delhi|New York|Oslo|Paris|\
Porto|Quito|Rome|San Francisco|Seoul|Sydney|Toronto|Vienna|Warsaw|Zurich"
ORG = "Acme|Borealis Labs|Canary Foods|Delta Motors|Eastwind Bank|Fern and Sons|Gable Steel|Harbour Media|Ibex Air|\
Juniper Press|Kite Robotics|Lumen Power|Mica Systems|Northgate Rail|Orchard Insurance|Pine Energy"
PATTERNS = """PER was born in LOC .|PER moved from LOC to LOC last year .|ORG opened an office in LOC on Monday .
Shares of ORG fell after PER resigned .|PER , who lives in LOC , works for ORG .|It rained in LOC on Sunday .
In LOC , hundreds of people heard PER speak .|PER joined ORG in May .|ORG and ORG will merge , said PER .
The mayor of LOC met PER on Tuesday .|Analysts at ORG expect prices to rise .|ORG bought land near LOC .
PER told reporters that ORG had no plans for LOC .|The chairman of ORG , PER , did not comment .
The train from LOC was late .|Police said the road would open again on Friday .|The company paid no dividend ."""


def sentences(count: int, half: int, random: np.random.Generator) -> tuple[list[list[str]], list[list[str]]]:
    """Patterns filled with every other name: half 0 or 1."""
    first, last, loc, org = (names.split("|")[half::2] for names in (FIRST, LAST, LOC, ORG))
    words, tags = [], []
    for pattern in random.choice(PATTERNS.replace("\n", "|").split("|"), count):
        pairs: list[tuple[str, str]] = []
        for word in pattern.split():
            person = f"{random.choice(first)} {random.choice(last)}"
            name = {"PER": person, "LOC": random.choice(loc), "ORG": random.choice(org)}.get(word)
            begun = [(part, f"{'I' if i else 'B'}-{word}") for i, part in enumerate(name.split())] if name else []
            pairs += begun or [(word, "O")]
        words.append([word for word, _ in pairs])
        tags.append([tag for _, tag in pairs])
    return words, tags


def majority(training: tuple[list[list[str]], list[list[str]]], words: list[list[str]]) -> list[list[str]]:
    """Each word's most frequent tag in training; O for words that are new."""
    pairs = Counter(zip(chain(*training[0]), chain(*training[1]), strict=True))
    best = dict(pair for pair, _ in reversed(pairs.most_common()))
    return [[best.get(word, "O") for word in sentence] for sentence in words]


def main(folder: Path) -> None:
    training, test = (sentences(count, half, np.random.default_rng(half)) for half, count in enumerate((1500, 400)))
    options = {"dimensions": 24, "hidden": 48, "case_dimensions": 4, "dropout": 0.2, "learning_rate": 3e-3, "seed": 1}
    tagger = nn.text.WindowClassifier(window=5, epochs=8, **options).fit(*training)
    tags = {"majority": majority(training, test[0]), "windows": tagger.predict(test[0])}
    scores = {name: nn.text.bio_f1(test[1], predicted) for name, predicted in tags.items()}
    for name, score in scores.items():
        print(f"{name} on held-out sentences with new names\n{score}")
    assert scores["windows"].f1 > scores["majority"].f1 + 0.2

    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    for i, (name, score) in enumerate(scores.items()):
        values = [score.by_type[kind].f1 for kind in ("PER", "LOC", "ORG")]
        axes.bar(np.arange(3) + 0.4 * i, values, 0.4, label=name)
    axes.set(xticks=np.arange(3) + 0.2, xticklabels=["people", "places", "companies"], ylabel="F1", ylim=(0, 1))
    axes.legend()
    figure.savefig(folder / "named_entities.png", dpi=120)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
