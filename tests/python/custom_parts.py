"""Layers, activations and losses written in Python, most of them twins of built-in ones."""

from typing import Any

import numpy as np

import nncpp as nn


class TwinDense(nn.CustomLayer):
    """v = u W + b, with a penalty on W where one is given."""

    def __init__(self, units: int, l2: float = 0.0, name: str | None = None) -> None:
        super().__init__(name)
        self.units, self.l2 = units, l2

    @property
    def regularizers(self) -> Any:
        return {"weight": nn.L2(self.l2)} if self.l2 else {}

    def output_shape(self, input_shape: Any) -> Any:
        return (*input_shape[:-1], self.units)

    def parameters(self, input_shape: Any) -> Any:
        return {"weight": (input_shape[-1], self.units), "bias": self.units}

    def forward(self, u: Any, parameters: Any, training: bool) -> Any:
        return u @ parameters["weight"] + parameters["bias"]

    def backward(self, u: Any, v: Any, dv: Any, parameters: Any, training: bool) -> Any:
        rows, drows = u.reshape(-1, u.shape[-1]), dv.reshape(-1, self.units)
        return dv @ parameters["weight"].T, {"bias": drows.sum(axis=0), "weight": rows.T @ drows}


class TwinSwish(nn.CustomActivation):
    """v = u / (1 + exp(-u))."""

    def value(self, u: Any) -> Any:
        return u / (1 + np.exp(-u))

    def slope(self, u: Any, v: Any) -> Any:
        s = 1 / (1 + np.exp(-u))
        return s + v * (1 - s)


class Blend(nn.CustomLayer):
    """v = a * b of two inputs, times a trained scale."""

    def output_shape(self, input_shape: Any) -> Any:
        if input_shape[0] != input_shape[1]:
            raise nn.ShapeError(f"expected two inputs of one shape, got {input_shape}")
        return input_shape[0]

    def parameters(self, input_shape: Any) -> Any:
        return {"scale": nn.Parameter(input_shape[0], initializer="ones", kind="weight")}

    def forward(self, u: Any, parameters: Any, training: bool) -> Any:
        return u[0] * u[1] * parameters["scale"]

    def backward(self, u: Any, v: Any, dv: Any, parameters: Any, training: bool) -> Any:
        a, b = u
        dz = dv * parameters["scale"]
        return [dz * b, dz * a], {"scale": (dv * a * b).sum(axis=0)}


class Scripted(nn.CustomLayer):
    """v = u, except that a test says what its methods do instead."""

    script: dict[str, Any]

    def __init__(self, name: str | None = None, **script: Any) -> None:
        super().__init__(name)
        self.script = script

    def config(self) -> Any:
        return {"kind": self.kind, "name": self.name, **self.script}

    def _do(self, method: str, otherwise: Any, *arguments: Any) -> Any:
        action = self.script.get(method, otherwise)
        return action(*arguments) if callable(action) else action

    def output_shape(self, input_shape: Any) -> Any:
        return self._do("shape", input_shape, input_shape)

    def parameters(self, input_shape: Any) -> Any:
        return self._do("segments", {}, input_shape)

    def forward(self, u: Any, parameters: Any, training: bool) -> Any:
        return self._do("value", lambda u: u, u)

    def backward(self, u: Any, v: Any, dv: Any, parameters: Any, training: bool) -> Any:
        return self._do("gradient", lambda dv: dv, dv)


class TwinSquared(nn.CustomLoss, kind="twin_squared"):
    """L = sum (p - y)^2."""

    def losses(self, p: Any, y: Any) -> Any:
        return np.square(p - y).sum(axis=-1)

    def gradient(self, p: Any, y: Any) -> Any:
        return 2 * (p - y)


class TwinNLLM(nn.CustomLoss, kind="twin_nllm"):
    """L = -log p_y, of labels or distributions."""

    task = "classes"

    def _targets(self, p: Any, y: Any) -> Any:
        return y if y.shape == p.shape else np.eye(p.shape[-1])[y]

    def losses(self, p: Any, y: Any) -> Any:
        return -(self._targets(p, y) * np.log(p)).sum(axis=-1)

    def gradient(self, p: Any, y: Any) -> Any:
        return -self._targets(p, y) / p


class TwinNLL(nn.CustomLoss, kind="twin_nll"):
    """L = -sum y log p + (1 - y) log(1 - p)."""

    task = "binary"
    threshold = 0.5

    def losses(self, p: Any, y: Any) -> Any:
        return -(y * np.log(p) + (1 - y) * np.log(1 - p)).sum(axis=-1)

    def gradient(self, p: Any, y: Any) -> Any:
        return (p - y) / (p * (1 - p))


class GraphSquared(nn.GraphLoss, kind="graph_squared"):
    """L = factor sum (p - y)^2."""

    def __init__(self, factor: float = 1.0) -> None:
        self.factor = factor

    def expression(self, p: Any, y: Any) -> Any:
        return nn.ops.sum(self.factor * nn.ops.square(p - y), axis=-1)


class GraphNLL(nn.GraphLoss, kind="graph_nll"):
    """L = -sum y log p + (1 - y) log(1 - p)."""

    task = "binary"
    threshold = 0.5

    def expression(self, p: Any, y: Any) -> Any:
        return -nn.ops.sum(y * nn.ops.log(p) + (1 - y) * nn.ops.log(1 - p), axis=-1)


class GraphNLLM(nn.GraphLoss, kind="graph_nllm"):
    """L = -sum y log p."""

    task = "classes"

    def expression(self, p: Any, y: Any) -> Any:
        return -nn.ops.sum(y * nn.ops.log(p), axis=-1)
