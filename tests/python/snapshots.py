"""Everything of a model that training changes, as bits."""

import hashlib
from typing import Any

import nncpp as nn


def snapshot(model: nn.Model) -> dict[str, Any]:
    """Parameters, state, moments, step and epoch counts, history: equal exactly if the models are."""
    bits: dict[str, Any] = {"history": repr(model.history.rows)}
    if model._built is not None:
        bits |= {f"parameters/{name}": values.tobytes() for name, values in model.parameters.items()}
        bits |= {f"state/{name}": values.tobytes() for name, values in model.state.items()}
    if model._trainer is not None:
        bits |= {f"moments/{name}": values.tobytes() for name, values in model._trainer.moments.items()}
        bits["t"], bits["epochs"] = model._trainer.t, model._epochs
    return bits


def digest(model: nn.Model) -> str:
    """A snapshot in one word, for comparison between processes."""
    return hashlib.sha256(repr(snapshot(model)).encode()).hexdigest()
