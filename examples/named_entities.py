"""Named entities by windows: who, where and which company, told by a word's neighbours and by how it is written.

The example makes its own newspaper: sentences of some thirty patterns with people, places and companies. The names of the
held-out sentences are others, so that a tagger that knows names by heart, the majority baseline, finds few of them: the
window classifier has learned what stands around a name.

python named_entities.py [FOLDER]    draws FOLDER/named_entities.png
"""

import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np

import nncpp as nn

mpl.use("agg")  # no display needed
import matplotlib.pyplot as plt

FIRST = "Ada Alan Barbara Claude Donald Edith Frances Grace Hedy Ivan Joan John Katherine Lise Marie Niels Olga Paul \
    Rosalind Srinivasa Tim Ursula Vera Werner Yann".split()
LAST = "Allen Babbage Curie Dirac Euler Franklin Gauss Hopper Johnson Knuth Lamarr Liskov Lovelace Meitner Noether Pauli \
    Ramanujan Shannon Turing Vaughan Wilkes Zuse".split()
PLACES = "Berlin|Cairo|Dublin|Geneva|Hong Kong|Kyoto|Lagos|Lima|London|Madrid|Nairobi|New Delhi|New York|Oslo|Paris|Porto|\
Quito|Rome|San Francisco|Seoul|Sydney|Toronto|Vienna|Warsaw|Zurich".split("|")
COMPANIES = "Acme|Borealis Labs|Canary Foods|Delta Motors|Eastwind Bank|Fern and Sons|Gable Steel|Harbour Media|Ibex Air|\
Juniper Press|Kite Robotics|Lumen Power|Mica Systems|Northgate Rail|Orchard Insurance|Pine Energy".split("|")
PATTERNS = """PER was born in LOC .
PER moved from LOC to LOC last year .
ORG opened an office in LOC on Monday .
Shares of ORG fell after PER resigned .
PER , who lives in LOC , works for ORG .
The chairman of ORG , PER , did not comment .
In LOC , hundreds of people heard PER speak .
ORG and ORG will merge , said PER .
The mayor of LOC met PER on Tuesday .
It rained in LOC for the third day .
Analysts at ORG expect prices to rise .
PER told reporters that ORG had no plans for LOC .
Profits at ORG doubled , the company said in LOC .
" We like LOC , " said PER of ORG .
The train from LOC was late again .
PER joined ORG in May .
Nobody in LOC had heard of PER .
ORG bought land near LOC .
May was the warmest month since records began .
The company said it would not pay a dividend .
Police said the road would open again on Friday .
A spokesman for ORG declined to name PER .
PER and PER wrote the report .
Flights to LOC were cancelled .""".splitlines()


def sentences(count: int, half: int, random: np.random.Generator) -> tuple[list[list[str]], list[list[str]]]:
    """Patterns filled with every other name: those at even places, or those at odd ones."""
    names = {"LOC": PLACES[half::2], "ORG": COMPANIES[half::2]}
    words, tags = [], []
    for pattern in random.choice(PATTERNS, count):
        words.append([])
        tags.append([])
        for word in pattern.split():
            if word == "PER":
                name = f"{random.choice(FIRST[half::2])} {random.choice(LAST[half::2])}"
            else:
                name = random.choice(names[word]) if word in names else word
            parts = name.split()
            is_name = word in ("PER", "LOC", "ORG")
            words[-1] += parts
            tags[-1] += [f"{'I' if i else 'B'}-{word}" if is_name else "O" for i in range(len(parts))]
    return words, tags


def majority(training: tuple[list[list[str]], list[list[str]]], words: list[list[str]]) -> list[list[str]]:
    """Each word's most frequent tag in training; O for words that are new."""
    counts: dict[str, dict[str, int]] = {}
    for sentence, tags in zip(*training, strict=True):
        for word, tag in zip(sentence, tags, strict=True):
            counts.setdefault(word, {}).setdefault(tag, 0)
            counts[word][tag] += 1
    best = {word: max(tags, key=lambda tag: tags[tag]) for word, tags in counts.items()}
    return [[best.get(word, "O") for word in sentence] for sentence in words]


def main(folder: Path) -> None:
    random = np.random.default_rng(0)
    training, test = sentences(1500, 0, random), sentences(400, 1, random)
    tagger = nn.text.WindowClassifier(
        window=5, dimensions=24, hidden=48, case_dimensions=4, dropout=0.2, learning_rate=3e-3, epochs=8, seed=1
    ).fit(*training)
    scores = {
        "majority": nn.text.bio_f1(test[1], majority(training, test[0])),
        "windows": nn.text.bio_f1(test[1], tagger.predict(test[0])),
    }
    for name, score in scores.items():
        print(f"{name} on held-out sentences with new names\n{score}")
    print(list(zip(test[0][0], tagger.predict(test[0][:1])[0], strict=True)))
    assert scores["windows"].f1 > scores["majority"].f1 + 0.2

    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    kinds = ["PER", "LOC", "ORG"]
    for i, (name, score) in enumerate(scores.items()):
        values = [score.by_type[kind].f1 if kind in score.by_type else 0.0 for kind in kinds]
        axes.bar(np.arange(3) + 0.4 * i, values, 0.4, label=name)
    axes.set(xticks=np.arange(3) + 0.2, xticklabels=["people", "places", "companies"], ylabel="F1", ylim=(0, 1))
    axes.legend()
    figure.savefig(folder / "named_entities.png", dpi=120)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
