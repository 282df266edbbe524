"""A language model of characters: it learns from Python's own documentation which character comes next.

An LSTM sees far more than the one character that a bigram model sees, so text it has never read surprises it less: its
perplexity is lower. Then it writes some of its own.

python character_language_model.py [FOLDER]    draws FOLDER/character_language_model.png
"""

import importlib
import inspect
import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np

import nncpp as nn

mpl.use("agg")  # no display needed
import matplotlib.pyplot as plt

MODULES = "argparse asyncio.events collections datetime decimal difflib email.message fractions functools json logging \
    os pathlib pickle queue random re shutil socket statistics string subprocess tarfile textwrap threading zipfile"
STREAMS, STEPS = 32, 40


def documentation() -> str:
    """What the standard library says of its classes and functions, each text once."""
    found = {}
    for module in (importlib.import_module(name) for name in MODULES.split()):
        classes = [value for _, value in inspect.getmembers(module, inspect.isclass)]
        for entry in [module, *classes, *(member for c in classes for member in vars(c).values())]:
            if callable(entry) or inspect.ismodule(entry):
                text = inspect.getdoc(entry) or ""
                found[text if text.isascii() else ""] = None
    return "\n\n".join(found)


def bigram_perplexity(training: np.ndarray, test: np.ndarray, characters: int) -> float:
    """Of P(next character given this one), counts with one added to each."""
    counts = np.ones((characters, characters))
    np.add.at(counts, (training[:-1], training[1:]), 1)
    p = counts / counts.sum(axis=1, keepdims=True)
    return float(np.exp(-np.log(p[test[:-1], test[1:]]).mean()))


def main(folder: Path) -> None:
    characters = list(documentation())
    vocabulary = nn.text.Vocabulary([characters])
    tokens = vocabulary.encode(characters)
    training, test = np.split(tokens, [len(tokens) * 9 // 10])
    bigram = bigram_perplexity(training, test, len(vocabulary))

    embedding, head = nn.Embedding(len(vocabulary), 24), nn.Dense(len(vocabulary), "softmax")
    lstm = nn.LSTM(96, return_sequences=True, stateful=STREAMS)  # a row of a batch goes on where it ended before
    model = nn.Sequential([nn.Input(STEPS, dtype="int64"), embedding, lstm, head])
    model.compile(nn.Adam(5e-3, clip_norm=5.0), "nllm", metrics="perplexity")
    (x, y), held_out = (nn.text.token_streams(part, STREAMS, STEPS) for part in (training, test))
    history = model.fit(x, y, epochs=6, batch_size=STREAMS, shuffle=False, validation_data=held_out, verbose=False)
    perplexity = history["val_perplexity"][-1]
    print(f"{len(tokens):,} characters; perplexity on held-out text: bigram {bigram:.2f}, LSTM {perplexity:.2f}")
    assert perplexity < bigram

    for temperature in (0.2, 1.0):
        start = vocabulary.encode(list("Return the "))
        written = vocabulary.decode(nn.text.sample(model, start, 120, temperature=temperature))
        print(f"temperature {temperature}: Return the {''.join(written)!r}")

    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    axes.plot(range(1, 7), history["perplexity"], label="LSTM, training text")
    axes.plot(range(1, 7), history["val_perplexity"], label="LSTM, held-out text")
    axes.axhline(bigram, color="grey", linestyle="--", label="bigrams, held-out text")
    axes.set(xlabel="epoch", ylabel="perplexity")
    axes.legend()
    figure.savefig(folder / "character_language_model.png", dpi=120)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
