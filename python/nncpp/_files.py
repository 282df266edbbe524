"""Files: the only place that writes them, whole or not at all."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from .errors import FileError


def write_bytes_atomically(path: str | os.PathLike[str], data: bytes) -> Path:
    """Write a file that holds either its old or its new content at any moment, also through a crash.

    A temporary file in the same folder is written, forced to the disk and renamed over `path`; then the folder is
    forced to the disk, because the rename lives there. A symbolic link keeps pointing where it did.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    FileError
        The folder is missing, not writable or full, or `path` is not a file.
    """
    path = as_path(path)
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        raise FileError(f"{path}: expected a file name, this is a folder or a device; give another name")
    temporary = target.with_name(f".{target.name[:100]}.{os.urandom(6).hex()}.tmp")
    with explained(path, "write"):
        try:
            with open(temporary, "xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            if target.exists():
                temporary.chmod(target.stat().st_mode)
            os.replace(temporary, target)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise
        _sync_folder(target.parent)
    return path


def require_writable(path: str | os.PathLike[str]) -> Path:
    """Look whether a file could be written there, before hours of work go into it. Raises FileError."""
    path = as_path(path)
    folder = Path(os.path.realpath(path)).parent
    if not folder.is_dir():
        raise FileError(f"{path}: cannot write: {folder} is not a folder; create it first")
    if path.is_dir() or not os.access(folder, os.W_OK):
        raise FileError(f"{path}: cannot write: it is a folder, or {folder} is read-only; give another name")
    return path


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """The content of a file. Raises FileError where it cannot be read."""
    path = as_path(path)
    with explained(path, "read"):
        return path.read_bytes()


def as_path(path: object, argument: str = "path") -> Path:
    """Raises TypeError for anything but a str or a path, FileError for an empty name."""
    name = os.fspath(path) if isinstance(path, str | os.PathLike) else None
    if not isinstance(name, str):
        raise TypeError(f"{argument}: expected str or os.PathLike, got {type(path).__name__}")
    if not name or "\0" in name:
        raise FileError(f"{argument}: expected a file name, got {name!r}")
    return Path(name)


def as_folder(folder: object) -> Path:
    """As ``as_path``; FileError also where there is no such folder."""
    path = as_path(folder, "folder")
    if not path.is_dir():
        found = "something else" if path.exists() else "none"
        raise FileError(f"{path}: expected a folder, there is {found} of this name")
    return path


@contextlib.contextmanager
def explained(path: Path, verb: str) -> Iterator[None]:
    """Turn the system's errors on `path` into FileError that says what to do."""
    try:
        yield
    except FileError:
        raise
    except FileNotFoundError as error:
        missing = path if verb == "read" else path.parent
        advice = "check the name" if verb == "read" else "create the folder first"
        raise FileError(f"{path}: cannot {verb}: {missing} does not exist; {advice}") from error
    except OSError as error:
        advice = "check the name, the permissions and the free space"
        raise FileError(f"{path}: cannot {verb}: {error.strerror or error}; {advice}") from error


def _sync_folder(folder: Path) -> None:
    # The file is complete by now. Windows cannot open folders and some network file systems refuse to sync them.
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
