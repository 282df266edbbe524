"""Readers of images on the disk, against files written byte by byte."""

import gzip
import struct
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import nncpp as nn

TYPES = {8: "u1", 9: "i1", 11: "i2", 12: "i4", 13: "f4", 14: "f8"}
quick = settings(deadline=None, max_examples=60, derandomize=True)


def idx(values: Any) -> bytes:
    """The file of an array, as the format's description says."""
    code = next(code for code, name in TYPES.items() if np.dtype(name) == values.dtype)
    lengths = struct.pack(f">{values.ndim}I", *values.shape)
    elements = struct.pack(f">{values.size}{values.dtype.char}", *values.ravel().tolist())
    return bytes([0, 0, code, values.ndim]) + lengths + elements


def write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("files")


# IDX


@quick
@given(
    st.sampled_from(sorted(TYPES.values())).flatmap(
        lambda name: arrays.arrays(name, arrays.array_shapes(min_dims=0, max_dims=5, max_side=4))
    ),
    st.booleans(),
)
def test_an_array_comes_back_as_it_was_written(scratch: Path, values: Any, is_packed: bool) -> None:
    data = idx(values)
    read = nn.datasets.read_idx(write(scratch / "array", gzip.compress(data) if is_packed else data))
    assert (read.dtype, read.shape) == (values.dtype, values.shape)
    assert read.dtype.isnative
    np.testing.assert_array_equal(read, values)
    assert read.flags.c_contiguous
    assert read.flags.writeable


def test_numbers_have_their_largest_byte_first(tmp_path: Path) -> None:
    path = write(tmp_path / "a", bytes([0, 0, 11, 2, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2, 255, 254]))
    assert nn.datasets.read_idx(path).tolist() == [[258, -2]]
    one = write(tmp_path / "b", bytes([0, 0, 14, 0]) + bytes.fromhex("3ff8000000000000"))
    assert nn.datasets.read_idx(one) == 1.5


def test_members_of_gzip_one_after_the_other_are_one_file(tmp_path: Path) -> None:
    data = idx(np.arange(7, dtype=np.int32))
    path = write(tmp_path / "a.gz", gzip.compress(data[:9]) + gzip.compress(data[9:]))
    assert nn.datasets.read_idx(str(path)).tolist() == list(range(7))


@quick
@given(st.data())
def test_no_file_that_is_cut_off_or_too_long_is_read(scratch: Path, data: st.DataObject) -> None:
    whole = idx(np.arange(6, dtype=np.int16).reshape(2, 3))
    if data.draw(st.booleans()):
        whole = gzip.compress(whole, mtime=0)
    length = data.draw(st.integers(0, len(whole) - 1))
    extra = data.draw(st.binary(min_size=1, max_size=4).filter(lambda rest: rest.strip(b"\0")))
    for damaged in (whole[:length], whole + extra):
        path = write(scratch / "damaged", damaged)
        with pytest.raises(nn.FileError, match="damaged: "):
            nn.datasets.read_idx(path)


@quick
@given(st.sampled_from([7, 10, 15, *TYPES]), st.lists(st.integers(0, 3), max_size=3), st.sampled_from([-1, 0, 0, 1]))
def test_a_header_with_the_elements_that_it_says_is_read_and_no_other(
    scratch: Path, code: int, shape: list[int], extra: int
) -> None:
    size = int(np.prod(shape)) * np.dtype(TYPES.get(code, "u1")).itemsize
    elements = bytes(range(size + extra)) if size + extra > 0 else b""
    data = bytes([0, 0, code, len(shape)]) + struct.pack(f">{len(shape)}I", *shape) + elements
    path = write(scratch / "bytes", data)
    if code in TYPES and size == len(elements) > 0:
        read = nn.datasets.read_idx(path)
        assert read.astype(read.dtype.newbyteorder(">")).tobytes() == elements
    else:
        with pytest.raises(nn.FileError, match="bytes: expected"):
            nn.datasets.read_idx(path)


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_a_header_alone_takes_no_memory(tmp_path: Path, pack: Any) -> None:
    path = write(tmp_path / "a", pack(bytes([0, 0, 14, 3]) + 12 * b"\xff" + b"12345678"))
    tracemalloc.start()
    try:
        with pytest.raises(nn.FileError, match="got only 8"):
            nn.datasets.read_idx(path)
        assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
    finally:
        tracemalloc.stop()


def test_a_checksum_of_gzip_that_is_wrong_is_seen(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(idx(np.arange(6, dtype=np.int16))))
    packed[-8] ^= 1
    with pytest.raises(nn.FileError, match=r"gzip.* damaged: CRC"):
        nn.datasets.read_idx(write(tmp_path / "a", bytes(packed)))


# MNIST


def mnist_folder(folder: Path, name: str, seed: int = 0) -> dict[str, tuple[Any, Any]]:
    """Four files; `name` is formatted with the part, what it holds and the rank."""
    rng, made = np.random.default_rng(seed), {}
    for part, rows in (("train", 5), ("t10k", 3)):
        x, y = rng.integers(0, 256, (rows, 28, 28), np.uint8), rng.integers(0, 10, rows, np.uint8)
        for what, values in (("images", x), ("labels", y)):
            file = name.format(part=part, what=what, rank=values.ndim)
            write(folder / file, gzip.compress(idx(values)) if file.endswith(".gz") else idx(values))
        made[part] = x, y
    return made


@pytest.mark.parametrize("end", ["", ".gz"])
@pytest.mark.parametrize("mark", "-.")
def test_mnist_is_read_under_all_its_names(tmp_path: Path, mark: str, end: str) -> None:
    made = mnist_folder(tmp_path, f"{{part}}-{{what}}{mark}idx{{rank}}-ubyte{end}")
    for (x, y), (x_made, y_made) in zip(nn.datasets.mnist(tmp_path), made.values(), strict=True):
        assert (x.shape, x.dtype, y.dtype) == ((len(y), 28, 28, 1), np.uint8, np.int64)
        np.testing.assert_array_equal(x[..., 0], x_made)
        np.testing.assert_array_equal(y, y_made)


@pytest.mark.parametrize(
    ("file", "values", "words"),
    [
        ("train-images-idx3-ubyte", np.zeros((5, 28, 27), np.uint8), r"\(N, 28, 28\).*\(5, 28, 27\) of uint8"),
        ("train-images-idx3-ubyte", np.zeros((5, 28, 28), np.int8), "of int8"),
        ("train-labels-idx1-ubyte", np.zeros(4, np.uint8), r"\(5,\) of uint8, got \(4,\)"),
        ("t10k-labels-idx1-ubyte", np.zeros((3, 1), np.uint8), r"got \(3, 1\)"),
        ("t10k-labels-idx1-ubyte", np.array([1, 10, 2], np.uint8), "labels 0 ... 9, got 10 in row 1"),
    ],
)
def test_files_of_another_content_are_no_mnist(tmp_path: Path, file: str, values: Any, words: str) -> None:
    mnist_folder(tmp_path, "{part}-{what}-idx{rank}-ubyte")
    write(tmp_path / file, idx(values))
    with pytest.raises(nn.FileError, match=f"{file}: .*{words}"):
        nn.datasets.mnist(tmp_path)


# CIFAR


def cifar(rng: np.random.Generator, *counts: int, records: int = 4) -> tuple[bytes, Any, Any]:
    """A file, its pixels (N, 32, 32, 3), and a column for each kind of label."""
    x = rng.integers(0, 256, (records, 32, 32, 3), np.uint8)
    y = np.stack([rng.integers(0, count, records) for count in counts], axis=1)
    data = b""
    for image, labels in zip(x, y, strict=True):
        data += bytes(labels.tolist())
        for channel in range(3):
            data += bytes(image[row, column, channel] for row in range(32) for column in range(32))
    return data, x, y


def test_cifar10_is_five_batches_and_a_test_batch(tmp_path: Path, rng: np.random.Generator) -> None:
    made = [cifar(rng, 10, records=i) for i in range(1, 7)]
    for i, (data, _, _) in enumerate(made):
        write(tmp_path / ("test_batch.bin" if i == 5 else f"data_batch_{i + 1}.bin"), data)
    (x, y), (x_test, y_test) = nn.datasets.cifar10(tmp_path)
    assert (x.dtype, y.dtype, x.flags.c_contiguous) == (np.uint8, np.int64, True)
    np.testing.assert_array_equal(x, np.concatenate([images for _, images, _ in made[:5]]))
    np.testing.assert_array_equal(y, np.concatenate([labels[:, 0] for _, _, labels in made[:5]]))
    np.testing.assert_array_equal(x_test, made[5][1])
    np.testing.assert_array_equal(y_test, made[5][2][:, 0])


def test_cifar100_has_a_coarse_and_a_fine_label(tmp_path: Path, rng: np.random.Generator) -> None:
    (train, x_made, y_made), (test, x_other, y_other) = cifar(rng, 20, 100), cifar(rng, 20, 100, records=3)
    write(tmp_path / "train.bin", train)
    write(tmp_path / "test.bin", test)
    for column, labels in enumerate(("coarse", "fine")):
        (x, y), (x_test, y_test) = nn.datasets.cifar100(tmp_path, labels)
        np.testing.assert_array_equal(x, x_made)
        np.testing.assert_array_equal(y, y_made[:, column])
        np.testing.assert_array_equal(x_test, x_other)
        np.testing.assert_array_equal(y_test, y_other[:, column])
    np.testing.assert_array_equal(nn.datasets.cifar100(tmp_path)[0][1], y_made[:, 1])


def test_a_file_of_the_other_cifar_is_refused_in_words(tmp_path: Path, rng: np.random.Generator) -> None:
    ten, hundred = (write(tmp_path / str(len(counts)), cifar(rng, *counts)[0]) for counts in ((10,), (20, 100)))
    with pytest.raises(nn.FileError, match=r"multiple of 3073 bytes, got 12,296; .*'fine' or 'coarse'"):
        nn.datasets.read_cifar(hundred)
    with pytest.raises(nn.FileError, match=r"multiple of 3074 bytes, got 12,292; .*labels=None"):
        nn.datasets.read_cifar([ten], labels="fine")


@pytest.mark.parametrize(
    ("labels", "record", "words"),
    [
        (None, [10], "class labels 0 ... 9, got 10 in record 2"),
        ("fine", [3, 100], "fine labels 0 ... 99, got 100"),
        ("fine", [20, 3], "coarse labels 0 ... 19, got 20"),
    ],
)
def test_a_label_that_there_is_not_is_refused(
    tmp_path: Path, rng: np.random.Generator, labels: Any, record: list[int], words: str
) -> None:
    data = bytearray(cifar(rng, *([10] if labels is None else [20, 100]))[0])
    start = 2 * (len(data) // 4)
    data[start : start + len(record)] = record
    with pytest.raises(nn.FileError, match=words):
        nn.datasets.read_cifar(write(tmp_path / "a.bin", bytes(data)), labels)


# folders


def ppm(image: Any) -> bytes:
    """A picture in a format simple enough to write by hand."""
    height, width, channels = image.shape
    return f"P{5 if channels == 1 else 6} {width} {height} 255 ".encode() + image.tobytes()


def picture_folder(folder: Path, rng: np.random.Generator, channels: int = 3) -> Any:
    """Three classes of 1, 2 and 3 images of 4 x 6 pixels, written in another order than that of their names."""
    x = rng.integers(0, 256, (6, 4, 6, channels), np.uint8)
    places = ["ant/a.ppm", "bee/a.ppm", "bee/b.ppm", "cat/10.ppm", "cat/2.ppm", "cat/B.PPM"]
    for place, image in reversed(list(zip(places, x, strict=True))):
        write(folder / place, ppm(image))
    return x


def test_subfolders_are_classes_in_the_order_of_their_names(tmp_path: Path, rng: np.random.Generator) -> None:
    pytest.importorskip("PIL")
    made = picture_folder(tmp_path, rng)
    write(tmp_path / ".cache" / "a", b"passed over")
    write(tmp_path / "cat" / ".hidden", b"passed over")
    write(tmp_path / "labels.csv", b"passed over")
    x, y, names = nn.datasets.read_images(tmp_path)
    assert (x.dtype, y.dtype, names) == (np.uint8, np.int64, ["ant", "bee", "cat"])
    np.testing.assert_array_equal(x, made)
    assert y.tolist() == [0, 1, 1, 2, 2, 2]


def test_grey_weighs_the_colours_and_colour_repeats_the_grey(tmp_path: Path, rng: np.random.Generator) -> None:
    pytest.importorskip("PIL")
    made = picture_folder(tmp_path / "colour", rng)
    x, *_ = nn.datasets.read_images(tmp_path / "colour", mode="L")
    assert x.shape == (6, 4, 6, 1)
    np.testing.assert_allclose(x[..., 0], made @ [0.299, 0.587, 0.114], atol=0.51)
    grey = picture_folder(tmp_path / "grey", rng, channels=1)
    np.testing.assert_array_equal(nn.datasets.read_images(tmp_path / "grey")[0], np.repeat(grey, 3, axis=3))
    with_alpha = nn.datasets.read_images(tmp_path / "grey", mode="RGBA")[0]
    np.testing.assert_array_equal(with_alpha[..., 3], 255)


def test_images_are_resized_by_means(tmp_path: Path, rng: np.random.Generator) -> None:
    pytest.importorskip("PIL")
    made = picture_folder(tmp_path, rng)
    write(tmp_path / "dog" / "large.ppm", ppm(np.full((40, 30, 3), 77, np.uint8)))
    x, y, _ = nn.datasets.read_images(tmp_path, size=(2, 3))
    assert (x.shape, y[-1]) == ((7, 2, 3, 3), 3)
    assert (x[-1] == 77).all()
    # half as large: triangles of 4 pixels with weights 1, 3, 3, 1, less at the edges
    rows = np.array([[3, 3, 1, 0], [0, 1, 3, 3]]) / 7
    columns = np.array([[3, 3, 1, 0, 0, 0], [0, 1, 3, 3, 1, 0], [0, 0, 0, 1, 3, 3]]) / np.array([[7], [8], [7]])
    expected = np.einsum("ir,jc,nrck->nijk", rows, columns, made)
    np.testing.assert_allclose(x[:6], expected, atol=1.01)  # it rounds after rows and after columns
    assert nn.datasets.read_images(tmp_path, size=5)[0].shape == (7, 5, 5, 3)


def test_images_of_two_sizes_need_a_size(tmp_path: Path, rng: np.random.Generator) -> None:
    pytest.importorskip("PIL")
    picture_folder(tmp_path, rng)
    odd = write(tmp_path / "bee" / "c.ppm", ppm(np.zeros((6, 4, 3), np.uint8)))
    with pytest.raises(nn.ShapeError, match=f"{odd}: expected 4 x 6 pixels as in a.ppm, got 6 x 4; give size="):
        nn.datasets.read_images(tmp_path)


def test_photographs_are_turned_as_they_say(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    (tmp_path / "a").mkdir()
    exif = image.Exif()
    exif[0x0112] = 6  # orientation: to be turned clockwise by 90 degrees
    image.fromarray(np.array([[10, 20, 30]], np.uint8)).save(tmp_path / "a" / "a.png", exif=exif)
    assert nn.datasets.read_images(tmp_path, mode="L")[0][0, ..., 0].tolist() == [[10], [20], [30]]


@pytest.mark.parametrize("kind", ["png", "jpeg", "gif", "bmp", "tiff", "webp"])
def test_damaged_images_are_refused_by_name(tmp_path: Path, kind: str) -> None:
    image = pytest.importorskip("PIL.Image")
    (tmp_path / "a").mkdir()
    path = tmp_path / "a" / f"a.{kind}"
    pixels = np.random.default_rng(0).integers(0, 256, (20, 20, 3), np.uint8)
    image.fromarray(pixels).save(path)
    whole = path.read_bytes()
    assert nn.datasets.read_images(tmp_path)[0].shape == (1, 20, 20, 3)
    for length in (0, 1, 20, len(whole) // 2):
        path.write_bytes(whole[:length])
        with pytest.raises(nn.FileError, match=f"{path}: "):
            nn.datasets.read_images(tmp_path)


def test_sixteen_bits_are_not_cut_off(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    (tmp_path / "a").mkdir()
    image.fromarray(np.array([[1000, 2000]], np.uint16)).save(tmp_path / "a" / "a.png")
    with pytest.raises(nn.FileError, match=r"a.png: expected 8 bits a channel, got .*I;16"):
        nn.datasets.read_images(tmp_path, mode="L")


def test_a_header_of_a_huge_image_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("PIL")
    path = write(tmp_path / "a" / "a.ppm", b"P6 100000 1000 255 ")
    with pytest.raises(nn.FileError, match=f"{path}: the image is too large.*pixels"):
        nn.datasets.read_images(tmp_path)


def test_without_pillow_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "a" / "a.ppm", ppm(np.zeros((1, 1, 3), np.uint8)))
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(nn.NncppError, match=r'pip install "nncpp\[images\]"'):
        nn.datasets.read_images(tmp_path)
