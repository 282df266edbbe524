"""Numbers that textbooks and public courses print, for the parts that this library has."""

import math
from typing import Any

import numpy as np
import pytest

import nncpp as nn
from optimizer_driver import Driver
from tolerances import ROUNDING, printed

EXACT = ROUNDING["float64"]
EIGHT_DIGITS = printed(8)


def activation(name: str, z: Any) -> Any:
    z = np.atleast_2d(np.asarray(z, np.float64))
    return nn.Activation(name).build((z.shape[1],), dtype="float64").forward(z)


def set_parameters(model: Any, **values: Any) -> None:
    for name, value in values.items():
        model.parameters[name.replace("__", "/")][...] = value


# --- layers: Stanford CS231n, assignments of 2016 and its notes; Stanford CS224n, assignments 1 and 2 -----------------


def test_affine_forward() -> None:
    """cs231n.github.io, assignments2016/assignment2/FullyConnectedNets.ipynb, cell 4."""
    layer = nn.Dense(3).build((120,), dtype="float64")
    layer.parameters["weight"][...] = np.linspace(-0.2, 0.3, 360).reshape(120, 3)
    layer.parameters["bias"][...] = np.linspace(-0.3, 0.1, 3)
    x = np.linspace(-0.1, 0.5, 240).reshape(2, 120)
    expected = [[1.49834967, 1.70660132, 1.91485297], [3.25553199, 3.5141327, 3.77273342]]
    EIGHT_DIGITS.assert_close(layer.forward(x), expected)


def test_relu_forward() -> None:
    """The same notebook, cell 8."""
    expected = [[0, 0, 0, 0], [0, 0, 0.04545455, 0.13636364], [0.22727273, 0.31818182, 0.40909091, 0.5]]
    EIGHT_DIGITS.assert_close(activation("relu", np.linspace(-0.5, 0.5, 12).reshape(3, 4)), expected)


def test_softmax_of_rows_shifted_by_a_thousand() -> None:
    """CS224n, assignment 1, test_softmax_basic."""
    rows = [[1.0, 2.0], [1001.0, 1002.0], [3.0, 4.0], [-1001.0, -1002.0]]
    p = [0.26894142, 0.73105858]
    EIGHT_DIGITS.assert_close(activation("softmax", rows), [p, p, p, p[::-1]])


def test_softmax_does_not_overflow() -> None:
    """CS231n notes, linear-classify."""
    p = activation("softmax", [123.0, 456.0, 789.0])[0]
    np.testing.assert_allclose(p, [5.75274406e-290, 2.39848787e-145, 1.0], rtol=1e-8)


def test_softmax_is_less_peaked_for_smaller_scores() -> None:
    """CS231n notes, linear-classify; printed cut off, not rounded."""
    p = activation("softmax", [[1.0, -2.0, 0.0], [0.5, -1.0, 0.0]])
    assert np.abs(p - [[0.7, 0.04, 0.26], [0.55, 0.12, 0.33]]).max() < 0.01


def test_sigmoid_and_its_derivative() -> None:
    """CS224n, assignment 1, test_sigmoid_basic."""
    x = np.array([[1.0, 2.0], [-1.0, -2.0]])
    layer = nn.Activation("sigmoid").build((2,), dtype="float64")
    s = layer.forward(x)
    EIGHT_DIGITS.assert_close(s, [[0.73105858, 0.88079708], [0.26894142, 0.11920292]])
    EIGHT_DIGITS.assert_close(layer.backward(x, s, np.ones((2, 2))), [[0.19661193, 0.10499359]] * 2)


Z = np.array([[-3.0, -1.5, -1.0, -0.5, 0.5, 1.0, 2.5]])
VALUES = {
    "tanh": [-0.9950547536867305, -0.9051482536448665, -0.7615941559557649, -0.46211715726000974,
             0.46211715726000974, 0.7615941559557649, 0.9866142981514303],
    "hard_tanh": [-1.0, -1.0, -1.0, -0.5, 0.5, 1.0, 1.0],
    "softsign": [-0.75, -0.6, -0.5, -1 / 3, 1 / 3, 0.5, 0.7142857142857143],
    "relu": [0.0, 0.0, 0.0, 0.0, 0.5, 1.0, 2.5],
    "leaky_relu": [-0.03, -0.015, -0.01, -0.005, 0.5, 1.0, 2.5],
    "softplus": [0.04858735157374206, 0.2014132779827524, 0.31326168751822286, 0.4740769841801067,
                 0.9740769841801067, 1.3132616875182228, 2.5788897342925496],
    "step": [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0],
}  # fmt: skip
SLOPES = {
    "tanh": [0.009866037165440166, 0.1807066389236486, 0.41997434161402614, 0.7864477329659274,
             0.7864477329659274, 0.41997434161402614, 0.02659222668316057],
    "sigmoid": [0.04517665973091214, 0.14914645207033286, 0.19661193324148185, 0.2350037122015945,
                0.2350037122015945, 0.19661193324148185, 0.07010371654510807],
    "softsign": [0.0625, 0.16, 0.25, 0.4444444444444444, 0.4444444444444444, 0.25, 0.08163265306122447],
    "relu": [0, 0, 0, 0, 1, 1, 1],
    "leaky_relu": [0.01, 0.01, 0.01, 0.01, 1.0, 1.0, 1.0],
}  # fmt: skip


@pytest.mark.parametrize("name", VALUES)
def test_activation_values(name: str) -> None:
    """Formulas of the course texts at seven points."""
    EXACT.assert_close(activation(name, Z), [VALUES[name]])


@pytest.mark.parametrize("name", SLOPES)
def test_activation_derivatives(name: str) -> None:
    """At the same points; softsign has 1 / (1 + abs(z))^2 on both sides of zero."""
    layer = nn.Activation(name).build((7,), dtype="float64")
    EXACT.assert_close(layer.backward(Z, layer.forward(Z), np.ones_like(Z)), [SLOPES[name]])


@pytest.mark.parametrize(("bias", "outputs"), [(-1.5, [0, 0, 0, 1]), (-0.5, [0, 1, 1, 1])], ids=["and", "or"])
def test_a_threshold_unit_is_a_gate(bias: float, outputs: Any) -> None:
    """McCulloch, Pitts, "A logical calculus of the ideas immanent in nervous activity", 1943."""
    unit = nn.Sequential([nn.Input(2), nn.Dense(1, "step")])
    set_parameters(unit, dense__weight=[[1.0], [1.0]], dense__bias=[bias])
    assert unit.predict([[0, 0], [0, 1], [1, 0], [1, 1]]).ravel().tolist() == outputs


@pytest.mark.parametrize(("sizes", "weights", "biases"), [((3, 4, 2), 20, 6), ((3, 4, 4, 1), 32, 9)], ids=str)
def test_numbers_of_parameters(sizes: Any, weights: int, biases: int) -> None:
    """CS231n notes, neural-networks-1."""
    model = nn.Sequential([nn.Input(sizes[0]), *map(nn.Dense, sizes[1:])])
    assert sum(p.size for name, p in model.parameters.items() if name.endswith("weight")) == weights
    assert sum(p.size for name, p in model.parameters.items() if name.endswith("bias")) == biases
    assert model.count_parameters() == weights + biases


def test_the_window_scorer_has_160_weights_in_its_first_layer() -> None:
    """CS224n notes: 5 words of 4 dimensions, 8 hidden units, 1 score without bias."""
    model = nn.Sequential([nn.Input(5 * 4), nn.Dense(8, "sigmoid"), nn.Dense(1, use_bias=False)])
    assert [values.shape for values in model.parameters.values()] == [(20, 8), (8,), (8, 1)]


@pytest.mark.parametrize("keep", [0.25, 0.4, 0.7])
def test_dropout_keeps_the_mean_and_drops_the_rest(keep: float) -> None:
    """CS231n, assignment 2, Dropout.ipynb: inputs of mean 10, fractions of zeros 0.75, 0.60, 0.30 of 250,000."""
    x = np.random.RandomState(231).randn(500, 500) + 10
    v = nn.Dropout(1 - keep).build((500,), dtype="float64").forward(x, training=True)
    error = 5 * math.sqrt(keep * (1 - keep) / x.size)
    assert abs((v == 0).mean() - (1 - keep)) < error
    assert abs(v.mean() - x.mean()) < 11 * error / keep


def test_dropout_scales_by_the_probability_of_keeping() -> None:
    """One activation 2.0, dropped with probability 0.25: what is kept is 2 / 0.75, and prediction changes nothing."""
    layer, u = nn.Dropout(0.25).build((1000,), dtype="float64"), np.full((1, 1000), 2.0)
    EXACT.assert_close(np.unique(layer.forward(u, training=True)), [0.0, 2.0 / 0.75])
    EXACT.assert_close(layer.forward(u), u)


def test_the_bound_of_glorot_uniform() -> None:
    """fan_in 20, fan_out 8: b = 0.46291..., variance 1/14."""
    w = nn.Dense(8).build((20,), dtype="float64").parameters["weight"]
    assert 0.9 * 0.4629100498862757 < np.abs(w).max() < 0.4629100498862757


# --- losses -----------------------------------------------------------------------------------------------------------


def loss_of_logits(z: Any, y: Any) -> tuple[float, Any]:
    z = np.asarray(z, np.float64)
    model = nn.Sequential([nn.Input(z.shape[1], name="z"), nn.Activation("softmax")], dtype="float64")
    model.compile(loss="nllm")
    loss, gradients = model.loss_and_gradients(z, y, inputs=True)
    return loss, gradients["z"]


def test_softmax_loss_of_small_scores_is_the_logarithm_of_the_classes() -> None:
    """CS231n, assignment 1, two_layer_net.ipynb, cell 16."""
    random = np.random.RandomState(231)
    x = 0.001 * random.randn(50, 10)
    EXACT.assert_close(loss_of_logits(x, random.randint(0, 10, size=50))[0], 2.3025458445007376)


def test_softmax_loss_of_one_image() -> None:
    """CS231n notes, linear-classify, SVM against softmax."""
    model = nn.Sequential([nn.Input(4), nn.Dense(3, "softmax")], dtype="float64")
    weight = np.array([[0.01, -0.05, 0.1, 0.05], [0.7, 0.2, 0.05, 0.16], [0.0, -0.45, -0.2, 0.03]])
    set_parameters(model, dense__weight=weight.T, dense__bias=[0.0, 0.2, -0.3])
    model.compile(loss="nllm")
    x = np.array([[-15.0, 22.0, -44.0, 56.0]])
    printed(2).assert_close(model.predict(x), [[0.016, 0.631, 0.353]])
    printed(2).assert_close(model.evaluate(x, [2])["loss"], 1.04)


def test_gradient_of_softmax_loss_is_p_minus_one_hot() -> None:
    """CS231n notes, case study, and two rows of the course texts."""
    EXACT.assert_close(loss_of_logits(np.log([[0.2, 0.3, 0.5]]), [1])[1], [[0.2, -0.7, 0.5]])
    loss, gradient = loss_of_logits([[2.0, -1.0, 0.5], [0.0, 0.0, 0.0]], [1, 2])
    EXACT.assert_close(loss, (3.241311296657157 + 1.0986122886681098) / 2)
    expected = [[0.7855970345892759, -0.9608874267293126, 0.1752903921400367], [1 / 3, 1 / 3, -2 / 3]]
    EXACT.assert_close(gradient, np.array(expected) / 2)


def test_cross_entropy_of_even_odds() -> None:
    """CS224n, assignment 2, test_cross_entropy_loss_basic: a sum over 3 rows, here a mean."""
    EXACT.assert_close(3 * loss_of_logits(np.zeros((3, 2)), [[0, 1], [1, 0], [1, 0]])[0], 2.0794415416798357)


def test_nllm_of_two_classes_is_nll() -> None:
    """p = 0.8 of class 1 and p = 0.3 of class 1, true classes 1 and 0."""
    logits = np.log([0.8 / 0.2, 0.3 / 0.7])[:, None]
    binary = nn.Sequential([nn.Input(1), nn.Activation("sigmoid")], dtype="float64")
    binary.compile(loss="nll")
    for row, label, expected in ((0, 1, 0.2231435513142097), (1, 0, 0.35667494393873245)):
        z = logits[row : row + 1]
        EXACT.assert_close(binary.evaluate(z, [label])["loss"], expected)
        EXACT.assert_close(loss_of_logits(np.hstack([np.zeros((1, 1)), z]), [label])[0], expected)


def test_maximum_entropy_for_in_quebec() -> None:
    """Votes 1.8 - 0.6 for LOCATION, 0.3 for DRUG, none for PERSON."""
    printed(3).assert_close(activation("softmax", [1.8 - 0.6, 0.3, 0.0]), [[0.586, 0.238, 0.176]])


# --- optimizers: w, then the gradients of three steps; rate 0.1 -------------------------------------------------------

W0 = [1.0, -2.0, 0.5, 3.0]
G = [[0.1, -0.2, 0.0001, 0.0], [0.3, 0.1, -0.0001, 0.5], [-0.2, 0.4, 0.0002, -0.5]]
STEPS = {
    nn.SGD(0.1, momentum=0.9): [
        [0.99, -1.98, 0.49999, 3.0],
        [0.951, -1.972, 0.49999099999999996, 2.95],
        [0.9359, -2.0048, 0.49997189999999997, 2.955],
    ],
    nn.AdaGrad(0.1, epsilon=0.01, epsilon_inside_root=True): [
        [0.9292893218813453, -1.9105572809000084, 0.49990000004999996, 3.0],
        [0.8388359185080162, -1.9513821099463948, 0.4999999999500001, 2.901941932430908],
        [0.8904756964574484, -2.036662396488639, 0.4998000005499974, 2.9719559366323085],
    ],
    nn.AdaGrad(0.1, epsilon=0.01): [
        [0.9090909090909091, -1.9047619047619047, 0.499009900990099, 3.0],
        [0.8171306189957626, -1.9475688782588945, 0.49999595606549035, 2.9019607843137254],
        [0.8691914822805937, -2.032991950101788, 0.4980437745514376, 2.971685407356989],
    ],
    nn.RMSProp(0.1, epsilon=0.01): [
        [0.7597469266479578, -1.7269458810083713, 0.49900315230918324, 3.0],
        [0.4857711805949109, -1.8554421028555996, 0.49999881232778004, 2.7025825642401227],
        [0.6475544451275042, -2.118746429795429, 0.49801381189264504, 2.921933774342479],
    ],
    nn.RMSProp(0.1, epsilon=0.01, epsilon_inside_root=True): [
        [0.9046537410754407, -1.8309691490542968, 0.499900000005, 3.0],
        [0.6919893795729399, -1.9137297379145335, 0.4999999999955, 2.7327387580875757],
        [0.8241242524039634, -2.1441328640453565, 0.49980000005259995, 2.9412531721446507],
    ],
    nn.Adam(0.1, epsilon=0.01, bias_correction=False, epsilon_inside_root=True): [
        [0.9900049962531222, -1.980039880398605, 0.499990000000005, 3.0],
        [0.9511985266238043, -1.972059789828951, 0.49999100000000396, 2.9506135201675203],
        [0.936203048236164, -2.004520863922693, 0.49997190000006125, 2.9554930786225904],
    ],
    nn.Adam(0.1, epsilon=0.01, epsilon_inside_root=True): [
        [0.9292893218813452, -1.9105572809000084, 0.49990000004999996, 3.0],
        [0.8455049584570571, -1.8880486580808322, 0.49990526320526313, 2.928394074718683],
        [0.8221001271685572, -1.9308296580308317, 0.49983478357098093, 2.932782623883394],
    ],
    nn.Adam(0.1, epsilon=0.01): [
        [0.9090909090909091, -1.9047619047619049, 0.499009900990099, 3.0],
        [0.8212407881264805, -1.8797126900478924, 0.49906201146430434, 2.92763266324715],
        [0.7965913334385981, -1.9237807297513683, 0.49836704518215813, 2.9320428862701435],
    ],
    nn.Adam(0.1, beta2=0.9, epsilon=0.01): [
        [0.9090909090909091, -1.9047619047619047, 0.499009900990099, 3.0],
        [0.822942086603748, -1.8793356098842622, 0.49906201146430434, 2.92939871801469],
        [0.7985317533717309, -1.9221622338132627, 0.49836729855428585, 2.9337028648586485],
    ],
    nn.Adam(0.1, epsilon=0.01, bias_correction=False): [
        [0.9240253073352043, -1.8774851773445587, 0.49990003161277974, 3.0],
        [0.7290204320914391, -1.8306144949917036, 0.49991002714376004, 2.8062870566386033],
        [0.6598416778634419, -1.9645561603402228, 0.4997191749402905, 2.8217405762209773],
    ],
}


@pytest.mark.parametrize(("optimizer", "expected"), STEPS.items(), ids=[repr(optimizer) for optimizer in STEPS])
def test_three_steps(optimizer: Any, expected: Any) -> None:
    EXACT.assert_close(Driver(optimizer, W0).steps(G), expected)


def test_momentum_from_a_velocity() -> None:
    """cs231n.github.io, assignments2016/assignment2/FullyConnectedNets.ipynb, cell 31."""
    w, dw, v = (np.linspace(*ends, 20) for ends in ((-0.4, 0.6), (-0.6, 0.4), (0.6, 0.9)))
    driver = Driver(nn.SGD(1e-3, momentum=0.9), w)
    driver.step(-v / 1e-3)  # the first step makes the velocity v
    driver.w[:] = w
    driver.step(dw)
    expected = [0.1406, 0.20738947, 0.27417895, 0.34096842, 0.40775789, 0.47454737, 0.54133684, 0.60812632]
    expected += [0.67491579, 0.74170526, 0.80849474, 0.87528421, 0.94207368, 1.00886316, 1.07565263, 1.14244211]
    expected += [1.20923158, 1.27602105, 1.34281053, 1.4096]
    EIGHT_DIGITS.assert_close(driver.w, expected)


def test_rmsprop_from_a_cache() -> None:
    """The same notebook, cell 35."""
    w, dw, cache = (np.linspace(*ends, 20) for ends in ((-0.4, 0.6), (-0.6, 0.4), (0.6, 0.9)))
    driver = Driver(nn.RMSProp(1e-2, rho=0.99), w)
    driver.step(np.sqrt(cache / 0.01))  # the first step makes the cache r
    driver.w[:] = w
    driver.step(dw)
    expected = [-0.39223849, -0.34037513, -0.28849239, -0.23659121, -0.18467247, -0.132737, -0.08078555, -0.02881884]
    expected += [0.02316247, 0.07515774, 0.12716641, 0.17918792, 0.23122175, 0.28326742, 0.33532447, 0.38739248]
    expected += [0.43947102, 0.49155973, 0.54365823, 0.59576619]
    EIGHT_DIGITS.assert_close(driver.w, expected)


def test_a_thousand_steps_down_a_parabola() -> None:
    """CS224n, assignment 2, sgd.py: f = x^2, rate 0.01, from 0.5, 0 and -1.5 to 0 within 1e-6."""
    driver = Driver(nn.SGD(0.01), [0.5, 0.0, -1.5])
    for _ in range(1000):
        driver.step(2 * driver.w)
    assert np.abs(driver.w).max() <= 1e-6
    EXACT.assert_close(driver.w, [0.5 * 0.98**1000, 0.0, -1.5 * 0.98**1000])
