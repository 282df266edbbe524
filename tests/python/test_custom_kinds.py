"""The names under which files know custom classes: nobody takes over another's, and what is unfinished has none."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nncpp as nn
from custom_parts import Scripted


def test_a_kind_is_never_taken_over_by_another_class() -> None:
    with pytest.raises(nn.DataError, match=r"the kind 'Dense' is that of nncpp.layers.dense.Dense already"):

        class Dense(nn.CustomActivation):
            pass_on = True

            def value(self, u: Any) -> Any:
                return u

            def slope(self, u: Any, v: Any) -> Any:
                return u

    with pytest.raises(nn.DataError, match=r"custom_parts.TwinSwish already"):

        class TwinSwish(Scripted):
            pass

    assert nn.Layer.from_config({"kind": "Dense", "units": 2}).kind == "Dense"


def test_a_class_may_be_defined_again_as_notebooks_do() -> None:
    def define(factor: float) -> type[nn.Layer]:
        class Again(nn.CustomActivation):
            def value(self, u: Any) -> Any:
                return factor * u

            def slope(self, u: Any, v: Any) -> Any:
                return np.full_like(u, factor)

        return Again

    first, second = define(1.0), define(2.0)
    made = nn.Layer.from_config({"kind": "Again"})
    assert isinstance(made, second)
    assert not isinstance(made, first)


def test_a_class_that_lacks_a_method_is_no_layer() -> None:
    class Unfinished(nn.CustomLayer):
        def output_shape(self, input_shape: Any) -> Any:
            return input_shape

    with pytest.raises(TypeError, match="backward"):
        Unfinished()  # type: ignore[abstract]
    assert "Unfinished" not in nn.Layer._members
    assert not {"CustomLayer", "CustomActivation"} & set(nn.Layer._members)


def test_a_layer_without_a_name_is_refused_where_it_is_written() -> None:
    with pytest.raises(TypeError, match="Nameless: expected __init__ to take name=None"):

        class Nameless(nn.CustomActivation):
            def __init__(self, factor: float) -> None:
                self.factor = factor


def test_an_argument_that_is_not_kept_is_named() -> None:
    class Forgetful(Scripted):
        def __init__(self, factor: float, name: str | None = None) -> None:
            super().__init__(name)

        config = nn.CustomLayer.config

    with pytest.raises(nn.NncppError, match=r"Forgetful: expected __init__ to keep its argument: self.factor = factor"):
        Forgetful(2.0).config()


def test_arguments_may_be_numbers_and_arrays_of_numpy(tmp_path: Path) -> None:
    class Offset(nn.CustomActivation, kind="offset_by_numpy"):
        def __init__(self, by: Any, name: str | None = None) -> None:
            super().__init__(name)
            self.by = by

        def value(self, u: Any) -> Any:
            return u + self.by

        def slope(self, u: Any, v: Any) -> Any:
            return np.ones_like(u)

    assert repr(Offset(np.array([1.0, 2.0]))) == "Offset(by=array([1., 2.]))"
    model = nn.Sequential([nn.Input(2), Offset(np.float32(0.5))])
    model.save(tmp_path / "offset.safetensors")
    loaded = nn.load(tmp_path / "offset.safetensors")
    assert loaded.predict([[1.0, 2.0]]).tolist() == [[1.5, 2.5]]
