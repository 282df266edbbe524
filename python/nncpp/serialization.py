"""Model files: tensors in safetensors, everything else as JSON in its header. No code is stored, and none is run.

    tensors    parameters/dense/weight   state/standardize/mean   optimizer/m/dense/weight   telemetry/...  progress/...
               rows/last/embedding/weight, ...: what steps on rows have yet to make up for, in a checkpoint
    metadata   "nncpp": checksum of everything, a space, JSON of format, version, model, compilation, t, history, ...

The format is that of https://huggingface.co/docs/safetensors: other tools read the weights.
"""

import json
import os
import zlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from . import _rows_behind as rows_behind
from ._files import as_path, read_bytes, write_bytes_atomically
from .data import Array
from .errors import FileError, NncppError
from .telemetry import Telemetry

if TYPE_CHECKING:
    from .compilation import Compilation
    from .model import Model

FORMAT = 1  # of the files written here; read are all up to it


def save(model: "Model", path: str | os.PathLike[str], metadata: Mapping[str, Any] | None = None) -> None:
    """Write architecture, parameters, state, optimizer with its moments, and history to one file, whole or not at all.

    Parameters
    ----------
    model
        built model, compiled or not
    path
        file to write, by custom ``.safetensors``
    metadata
        what JSON can hold (column names, classes, ...); by default what the model was loaded with

    Raises
    ------
    NncppError
        if the model has no shape yet
    TypeError
        if JSON cannot hold `metadata`
    FileError
        if the file cannot be written
    """
    write_bytes_atomically(path, to_bytes(model, metadata))


def load(path: str | os.PathLike[str]) -> "Model":
    """Read a model that ``save`` wrote: it predicts the same bits, and trains on as if it had never been saved.

    Metrics that are functions are not in the file: call ``compile`` again to have them. Of a learning rate that is a
    function there is only the number that it gave last.

    Parameters
    ----------
    path
        file of ``save``

    Returns
    -------
    Model
        of the class that was saved, with `history` and ``metadata``

    Raises
    ------
    FileError
        if the file is missing, damaged, of another program, or of a newer nncpp

    Examples
    --------
    >>> import nncpp as nn
    >>> nn.load("missing.safetensors")
    Traceback (most recent call last):
    nncpp.errors.FileError: missing.safetensors: cannot read: missing.safetensors does not exist; check the name
    """
    path = as_path(path)
    return from_bytes(read_bytes(path), str(path))


def to_bytes(model: "Model", metadata: Mapping[str, Any] | None = None, *, is_copy: bool = False) -> bytes:
    """The content of the file that ``save`` writes: the same bytes each time; of a copy, without the compilation."""
    header = {**_header(model, is_copy), "metadata": dict(model.metadata if metadata is None else metadata)}
    return encode(header, tensors_of(model) | _rows_behind(model) | _telemetry_tensors(model))


def from_bytes(content: bytes, source: str = "bytes of a model", compilation: "Compilation | None" = None) -> "Model":
    """The model of which ``to_bytes`` gave the content; raises FileError, which names the source.

    A copy has the compilation of its model, with functions in it that no file keeps.
    """
    from ._configured import UnknownKindError
    from .compilation import Compilation
    from .model import Model

    header, tensors = decode(content, source, "model")
    try:
        model = Model.from_config(header["model"])
        if compilation is None and header["compilation"] is not None:
            compilation = Compilation.from_config(header["compilation"], model._network.output_names)
        if compilation is not None:
            model._set_compilation(compilation)
        model.metadata = dict(header["metadata"])
    except UnknownKindError as error:
        raise FileError(f"{source}: {error}; define or import a class of your own before nn.load") from error
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, MemoryError, NncppError) as error:
        raise FileError(f"{source}: damaged: its description of the model cannot be used ({error})") from error
    _require_fitting(model, source, header, tensors)
    _restore(model, header, tensors)
    return model


def write_checkpoint(
    model: "Model", path: str | os.PathLike[str], progress: Mapping[str, Any], arrays: Mapping[str, Array]
) -> None:
    """Write what ``save`` writes, and how far a training has come: JSON values and arrays."""
    header = {**_header(model), "metadata": dict(model.metadata), "progress": dict(progress)}
    kept = {f"progress/{name}": np.ascontiguousarray(array) for name, array in arrays.items()}
    tensors = tensors_of(model) | _rows_behind(model) | _telemetry_tensors(model) | kept
    write_bytes_atomically(path, encode(header, tensors))


class Checkpoint(NamedTuple):
    """What ``write_checkpoint`` was given, and the model as it was then."""

    progress: dict[str, Any]
    arrays: dict[str, Array]
    header: dict[str, Any]
    tensors: dict[str, Array]

    def restore(self, model: "Model") -> None:
        """Brings the model that the checkpoint was read for to it: parameters, state, moments, t and history."""
        _restore(model, self.header, self.tensors)


def read_checkpoint(model: "Model", path: str | os.PathLike[str]) -> Checkpoint:
    """A checkpoint that this model can be brought to; it is not changed yet.

    Raises
    ------
    FileError
        as ``load``, and if the file is of another architecture or compilation
    """
    path = as_path(path)
    header, tensors = decode(read_bytes(path), str(path), "model")
    if not isinstance(header.get("progress"), dict):
        raise FileError(f"{path}: a saved model, not a checkpoint; use nn.load, or give another checkpoint file")
    difference = _first_difference(_identity(header), _identity(_header(model)), "")
    if difference is not None:
        raise FileError(f"{path}: a checkpoint of another model: {difference}; use another checkpoint file")
    _require_fitting(model, str(path), header, tensors)
    arrays = {name: array.copy() for name, array in _under(tensors, "progress")}
    return Checkpoint(header["progress"], arrays, header, tensors)


def describe(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The JSON in a model file's header, without building the model."""
    path = as_path(path)
    return decode(read_bytes(path), str(path), "model")[0]


# --- what a model is made of ----------------------------------------------------------------------------------------


def _header(model: "Model", is_copy: bool = False) -> dict[str, Any]:
    compilation, trainer = None if is_copy else model._compilation, model._trainer
    return {
        **origin(),
        "model": model.config(),
        "compilation": None if compilation is None else compilation.config(),
        "t": 0 if trainer is None else trainer.t,
        "epochs": model._epochs,
        "history": model.history.rows,
        "telemetry": model.history.telemetry.layers,
    }


def _rows_behind(model: "Model") -> dict[str, Array]:
    """What exact steps on rows have yet to make up for; to settle it here would change the bits of what comes."""
    trainer = model._trainer
    return {} if trainer is None else {f"rows/{name}": values for name, values in rows_behind.arrays(trainer).items()}


def _telemetry_tensors(model: "Model") -> dict[str, Array]:
    """Its records; the names of the layers are in the header."""
    telemetry = model.history.telemetry
    if not telemetry.steps:
        return {}
    return {"telemetry/steps": np.array(telemetry.steps, np.int64), "telemetry/values": telemetry.records}


def _telemetry(header: Mapping[str, Any], tensors: Mapping[str, Array]) -> Telemetry:
    """That of a file. Raises an error of any kind if it cannot be used."""
    kept = dict(_under(tensors, "telemetry"))
    return Telemetry([str(name) for name in header["telemetry"]], **kept) if kept else Telemetry()


def tensors_of(model: "Model") -> dict[str, Array]:
    """Every array of the model by its name in the file: views, so they can be written to as well."""
    tensors = {f"parameters/{name}": values for name, values in model.parameters.items()}
    tensors |= {f"state/{name}": values for name, values in model.state.items()}
    moments = {} if model._trainer is None else model._trainer.moments
    for moment, flat in moments.items():
        tensors |= {f"optimizer/{moment}/{name}": m for name, m in model._network.gradients(flat).items()}
    return tensors


def _require_fitting(model: "Model", source: str, header: Mapping[str, Any], tensors: Mapping[str, Array]) -> None:
    """Look at everything in a file that ``_restore`` gives to a model. Raises FileError."""
    own = tensors_of(model)
    stored = {
        name: array for name, array in tensors.items() if not name.startswith(("progress/", "rows/", "telemetry/"))
    }
    for name in own.keys() ^ stored.keys():
        where = "is missing" if name in own else "belongs to no layer"
        raise FileError(f"{source}: damaged: the tensor {name} {where}")
    for name, values in own.items():
        found = stored[name]
        if (found.shape, found.dtype) != (values.shape, values.dtype):
            expected = f"{values.dtype} {values.shape}"
            raise FileError(f"{source}: damaged: expected {name} to be {expected}, got {found.dtype} {found.shape}")
    counts, rows = [header.get("t"), header.get("epochs")], header.get("history")
    if (
        not all(isinstance(count, int) and 0 <= count < 2**63 for count in counts)
        or not isinstance(rows, list)
        or not all(isinstance(row, dict) for row in rows)
    ):
        raise FileError(f"{source}: damaged: its step count, epoch count or history cannot be used")
    rows = dict(_under(tensors, "rows"))
    if rows and (model._trainer is None or not rows_behind.fits(model._trainer, rows, header["t"])):
        raise FileError(f"{source}: damaged: the steps that its rows have to make up for cannot be used")
    try:
        _telemetry(header, tensors)
    except (KeyError, TypeError, ValueError) as error:
        raise FileError(f"{source}: damaged: its telemetry cannot be used ({error})") from error


def _restore(model: "Model", header: Mapping[str, Any], tensors: Mapping[str, Array]) -> None:
    from .history import History

    for name, values in tensors_of(model).items():
        values[...] = tensors[name]
    if model._trainer is not None:
        model._trainer.t, model._epochs = header["t"], header["epochs"]
        rows_behind.restore(model._trainer, dict(_under(tensors, "rows")))
    model.history = History(header["history"], _telemetry(header, tensors))


def _under(tensors: Mapping[str, Array], folder: str) -> Iterator[tuple[str, Array]]:
    for name, array in tensors.items():
        if name.startswith(f"{folder}/"):
            yield name.removeprefix(f"{folder}/"), array


def _identity(header: Mapping[str, Any]) -> dict[str, Any]:
    """What a checkpoint and the model that goes on from it must have in common; callbacks may change the rate."""
    compilation = header.get("compilation")
    if isinstance(compilation, dict) and isinstance(compilation.get("optimizer"), dict):
        # files of before there were updates by row have none
        optimizer = {"update": "exact", **compilation["optimizer"], "learning_rate": None}
        compilation = {**compilation, "optimizer": optimizer}
    return {"model": header.get("model"), "compilation": compilation}


def _first_difference(theirs: Any, mine: Any, place: str) -> str | None:
    """Where two trees of JSON values differ first, in words."""
    if isinstance(theirs, dict) and isinstance(mine, dict):
        for key in dict.fromkeys([*theirs, *mine]):
            difference = _first_difference(theirs.get(key), mine.get(key), f"{place}.{key}".lstrip("."))
            if difference is not None:
                return difference
        return None
    if isinstance(theirs, list | tuple) and isinstance(mine, list | tuple):
        if len(theirs) != len(mine):
            return f"{place} has {len(theirs)} entries in the file and {len(mine)} here"
        pairs = enumerate(zip(theirs, mine, strict=True))
        return next((found for i, pair in pairs if (found := _first_difference(*pair, f"{place}[{i}]"))), None)
    return None if theirs == mine else f"{place} is {theirs!r} in the file and {mine!r} here"


# --- bytes ----------------------------------------------------------------------------------------------------------


def origin() -> dict[str, Any]:
    """What every header begins with."""
    import nncpp

    return {"format": FORMAT, "version": nncpp.__version__}


def encode(header: Mapping[str, Any], tensors: Mapping[str, Array]) -> bytes:
    """The bytes of a file; raises TypeError for what JSON cannot hold."""
    from safetensors.numpy import save as to_safetensors

    try:
        text = json.dumps(header)
    except (TypeError, ValueError) as error:
        raise TypeError(f"save: expected values that JSON can hold, in metadata too; {error}") from error
    # a single key: safetensors writes several in any order
    return to_safetensors(dict(tensors), {"nncpp": f"{_checksum(text, tensors)} {text}"})


def _checksum(text: str, tensors: Mapping[str, Array]) -> str:
    """CRC-32 of everything in a file but its layout, which safetensors checks."""
    checksum = zlib.crc32(text.encode())
    for name in sorted(tensors):
        checksum = zlib.crc32(np.ascontiguousarray(tensors[name]).reshape(-1).view(np.uint8).data, checksum)
    return f"{checksum:08x}"


def decode(content: bytes, source: str, kind: str) -> tuple[dict[str, Any], dict[str, Array]]:
    """Header and tensors of the bytes of ``encode``, which must be those of a "model" or of "preprocessing".

    Raises
    ------
    FileError
        if they are damaged, not of nncpp, of a newer one, or of the other kind
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load as from_safetensors

    try:
        tensors = from_safetensors(content)
    except (SafetensorError, KeyError, ValueError, OverflowError) as error:
        what = "empty" if not content else "damaged, cut short, or not a safetensors file"
        raise FileError(f"{source}: {what} ({error}); take another copy, or save the {kind} again") from error
    # eight bytes of length, then JSON: safetensors has checked it, but hands out tensors only
    length = int.from_bytes(content[:8], "little")
    metadata = json.loads(content[8 : 8 + length]).get("__metadata__", {})
    if "nncpp" not in metadata:
        raise FileError(f"{source}: a safetensors file, but not of nncpp, as those of model.save are")
    checksum, _, text = metadata["nncpp"].partition(" ")
    try:
        header = json.loads(text)
        number = int(header["format"])
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise FileError(f"{source}: damaged: its header cannot be read ({error})") from error
    if number > FORMAT:
        raise FileError(
            f"{source}: written by nncpp {header.get('version')} in file format {number}, this version reads up to "
            f"{FORMAT}; update with: pip install --upgrade nncpp"
        )
    if checksum != _checksum(text, tensors):
        raise FileError(f"{source}: damaged: its checksum is wrong; take another copy, or save the {kind} again")
    if kind not in header:
        other = "nn.preprocessing.load" if kind == "model" else "nn.load"
        raise FileError(f"{source}: a file of nncpp, but there is no {kind} in it; use {other}")
    return header, tensors
