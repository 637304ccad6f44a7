"""Undoing weights: the formula to the last digits, gradients, errors, and calibrated data."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import mpmath
import numpy as np
import pytest

import wce_core
from wce_conformance.adapters import Adapter, adapter
from wce_conformance.judging.numbers import EPS
from wce_core import losses, unweight_logits, unweight_probabilities

RNG = np.random.default_rng(11)
W = np.array([0.25, 3.0, 700.0, 1e-3])
A = np.log([0.6, 0.3, 0.0999, 1e-4])
ROWS = RNG.dirichlet([0.3, 1.0, 0.5, 0.2], size=(3, 5))
ROWS[0, 0] = [1.0 - 3e-30, 1e-30, 1e-30, 1e-30]
ROWS[0, 1] = [0.0, 1e-36, 0.5, 0.5]
P = np.concatenate([RNG.uniform(size=9), [1e-30, 3e-36, 0.0, 1.0, 0.5, 1e-4]]).reshape(5, 3)
PAIRS = np.array([[0.5, 40.0], [1.0, 1e-3], [7.0, 2.0]])
MULTI: dict[str, dict[str, Any]] = {
    "weights": {"class_weight": W},
    "list": {"class_weight": W.tolist()},
    "mapping": {"class_weight": dict(enumerate(W.tolist()))},
    "integers": {"class_weight": np.array([1, 2, 50, 1000])},
    "adjustment": {"logit_adjustment": A},
    "both": {"class_weight": W, "logit_adjustment": A},
}
BINARY: dict[str, dict[str, Any]] = {
    "weights": {"class_weight": [0.5, 40.0]},
    "mapping": {"class_weight": {"0": 0.5, "1": 40.0}},
    "per label": {"class_weight": PAIRS},
    "pos_weight": {"pos_weight": 1e3},
    "pos_weights": {"pos_weight": np.array([1.0, 0.01, 99.0])},
    "of elements": {"pos_weight": np.array([[1.0], [2.0], [3.0], [4.0], [5.0]])},
    "adjustment": {"logit_adjustment": np.log([0.9, 0.1])},
    "adjustments": {"logit_adjustment": np.log(PAIRS)},
    "all": {"class_weight": PAIRS, "pos_weight": 9.0, "logit_adjustment": -np.log(PAIRS) / 2},
}


def held(backend: str, dtype: str, values: Any) -> tuple[Adapter, Any, np.ndarray]:
    """The framework's array, and the numbers that are in it."""
    named = getattr(ml_dtypes, dtype) if dtype == "bfloat16" else dtype
    array = np.asarray(values).astype(named)
    return adapter(backend), adapter(backend).array(array), array.astype(np.float64)


def dtypes(backend: str) -> list[str]:
    return sorted(name for name in adapter(backend).dtypes if "float" in name)


def stated(name: str, options: dict[str, Any]) -> Any:
    """An option as numbers by class or label."""
    value = options.get(name)
    if isinstance(value, dict):
        value = [value[k] for k in sorted(value)]
    return None if value is None else np.asarray(value, np.float64)


def rows_by_hand(p: np.ndarray, options: dict[str, Any]) -> np.ndarray:
    """Sixty digits, class by class."""
    weight, adjustment = stated("class_weight", options), stated("logit_adjustment", options)
    found = np.empty(p.shape)
    with mpmath.workdps(60):
        for place in np.ndindex(p.shape[:-1]):
            own = [mpmath.mpf(float(each)) for each in p[place]]
            if weight is not None:
                own = [each / mpmath.mpf(float(w)) for each, w in zip(own, weight, strict=True)]
            if adjustment is not None:
                own = [x * mpmath.exp(float(a)) for x, a in zip(own, adjustment, strict=True)]
            found[place] = [float(each / mpmath.fsum(own)) for each in own]
    return found


def odds_by_hand(shape: tuple[int, ...], options: dict[str, Any]) -> np.ndarray:
    """log(w₁/w₀) − a of every element, as objects of sixty digits."""
    ones = np.ones(shape)
    weight, pos = stated("class_weight", options), stated("pos_weight", options)
    adjustment = stated("logit_adjustment", options)
    one = ones if weight is None else ones * weight[..., 1]
    zero = ones if weight is None else ones * weight[..., 0]
    one, factor = one.astype(object), ones if pos is None else ones * pos
    low, high = (0.0, 0.0) if adjustment is None else np.moveaxis(adjustment, -1, 0)
    low, high = ones * low, ones * high
    for place in np.ndindex(shape):
        first, second, third = (mpmath.mpf(float(array[place])) for array in (one, factor, zero))
        one[place] = mpmath.log(first * second / third) - (
            mpmath.mpf(float(high[place])) - float(low[place])
        )
    return one


def binary_by_hand(p: np.ndarray, options: dict[str, Any]) -> np.ndarray:
    found = np.empty(p.shape)
    with mpmath.workdps(60):
        odds = odds_by_hand(p.shape, options)
        for place in np.ndindex(p.shape):
            own = mpmath.mpf(float(p[place]))
            found[place] = float(own / (own + (1 - own) * mpmath.exp(odds[place])))
    return found


def close(own: Adapter, got: Any, want: np.ndarray, dtype: str, ulps: float = 8.0) -> None:
    got = own.numpy(got)
    assert str(got.dtype) == dtype
    assert got.shape == want.shape
    eps, tiny = EPS[dtype], {"float16": 6e-8, "float64": 0.0}.get(dtype, 2.0**-126)
    np.testing.assert_allclose(got.astype(np.float64), want, rtol=ulps * eps, atol=tiny)


@pytest.mark.parametrize("name", MULTI)
def test_rows(backend: str, name: str) -> None:
    for dtype in dtypes(backend):
        own, array, values = held(backend, dtype, ROWS)
        close(
            own,
            unweight_probabilities(array, **MULTI[name]),
            rows_by_hand(values, MULTI[name]),
            dtype,
        )


@pytest.mark.parametrize("name", BINARY)
def test_binary(backend: str, name: str) -> None:
    for dtype in dtypes(backend):
        own, array, values = held(backend, dtype, P)
        got = unweight_probabilities(array, binary=True, **BINARY[name])
        close(own, got, binary_by_hand(values, BINARY[name]), dtype)


@pytest.mark.parametrize("name", BINARY)
def test_binary_logits(backend: str, name: str) -> None:
    z = RNG.normal(scale=5.0, size=P.shape)
    for dtype in dtypes(backend):
        own, array, values = held(backend, dtype, z)
        with mpmath.workdps(60):
            want = (values - odds_by_hand(z.shape, BINARY[name])).astype(np.float64)
        got = own.numpy(unweight_logits(array, binary=True, **BINARY[name]))
        assert str(got.dtype) == dtype
        error = np.abs(got.astype(np.float64) - want)
        assert (error <= 2.0 * EPS[dtype] * (np.abs(values) + np.abs(want) + 1.0)).all()


@pytest.mark.parametrize("name", MULTI)
def test_logits_are_those_of_the_probabilities(backend: str, name: str) -> None:
    rows = np.maximum(ROWS, 1e-36)
    own, array, values = held(backend, "float64", np.log(rows))
    x = own.numpy(unweight_logits(array, **MULTI[name]))
    got = np.exp(x - x.max(-1, keepdims=True))
    want = rows_by_hand(np.exp(values), MULTI[name])
    np.testing.assert_allclose(got / got.sum(-1, keepdims=True), want, rtol=1e-12)


def test_another_axis(backend: str) -> None:
    own, array, _ = held(backend, "float32", ROWS)
    want = own.numpy(unweight_probabilities(array, class_weight=W))
    _, turned, _ = held(backend, "float32", np.moveaxis(ROWS, -1, 1))
    got = own.numpy(unweight_probabilities(turned, class_weight=W, axis=1))
    np.testing.assert_array_equal(np.moveaxis(got, 1, -1), want)
    _, labels, _ = held(backend, "float32", P.T)
    want = own.numpy(
        unweight_probabilities(held(backend, "float32", P)[1], class_weight=PAIRS, binary=True)
    )
    got = own.numpy(unweight_probabilities(labels, class_weight=PAIRS, binary=True, axis=0))
    np.testing.assert_array_equal(got.T, want)


def test_what_weighting_does_is_undone() -> None:
    p = RNG.dirichlet(np.ones(4), size=100)
    weighed = p * W / (p * W).sum(-1, keepdims=True)
    np.testing.assert_allclose(unweight_probabilities(weighed, class_weight=W), p, rtol=1e-14)


def test_weights_of_one_size_change_nothing() -> None:
    np.testing.assert_allclose(
        unweight_probabilities(ROWS, class_weight=[7.0] * 4), ROWS, rtol=1e-15
    )
    np.testing.assert_array_equal(unweight_probabilities(P, class_weight=[3, 3], binary=True), P)


def test_adjustment_is_a_weight_by_another_name() -> None:
    """A loss of x + a, used without a, stands for class weights of exp(−a)."""
    got = unweight_probabilities(ROWS, logit_adjustment=A)
    np.testing.assert_allclose(
        got, unweight_probabilities(ROWS, class_weight=np.exp(-A)), rtol=1e-13
    )


def test_weights_beyond_float32(backend: str) -> None:
    """The ratio counts, not the size."""
    own, array, values = held(backend, "float32", ROWS)
    close(
        own,
        unweight_probabilities(array, class_weight=W * 1e-200),
        rows_by_hand(values, {"class_weight": W}),
        "float32",
    )


AUTODIFF = ("torch", "jax", "tensorflow")


@pytest.mark.parametrize("binary", [False, True])
def test_gradients(backend: str, binary: bool) -> None:
    """To predictions and to weights, by the framework's own means; NumPy has none."""
    own = adapter(backend)
    values = P.clip(1e-3, 0.999) if binary else RNG.dirichlet(np.ones(4), size=(6,))
    weight = PAIRS if binary else W
    direction = RNG.normal(size=values.shape)
    arrays = {"p": own.array(values), "w": own.array(weight)}
    constant = own.array(direction)

    def function(p: Any, w: Any) -> Any:
        return unweight_probabilities(p, class_weight=w, binary=binary) * constant

    if backend not in AUTODIFF:
        with pytest.raises(TypeError):
            wce_core.value_and_grad(lambda p: function(p, arrays["w"]))(arrays["p"])
        return
    for wrt in arrays:
        for route in own.routes:
            _, gradient = own.differentiate(route, function, arrays, wrt)
            want = slopes(values, weight, direction, wrt, binary=binary)
            np.testing.assert_allclose(own.numpy(gradient), want, rtol=1e-9, atol=1e-12)


def slopes(
    p: np.ndarray, w: np.ndarray, direction: np.ndarray, wrt: str, *, binary: bool
) -> np.ndarray:
    if binary:
        ratio = w[:, 1] / w[:, 0]
        below = (p + (1 - p) * ratio) ** 2
        if wrt == "p":
            return direction * ratio / below
        to_ratio = (-direction * p * (1 - p) / below).sum(0)
        return np.stack([-to_ratio * ratio / w[:, 0], to_ratio / w[:, 0]], -1)
    whole = (p / w).sum(-1, keepdims=True)
    own = p / w / whole
    inner = direction - (direction * own).sum(-1, keepdims=True)
    return inner / w / whole if wrt == "p" else -(inner * own / w).sum(0)


def test_gradients_of_half_types(backend: str) -> None:
    own = adapter(backend)
    if backend not in AUTODIFF:
        return
    arrays = {"p": held(backend, "bfloat16", P)[1]}

    def function(p: Any) -> Any:
        return unweight_probabilities(p, pos_weight=4.0, binary=True)

    _, gradient = own.differentiate("eager", function, arrays, "p")
    values = held(backend, "bfloat16", P)[2]
    want = 4.0 / (values + (1 - values) * 4.0) ** 2
    np.testing.assert_allclose(own.numpy(gradient).astype(np.float64), want, rtol=0.02)


def test_compiled(backend: str) -> None:
    own, array, values = held(backend, "float32", ROWS)
    rows = own.compiled(lambda p, w: unweight_probabilities(p, class_weight=w))
    weight = own.array(W.astype(np.float32))
    close(
        own,
        rows(array, weight),
        rows_by_hand(values, {"class_weight": W.astype(np.float32)}),
        "float32",
    )
    _, array, values = held(backend, "float32", P)
    binary = own.compiled(lambda p: unweight_logits(p, pos_weight=99.0, binary=True))
    np.testing.assert_allclose(own.numpy(binary(array)), values - np.log(99.0), rtol=1e-5)


def test_where_nobody_looks_a_weight_of_0_leaves_nan(backend: str) -> None:
    own, array, _ = held(backend, "float32", [[0.0, 0.4, 0.6]])
    weight = own.array(np.array([0.0, 1.0, 1.0], np.float32))
    undo = own.compiled(lambda p, w: unweight_probabilities(p, class_weight=w))
    if backend in ("jax", "tensorflow"):  # whose compilers hide values
        assert np.isnan(own.numpy(undo(array, weight))).all()
    else:
        with pytest.raises(ValueError, match="class_weight is 0"):
            unweight_probabilities(array, class_weight=weight)


BAD: dict[str, tuple[Any, dict[str, Any], str]] = {
    "nothing": (ROWS, {}, "nothing to undo"),
    "zero": (ROWS, {"class_weight": [1, 0, 1, 1]}, r"class_weight is 0 at position \(1,\)"),
    "negative": (P, {"pos_weight": -1.0, "binary": True}, "pos_weight is -1.0"),
    "infinite": (P, {"pos_weight": np.inf, "binary": True}, "pos_weight is inf"),
    "NaN weight": (ROWS, {"class_weight": [1, 2, 3, np.nan]}, "class_weight is nan at position"),
    "NaN adjustment": (ROWS, {"logit_adjustment": [1, 2, 3, np.nan]}, "logit_adjustment is nan"),
    "absent": (ROWS, {"logit_adjustment": [1, 2, 3, -np.inf]}, "logit_adjustment is -inf"),
    "NaN": ([0.1, np.nan], {"pos_weight": 2.0, "binary": True}, "predictions is nan at"),
    "above 1": ([[1.5, -0.5]], {"class_weight": [1, 2]}, "predictions is 1.5"),
    "no rows": ([[0.2, 0.3]], {"class_weight": [1, 2]}, "row of predictions is 0.5.*binary=True"),
    "classes": (ROWS, {"class_weight": [1, 2, 3]}, r"class_weight has shape \(3,\);.*\(4,\)"),
    "adjustments": (ROWS, {"logit_adjustment": [1, 2]}, r"logit_adjustment has shape \(2,\)"),
    "a number": (ROWS, {"logit_adjustment": 1.0}, r"logit_adjustment has shape \(\);.*\(4,\)"),
    "a word": (ROWS, {"class_weight": "balanced"}, "class_weight is 'balanced'; expected numbers"),
    "no pair": (P, {"logit_adjustment": [1, 2, 3], "binary": True}, r"\(3,\);.*class 0 and"),
    "labels": (P, {"class_weight": [[1, 2]], "binary": True}, r"class_weight has shape \(1, 2\)"),
    "mapping": (ROWS, {"class_weight": {0: 1, 1: 2}}, "2, 3 missing"),
    "not binary": (P, {"pos_weight": 2.0}, "pass binary=True"),
    "axis": (ROWS, {"class_weight": W, "axis": 3}, "a class axis at axis=3"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_input(name: str) -> None:
    predictions, options, message = BAD[name]
    with pytest.raises(ValueError, match=message):
        unweight_probabilities(predictions, **options)


def test_bad_types() -> None:
    with pytest.raises(TypeError, match="predictions has dtype int64"):
        unweight_logits(np.array([[1, 2]]), class_weight=[1, 2])
    with pytest.raises(TypeError, match="class_weight has dtype bool"):
        unweight_logits(ROWS, class_weight=[True, False, True, True])
    with pytest.raises(ValueError, match=r"predictions is nan at position \(0, 1\)"):
        unweight_logits([[0.0, np.nan]], class_weight=[1, 2])
    assert unweight_logits([[-np.inf, 0.0]], class_weight=[1, 1])[0, 0] == -np.inf


def calibration_error(said: np.ndarray, true: np.ndarray) -> float:
    """The largest expected calibration error of a class.

    That is the mean distance, over ten bins of what is said, from what is true in a bin.
    """
    bins = np.minimum((said * 10).astype(int), 9)
    parts = (abs(((said - true) * (bins == k)).sum(0)) for k in range(10))
    return float((sum(parts) / len(said)).max())


ITEMS = 20_000
FEATURES = np.concatenate([RNG.normal(size=(ITEMS, 2)), np.ones((ITEMS, 1))], 1)


def trained(loss: Any, targets: np.ndarray, outputs: int, rate: float) -> np.ndarray:
    """The logits of a linear model at the least weighted loss, by gradient descent."""
    model = np.zeros((3, outputs))
    step = np.zeros_like(model)
    both = wce_core.value_and_grad(loss)
    for _ in range(300):
        _, gradient = both(FEATURES @ model, targets)
        step = 0.9 * step - rate * FEATURES.T @ gradient
        model += step
    return np.asarray(FEATURES @ model)


def softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max(-1, keepdims=True))
    return np.asarray(e / e.sum(-1, keepdims=True))


TRUE = softmax(FEATURES @ np.array([[1.0, -1.0, 0.5], [0.0, 1.5, -1.0], [2.0, 0.0, -1.5]]))
LABELS = (RNG.uniform(size=(ITEMS, 1)) > TRUE.cumsum(1)[:, :2]).sum(1)
TRUE_ONES = 1.0 / (1.0 + np.exp(-FEATURES @ np.array([[1.0, 2.0], [-1.0, 0.5], [-3.0, -1.0]])))
ONES = (RNG.uniform(size=TRUE_ONES.shape) < TRUE_ONES).astype(np.float64)


def test_classes_trained_with_weights_are_calibrated() -> None:
    weight = wce_core.class_weights.class_weights(LABELS, "balanced")
    loss = losses.CrossEntropy(class_weight=weight, reduction="weighted_mean")
    x = trained(loss, LABELS, 3, 0.3)
    assert calibration_error(softmax(x), TRUE) > 0.05
    assert calibration_error(unweight_probabilities(softmax(x), class_weight=weight), TRUE) <= 0.01
    assert calibration_error(softmax(unweight_logits(x, class_weight=weight)), TRUE) <= 0.01


def test_labels_trained_with_weights_are_calibrated() -> None:
    options = {"class_weight": [[1.0, 2.0], [3.0, 1.0]], "pos_weight": [5.0, 1.0]}
    z = trained(losses.BinaryCrossEntropy(**options), ONES, 2, 0.3)
    said = 1.0 / (1.0 + np.exp(-z))
    assert calibration_error(said, TRUE_ONES) > 0.05
    got = unweight_probabilities(said, binary=True, **options)
    assert calibration_error(got, TRUE_ONES) <= 0.01
    logits = unweight_logits(z, binary=True, **options)
    assert calibration_error(1.0 / (1.0 + np.exp(-logits)), TRUE_ONES) <= 0.01


def test_classes_trained_with_logit_adjustment_are_calibrated() -> None:
    adjustment = 1.5 * np.log(np.bincount(LABELS) / ITEMS)
    loss = losses.CrossEntropy()
    x = trained(lambda own, y: loss(own, y), LABELS, 3, 0.3)
    adjusted = x - adjustment  # of the model whose x + a is what has the least loss
    assert calibration_error(softmax(adjusted), TRUE) > 0.05
    got = unweight_probabilities(softmax(adjusted), logit_adjustment=adjustment)
    assert calibration_error(got, TRUE) <= 0.01
