"""nn.HierarchicalSoftmax against products along its paths in NumPy, a full softmax, and logistic regression."""

import copy
import heapq
import itertools
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nncpp as nn
from snapshots import snapshot
from tolerances import GRADIENT, ROUNDING, TRAINING

TREE = ((3, 0), (1, (4, 2)))
PATHS = {3: "00", 0: "01", 1: "10", 4: "110", 2: "111"}  # 0 is left
NODES = ["", "0", "1", "11"]  # by row of the weight: the way to it from the root
EXACT = ROUNDING["float64"]


def parameters(nodes: int, dimensions: int, seed: int = 0) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return {"weight": rng.normal(size=(nodes, dimensions)), "bias": rng.normal(size=nodes)}


def product(path: str, p: Any, h: Any) -> Any:
    """P(c | h) of the class at the end of a path of TREE, for rows h."""
    result = np.ones(len(h))
    for i, turn in enumerate(path):
        node = NODES.index(path[:i])
        right = 1 / (1 + np.exp(h @ p["weight"][node] + p["bias"][node]))
        result *= right if turn == "1" else 1 - right
    return result


def model_of(layer: Any, dimensions: int, dtype: str = "float64", **options: Any) -> Any:
    h, c = nn.Input(dimensions, name="h"), nn.Input(1, name="c", dtype="int64")
    model = nn.Model([h, c], layer([h, c]), dtype=dtype, **options)
    model.compile(nn.SGD(0.1), loss="expression")
    return model


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_loss_is_minus_the_log_of_the_product_along_the_path(dtype: str, rng: np.random.Generator) -> None:
    layer = nn.HierarchicalSoftmax(tree=TREE, name="tree")
    model, p = model_of(layer, 3, dtype), parameters(4, 3)
    for name, values in p.items():
        model.parameters[f"tree/{name}"][...] = values
    h, c = rng.normal(size=(50, 3)), rng.integers(0, 5, (50, 1))
    expected = np.array(
        [-np.log(product(PATHS[k], p, row[None])[0]) for k, row in zip(c[:, 0].tolist(), h, strict=True)]
    )
    ROUNDING[dtype].assert_close(model.predict([h, c])[:, 0], expected)
    ROUNDING[dtype].assert_close(model.evaluate([h, c])["loss"], expected.mean())


def test_log_probabilities_are_those_of_all_products_and_add_up_to_one(rng: np.random.Generator) -> None:
    layer, p, h = nn.HierarchicalSoftmax(tree=TREE), parameters(4, 3), rng.normal(size=(20, 3))
    log_p = layer.log_probabilities(p, h)
    for c, path in PATHS.items():
        EXACT.assert_close(np.exp(log_p[:, c]), product(path, p, h))
    for other in (nn.HierarchicalSoftmax(1000), nn.HierarchicalSoftmax(counts=rng.zipf(1.3, 1000))):
        log_p = other.log_probabilities(parameters(999, 3), 3 * h.reshape(4, 5, 3))
        assert log_p.shape == (4, 5, 1000)
        EXACT.assert_close(np.exp(log_p).sum(axis=-1), 1)


def test_gradients_are_right_and_zero_off_the_paths(rng: np.random.Generator) -> None:
    layer = nn.HierarchicalSoftmax(counts=rng.zipf(1.5, 30), weight_initializer="normal", name="tree")
    model = model_of(layer, 3)
    h, c = rng.normal(size=(6, 3)), rng.integers(0, 30, (6, 1))
    assert nn.check_gradients(model, [h, c]).ok
    _, gradients = model.loss_and_gradients([h, c], inputs=True)
    log_p = layer.log_probabilities(model, h)
    EXACT.assert_close(model.evaluate([h, c])["loss"], -np.take_along_axis(log_p, c, axis=1).mean())
    assert gradients["h"].any(axis=1).all()
    c[:] = int(layer.code_lengths.argmin())
    _, gradients = model.loss_and_gradients([h, c])
    assert np.count_nonzero(gradients["tree/weight"].any(axis=1)) == layer.code_lengths.min()
    assert np.count_nonzero(gradients["tree/bias"]) == layer.code_lengths.min()


def test_two_classes_are_logistic_regression(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(60, 4)), rng.integers(0, 2, 60)
    hierarchical = model_of(nn.HierarchicalSoftmax(tree=(1, 0), name="tree"), 4)
    logistic = nn.Sequential([nn.Input(4), nn.Dense(1, "sigmoid", weight_initializer="zeros")], dtype="float64")
    logistic.compile(nn.SGD(0.1), "nll")
    first = hierarchical.fit([x, y[:, None]], epochs=20, batch_size=7)
    second = logistic.fit(x, y, epochs=20, batch_size=7)
    TRAINING["float64"].assert_close(first["loss"], second["loss"])
    TRAINING["float64"].assert_close(
        hierarchical.parameters["tree/weight"][0], logistic.parameters["dense/weight"][:, 0]
    )
    TRAINING["float64"].assert_close(hierarchical.parameters["tree/bias"], logistic.parameters["dense/bias"])


@pytest.mark.parametrize("optimizer", [nn.SGD(0.1, momentum=0.9), nn.Adam(0.01), nn.AdamW(0.01)], ids=str)
@pytest.mark.parametrize("counts", [None, True], ids=["balanced", "huffman"])
def test_steps_on_touched_rows_are_those_of_the_same_tree_in_full(
    optimizer: Any, counts: Any, rng: np.random.Generator
) -> None:
    """The loss once more from all the nodes' logits, by sums over a dense (V, V - 1) matrix of turns."""
    how_often = rng.zipf(1.5, 12)
    layer = nn.HierarchicalSoftmax(counts=how_often) if counts else nn.HierarchicalSoftmax(12)
    turns = np.zeros((12, 11))
    for node in range(11):  # what a bias of one node does to each class tells where it is left and right
        of_node = layer.log_probabilities({"weight": np.zeros((11, 1)), "bias": np.eye(11)[node]}, np.zeros(1))
        even = layer.log_probabilities({"weight": np.zeros((11, 1)), "bias": np.zeros(11)}, np.zeros(1))
        turns[:, node] = np.sign(np.round(of_node - even, 9))
    h, t = nn.Input(3), nn.Input(11)
    z = nn.Dense(11, weight_initializer="zeros", name="nodes")(h)
    full = nn.Model([h, t], nn.ops.sum(abs(t) * nn.ops.log(1 + nn.ops.exp(-t * z)), axis=-1), dtype="float64")
    full.compile(copy.deepcopy(optimizer), "expression")
    sparse = model_of(layer, 3)
    sparse.compile(copy.deepcopy(optimizer), "expression")
    for _ in range(20):
        x, c = rng.normal(size=(3, 3)), rng.integers(0, 12, (3, 1))
        full.train_on_batch([x, turns[c[:, 0]]])
        sparse.train_on_batch([x, c])
    weight, bias = (sparse.parameters[f"hierarchical_softmax/{name}"] for name in ("weight", "bias"))
    TRAINING["float64"].assert_close(weight.T, full.parameters["nodes/weight"])
    TRAINING["float64"].assert_close(bias, full.parameters["nodes/bias"])


def test_huffman_trees_have_the_least_mean_length(rng: np.random.Generator) -> None:
    lengths = nn.HierarchicalSoftmax(counts=[45, 13, 12, 16, 9, 5]).code_lengths  # Cormen et al., 16.3
    assert lengths.tolist() == [1, 3, 3, 3, 4, 4]
    for _ in range(20):
        counts = rng.integers(0, 50, 40)
        heap, least = counts.tolist(), 0  # the mean length is the sum of all merges
        heapq.heapify(heap)
        while len(heap) > 1:
            both = heapq.heappop(heap) + heapq.heappop(heap)
            least += both
            heapq.heappush(heap, both)
        assert nn.HierarchicalSoftmax(counts=counts).code_lengths @ counts == least


def test_trees_are_the_same_each_time_and_balanced_ones_are_flat() -> None:
    ties = [nn.HierarchicalSoftmax(counts=[1] * 37) for _ in range(2)]
    p, h = parameters(36, 2), np.ones((1, 2))
    assert (ties[0].log_probabilities(p, h) == ties[1].log_probabilities(p, h)).all()
    for classes in (2, 3, 7, 8, 1000):
        lengths = nn.HierarchicalSoftmax(classes).code_lengths
        assert set(lengths.tolist()) <= {math.floor(math.log2(classes)), math.ceil(math.log2(classes))}
        assert (0.5**lengths).sum() == 1
    assert (nn.HierarchicalSoftmax(tree=((0, 1), (2, (3, 4)))).code_lengths == [2, 2, 2, 3, 3]).all()


def test_a_chain_of_classes_is_a_tree_too(rng: np.random.Generator) -> None:
    layer = nn.HierarchicalSoftmax(counts=[2.0**-c for c in range(300)])
    assert layer.code_lengths.max() == 299
    log_p = layer.log_probabilities(parameters(299, 2), rng.normal(size=(3, 2)))
    EXACT.assert_close(np.exp(log_p).sum(axis=1), 1)


@pytest.mark.parametrize("k", [1, 3, 200])
def test_top_k_is_the_front_of_the_sorted_classes(k: int, rng: np.random.Generator) -> None:
    layer, p, h = nn.HierarchicalSoftmax(counts=rng.zipf(1.3, 200)), parameters(199, 5), rng.normal(size=(2, 4, 5))
    log_p = layer.log_probabilities(p, h)
    classes, found = layer.top_k(p, h, k)
    order = np.argsort(-log_p, axis=-1)[..., :k]
    assert classes.shape == (2, 4, k)
    assert classes.dtype == np.int64
    assert (classes == order).all()
    EXACT.assert_close(found, np.take_along_axis(log_p, order, axis=-1))


def test_top_k_looks_at_no_node_that_cannot_matter(rng: np.random.Generator) -> None:
    layer, p = nn.HierarchicalSoftmax(1024), parameters(1023, 4)
    p["bias"][0] = 50.0  # to the left, almost surely
    h = rng.normal(size=4)
    expected = layer.log_probabilities(p, h).argmax()
    p["weight"][512:] = np.nan  # all on the right
    assert layer.top_k(p, h, 1)[0] == [expected]


def clusters(rng: np.random.Generator, n: int, classes: int) -> tuple[Any, Any]:
    centres = 2 * np.random.default_rng(3).normal(size=(classes, 8))
    y = rng.integers(0, classes, n)
    return centres[y] + 0.5 * rng.normal(size=(n, 8)), y


def test_it_learns_as_well_as_a_softmax(rng: np.random.Generator) -> None:
    (x, y), (x_new, y_new) = clusters(rng, 2000, 20), clusters(rng, 500, 20)
    inputs, c = nn.Input(8), nn.Input((), dtype="int64")
    hidden = nn.Dense(32, "tanh")(inputs)
    layer = nn.HierarchicalSoftmax(counts=np.bincount(y, minlength=20))
    model = nn.Model([inputs, c], layer([hidden, c]), seed=1)
    model.compile(nn.Adam(0.01), "expression")
    history = model.fit([x, y], epochs=20)
    assert history["loss"][-1] < 0.1 * history["loss"][0]
    predicted = layer.top_k(model, layer.body(model).predict(x_new), 1)[0][:, 0]
    softmax = nn.Sequential([nn.Input(8), nn.Dense(32, "tanh"), nn.Dense(20, "softmax")], seed=1)
    softmax.compile(nn.Adam(0.01), "nllm")
    softmax.fit(x, y, epochs=20)
    reached = (predicted == y_new).mean(), (softmax.predict_classes(x_new) == y_new).mean()
    assert reached[0] > reached[1] - 0.02 > 0.9


def test_a_class_at_each_step_of_sequences_with_lengths(rng: np.random.Generator) -> None:
    words, c = nn.Input(6, dtype="int64"), nn.Input(6, dtype="int64")
    h = nn.Embedding(9, 4, weight_initializer="normal")(words)
    layer = nn.HierarchicalSoftmax(9, weight_initializer="normal")
    model = nn.Model([words, c], layer([h, c]), dtype="float64")
    model.compile(nn.SGD(0.1), "expression")
    x, y, lengths = rng.integers(0, 9, (5, 6)), rng.integers(0, 9, (5, 6)), np.array([6, 1, 3, 6, 2])
    whole = model.predict([x, y])
    assert whole.shape == (5, 6, 1)
    packed = model.predict([x, y], lengths=lengths)
    counts = np.arange(6) < lengths[:, None]
    EXACT.assert_close(packed[..., 0], np.where(counts, whole[..., 0], 0))
    EXACT.assert_close(model.evaluate([x, y], lengths=lengths)["loss"], whole[counts].mean())
    assert nn.check_gradients(model, [x, y], lengths=lengths).ok


def test_a_class_for_each_sequence_beside_lengths(rng: np.random.Generator, tmp_path: Path) -> None:
    x, c = nn.Input(5, name="x", dtype="int64"), nn.Input((), name="c", dtype="int64")
    layer = nn.HierarchicalSoftmax(9, weight_initializer="normal")
    model = nn.Model([x, c], layer([nn.GRU(4)(nn.Embedding(9, 3)(x)), c]), dtype="float64")
    model.compile(nn.SGD(0.1), "expression")
    words, classes, lengths = rng.integers(0, 9, (6, 5)), rng.integers(0, 9, 6), [5, 2, 3, 1, 4, 5]
    assert nn.check_gradients(model, [words, classes], lengths=lengths).ok
    model.fit([words, classes], lengths=lengths)
    losses = model.predict([words, classes], lengths=lengths)
    h = layer.body(model).predict(words, lengths=lengths)
    EXACT.assert_close(losses[:, 0], -layer.log_probabilities(model, h)[np.arange(6), classes])
    model.save(tmp_path / "model.safetensors")
    assert (nn.load(tmp_path / "model.safetensors").predict([words, classes], lengths=lengths) == losses).all()


def test_the_hessian_is_what_its_gradients_differ_by(rng: np.random.Generator) -> None:
    model = model_of(nn.HierarchicalSoftmax(tree=TREE, weight_initializer="normal", name="tree"), 3)
    rows = [rng.normal(size=(6, 3)), rng.integers(0, 5, (6, 1))]
    way = {name: rng.normal(size=values.shape) for name, values in model.parameters.items()}
    product = nn.hessian_vector_product(model, rows, None, way)
    sides = []
    for step in (1e-5, -1e-5):
        near = copy.deepcopy(model)
        for name, values in near.parameters.items():
            values[...] += step * way[name]
        sides.append(near.loss_and_gradients(rows)[1])
    for name, change in product.items():
        difference = (sides[0][name] - sides[1][name]) / 2e-5
        assert np.abs(change - difference).max() <= GRADIENT * np.abs(change).max()


def test_bits_do_not_depend_on_the_number_of_threads(rng: np.random.Generator) -> None:
    def trained(count: int) -> Any:
        with nn.threads(count):
            model = model_of(nn.HierarchicalSoftmax(500, weight_initializer="normal"), 64, "float32")
            model.fit([h, c], epochs=2, batch_size=256)
            return snapshot(model)

    h, c = rng.normal(size=(512, 64)), rng.integers(0, 500, (512, 1))
    assert trained(1) == trained(2) == trained(3)


LAYERS = {
    "classes": nn.HierarchicalSoftmax(7, weight_initializer="glorot_normal"),
    "counts": nn.HierarchicalSoftmax(counts=[3, 1, 0.5, 9]),
    "tree": nn.HierarchicalSoftmax(tree=[[0, 1], [2, [3, 4]]], name="mine"),
}


@pytest.mark.parametrize("given", LAYERS)
def test_config_and_files_bring_the_same_tree_back(given: str, tmp_path: Path, rng: np.random.Generator) -> None:
    layer = LAYERS[given]
    again = nn.Layer.from_config(layer.config())
    assert again.config() == layer.config()
    assert (again.code_lengths == layer.code_lengths).all()  # type: ignore[attr-defined]
    model = model_of(layer, 3)
    h, c = rng.normal(size=(9, 3)), rng.integers(0, 4, (9, 1))
    model.fit([h, c])
    model.save(tmp_path / "model.safetensors")
    loaded = nn.load(tmp_path / "model.safetensors")
    assert (loaded.predict([h, c]) == model.predict([h, c])).all()
    found = next(other for other in loaded.layers if isinstance(other, nn.HierarchicalSoftmax))
    assert (found.log_probabilities(loaded, h) == layer.log_probabilities(model, h)).all()


def test_it_prints_itself_and_its_arithmetic() -> None:
    assert repr(LAYERS["classes"]) == "HierarchicalSoftmax(classes=7, weight_initializer=GlorotNormal())"
    assert repr(LAYERS["counts"]) == "HierarchicalSoftmax(counts=<4 counts>)"
    assert repr(LAYERS["tree"]) == "HierarchicalSoftmax(tree=((0, 1), (2, (3, 4))), name='mine')"
    model = model_of(nn.HierarchicalSoftmax(counts=[2, 1, 1], name="tree"), 4)
    assert "tree (HierarchicalSoftmax)" in model.summary()
    assert model.layers[-1].multiply_adds([(4,), (1,)], (1,)) == 6  # D times (2 * 1 + 1 * 2 + 1 * 2) / 4
    text = model.explain_backward([[[1.0, 2.0, 3.0, 4.0]], [[2]]])
    assert "z = u1 W^T + b" in text
    assert "dW (2, 4) = dz^T u1 (1, 4)" in text


def test_shared_weights_and_two_consumers(rng: np.random.Generator) -> None:
    """One layer on two hidden layers of one input, as twice the loss."""
    h, (first, second) = nn.Input(3), (nn.Input(1, dtype="int64", name=name) for name in ("a", "b"))
    layer = nn.HierarchicalSoftmax(6, weight_initializer="normal", name="tree")
    both = nn.Model([h, first, second], layer([h, first]) + layer([h, second]), dtype="float64")
    both.compile(loss="expression")
    single = nn.Model([h, first], layer([h, first]), dtype="float64")
    single.compile(loss="expression")
    for name, values in both.parameters.items():
        single.parameters[name][...] = values
    x, a, b = rng.normal(size=(5, 3)), rng.integers(0, 6, (5, 1)), rng.integers(0, 6, (5, 1))
    loss, gradients = both.loss_and_gradients([x, a, b])
    parts = [single.loss_and_gradients([x, c]) for c in (a, b)]
    EXACT.assert_close(loss, sum(value for value, _ in parts))
    for name, gradient in gradients.items():
        EXACT.assert_close(gradient, sum(of[name] for _, of in parts))


def test_kraft_equality_for_every_small_tree() -> None:
    def trees(first: int, end: int) -> list[Any]:
        if end - first == 1:
            return [first]
        return [
            pair
            for split in range(first + 1, end)
            for pair in itertools.product(trees(first, split), trees(split, end))
        ]

    for tree in trees(0, 6):  # 42 of them
        lengths = nn.HierarchicalSoftmax(tree=tree).code_lengths
        assert (0.5**lengths).sum() == 1
