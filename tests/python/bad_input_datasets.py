"""Rows for the table of bad input: readers of images on the disk."""

from typing import Any

import nncpp as nn
from bad_input_table import Case, Data, File, case


def idx(*content: int, name: str = "a") -> Any:
    def call(s: Any) -> Any:
        (s.folder / name).write_bytes(bytes(content))
        return nn.datasets.read_idx(s.folder / name)

    return call


def cifar(content: bytes, **options: Any) -> Any:
    def call(s: Any) -> Any:
        (s.folder / "a.bin").write_bytes(content)
        return nn.datasets.read_cifar([s.folder / "a.bin"], **options)

    return call


def images(*files: str, content: bytes = b"", **options: Any) -> Any:
    def call(s: Any) -> Any:
        for file in files:
            (s.folder / file).parent.mkdir(exist_ok=True)
            (s.folder / file).write_bytes(content)
        return nn.datasets.read_images(s.folder, **options)

    return call


DATASETS: list[Case] = [
    case("IDX of no file", lambda s: nn.datasets.read_idx(s.folder / "no"), File, "no", "does not exist"),
    case("IDX of a folder", lambda s: nn.datasets.read_idx(s.folder), File, "cannot read", "directory"),
    case("IDX of a number", lambda s: nn.datasets.read_idx(3), TypeError, "path", "int"),
    case("IDX of nothing", idx(), File, "a: ", "IDX", "empty"),
    case("IDX of two bytes", idx(0, 0), File, "IDX", "[0, 0]"),
    case("IDX of a picture", idx(*b"\x89PNG\r\n"), File, "IDX", "[137, 80, 78, 71]"),
    case("IDX of an unknown type", idx(0, 0, 10, 1, 0, 0, 0, 1, 7), File, "8, 9, 11, 12, 13, 14", "[0, 0, 10, 1]"),
    case("IDX of 65 axes", idx(0, 0, 8, 65, *(65 * [0, 0, 0, 1]), 7), File, "64 axes", "65"),
    case("IDX of half a shape", idx(0, 0, 8, 2, 0, 0, 0, 1), File, "2 axes", "4 bytes", "cut off"),
    case("IDX without elements", idx(0, 0, 8, 2, 0, 0, 0, 0, 255, 255, 255, 255), File, "elements", "(0, 4294967295)"),
    case("IDX cut off", idx(0, 0, 12, 1, 0, 0, 0, 2, 1, 2, 3), File, "8 bytes", "(2,) of int32", "only 3"),
    case("IDX too long", idx(0, 0, 8, 1, 0, 0, 0, 2, 1, 2, 3), File, "2 bytes", "more"),
    case("IDX of huge axes", idx(0, 0, 14, 4, *(16 * [255])), File, "bytes", "only 0"),
    case("IDX of a broken gzip", idx(31, 139, 8, 0, name="a.gz"), File, "a.gz", "gzip", "cut off or damaged"),
    case("MNIST of no folder", lambda s: nn.datasets.mnist(s.folder / "no"), File, "no", "expected a folder", "none"),
    case("MNIST of a file", lambda s: nn.datasets.mnist(s.file(b"")), File, "expected a folder", "something else"),
    case("MNIST of an empty folder", lambda s: nn.datasets.mnist(s.folder), File, "train-images-idx3-ubyte",
         "train-images.idx3-ubyte.gz", "none"),
    case("MNIST of None", lambda s: nn.datasets.mnist(None), TypeError, "folder", "NoneType"),
    case("CIFAR of no file", lambda s: nn.datasets.read_cifar(s.folder / "no"), File, "no", "does not exist"),
    case("CIFAR of no files", lambda s: nn.datasets.read_cifar([]), Data, "paths", "at least one"),
    case("CIFAR of a number", lambda s: nn.datasets.read_cifar(3), TypeError, "paths", "3"),
    case("CIFAR of numbers", lambda s: nn.datasets.read_cifar([3]), TypeError, "paths", "int"),
    case("CIFAR of nothing", cifar(b""), File, "a.bin", "3073 bytes", "got 0"),
    case("CIFAR cut off", cifar(bytes(3000)), File, "a.bin", "3073 bytes", "got 3,000"),
    case("CIFAR of a wrong label", cifar(bytes([10]) + bytes(3072)), File, "0 ... 9", "10", "record 0"),
    case("CIFAR of rough labels", cifar(bytes(3074), labels="rough"), Data, "labels", "coarse, fine", "rough"),
    case("CIFAR of label 1", cifar(bytes(3074), labels=1), TypeError, "labels", "1"),
    case("CIFAR-10 of an empty folder", lambda s: nn.datasets.cifar10(s.folder), File, "data_batch_1.bin"),
    case("CIFAR-100 of an empty folder", lambda s: nn.datasets.cifar100(s.folder), File, "train.bin"),
    case("CIFAR-100 of no labels", lambda s: nn.datasets.cifar100(s.folder, None), TypeError, "labels", "None"),
    case("images of no folder", lambda s: nn.datasets.read_images(s.folder / "no"), File, "no", "expected a folder"),
    case("images of no class", images(), File, "subfolder", "each class", "none"),
    case("images of an empty class", images("a/.hidden"), File, "'a'", "none"),
    case("an image of text", images("a/notes.txt", content=b"cats"), File, "notes.txt", "PNG", "something else"),
    case("an image of nothing", images("a/a.png"), File, "a.png", "PNG"),
    case("an image cut off", images("a/a.ppm", content=b"P6 4 4 255 abc"), File, "a.ppm", "cut off"),
    case("images of size 0", images("a/a.png", size=0), Data, "size", ">= 1", "0"),
    case("images of half a pixel", images("a/a.png", size=(1.5, 2)), TypeError, "size", "1.5"),
    case("images of three sides", images("a/a.png", size=(1, 2, 3)), TypeError, "size", "(height, width)"),
    case("images larger than any", images("a/a.png", size=2**16), Data, "size", "<= 65535"),
    case("images of no mode", images("a/a.png", mode="HSV"), Data, "mode", "L, RGB, RGBA", "HSV"),
    case("images of mode 3", images("a/a.png", mode=3), TypeError, "mode", "3"),
]  # fmt: skip
