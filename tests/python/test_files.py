"""Files are written whole or not at all, and nothing else is left behind."""

import errno
import os
import stat
from pathlib import Path
from typing import Any

import pytest

import nncpp as nn
from nncpp._files import as_path, read_bytes, require_writable, write_bytes_atomically


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_a_file_is_written_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    for content in (b"first", b"", b"x" * 10**6):
        assert write_bytes_atomically(str(path), content) == path
        assert read_bytes(path) == content
    assert names(tmp_path) == ["a.bin"]


@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()], ids=repr)
def test_a_failure_keeps_the_old_file_and_leaves_no_other(
    call: str, error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: Any) -> None:
        raise error

    path = tmp_path / "a.bin"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, call, fail)
    with pytest.raises(nn.FileError if isinstance(error, OSError) else KeyboardInterrupt) as raised:
        write_bytes_atomically(path, b"new")
    if isinstance(error, OSError):
        assert "a.bin: cannot write: No space left on device" in str(raised.value)
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["a.bin"]


def test_the_content_reaches_the_disk_before_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    for name in ("fsync", "replace"):
        right = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *a, name=name, right=right: (calls.append(name), right(*a))[1])
    write_bytes_atomically(tmp_path / "a.bin", b"new")
    assert calls == ["fsync", "replace", "fsync"], "the file, its name, the folder"


def test_a_link_keeps_pointing_and_a_file_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    target, link = tmp_path / "there" / "real", tmp_path / "link"
    target.write_bytes(b"old")
    target.chmod(0o604)
    link.symlink_to(target)
    write_bytes_atomically(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o604
    assert (names(tmp_path), names(target.parent)) == (["link", "there"], ["real"])


def test_a_name_of_the_greatest_length_is_written(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 255)
    write_bytes_atomically(path, b"new")
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize("write", [require_writable, lambda path: write_bytes_atomically(path, b"new")])
@pytest.mark.parametrize("name", ["", "no/a.bin", "a.bin/b.bin"], ids=["a folder", "in no folder", "in a file"])
def test_a_place_for_no_file_is_refused(write: Any, name: str, tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"old")
    with pytest.raises(nn.FileError, match=r"folder|cannot write"):
        write(tmp_path / name)
    assert names(tmp_path) == ["a.bin"]


def test_a_place_for_a_file_is_not_touched(tmp_path: Path) -> None:
    assert require_writable(tmp_path / "a.bin") == tmp_path / "a.bin"
    assert names(tmp_path) == []


@pytest.mark.parametrize(("name", "error"), [("", nn.FileError), ("a\0b", nn.FileError), (b"a", TypeError)], ids=repr)
def test_what_is_no_name_is_refused(name: Any, error: Any) -> None:
    with pytest.raises(error, match="path"):
        as_path(name)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(nn.FileError, match=r"a\.bin: cannot read: .* does not exist"):
        read_bytes(tmp_path / "a.bin")
