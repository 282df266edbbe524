"""Which module of Python's standard library does a sentence describe? MaxEnt reads it from the words, and says why.

python maxent_text.py [FOLDER]    draws FOLDER/maxent_text.png: the words that vote for each module
"""

import ast
import importlib.util
import re
import sys
from collections import Counter
from pathlib import Path

import matplotlib as mpl
import numpy as np

import nncpp as nn

mpl.use("agg")
import matplotlib.pyplot as plt

MODULES = ["asyncio", "_pydecimal", "email", "logging", "statistics", "unittest"]


def docstrings(module: str) -> list[str]:
    """Those of a module of one file or of a package, as they stand in the sources."""
    source = Path(importlib.util.find_spec(module).origin)
    files = sorted(source.parent.glob("*.py")) if source.name == "__init__.py" else [source]
    nodes = (node for file in files for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    texts = (ast.get_docstring(node) for node in nodes if isinstance(node, documented))
    return list(dict.fromkeys(text for text in texts if text))


def sentences(text: str) -> list[list[str]]:
    """Words in small letters, without the examples that begin with >>>."""
    prose = " ".join(line for line in text.splitlines() if not line.lstrip().startswith((">>>", "...")))
    words = (re.findall(r"[a-z]{2,}", sentence) for sentence in re.split(r"[.!?:]\s+", prose.lower()))
    return [entry for entry in words if len(entry) >= 4]


def data() -> tuple[tuple[list[list[str]], list[str]], tuple[list[list[str]], list[str]]]:
    """Sentences and their modules, for training and held out: every fourth docstring."""
    train, test = ([], []), ([], [])
    for module in MODULES:
        for i, text in enumerate(docstrings(module)):
            x, y = test if i % 4 == 3 else train
            x += (found := sentences(text))
            y += [module.removeprefix("_py")] * len(found)
    return train, test


def main(folder: Path) -> None:
    (x, y), (x_test, y_test) = data()
    model = nn.MaxEnt(["bag of words", "n-grams 2", "always"], l2=1e-3, min_count=2).fit(x, y)
    majority = Counter(y_test)[Counter(y).most_common(1)[0][0]] / len(y_test)
    accuracy = model.score(x_test, y_test)
    print(f"{len(x)} sentences, {len(model.columns_)} features; {len(x_test)} sentences that it has not seen:")
    print(f"{majority:.1%} are of the most frequent module, {accuracy:.1%} are told right")
    assert accuracy > majority + 0.2

    short = [sentence for sentence in x_test if 6 <= len(sentence) == len(set(sentence)) <= 8]
    surest = short[model.predict_proba(short).max(axis=1).argmax()]
    print(f"\n{' '.join(surest)!r} is of {y_test[x_test.index(surest)]}:")
    model.explain(surest)

    names = np.array(list(model.columns_))
    figure, panels = plt.subplots(2, 3, figsize=(11, 6), layout="constrained", sharex=True)
    for axes, module, weight in zip(panels.flat, model.classes_, model.weight.T, strict=True):
        best = np.argsort(weight)[-10:]
        axes.barh([name.split("=")[-1] for name in names[best]], weight[best])
        axes.set_title(module)
    figure.supxlabel("weight")
    figure.savefig(folder / "maxent_text.png", dpi=80)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
