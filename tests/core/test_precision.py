"""Dtypes of results, sums that half types cannot hold, and cotangents applied late."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import pytest

import wce_core
from wce_conformance.adapters import adapter
from wce_core import losses

HALVES = {"float16": np.dtype(np.float16), "bfloat16": np.dtype(ml_dtypes.bfloat16)}
DTYPES = {"float64": np.dtype(np.float64), "float32": np.dtype(np.float32), **HALVES}


def offered(backend: str, dtype: str) -> bool:
    return dtype in adapter(backend).dtypes


@pytest.mark.parametrize("precision", ["native", "exact"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_results_have_the_predictions_dtype(backend: str, dtype: str, precision: Any) -> None:
    if not offered(backend, dtype):
        return
    own = adapter(backend)
    x = own.array(np.zeros((2, 3), DTYPES[dtype]))
    y, w = own.array(np.array([0, 2])), own.array(np.ones(3))
    options: dict[str, Any] = {"class_weight": w, "precision": precision}
    value, gradient = wce_core.value_and_grad(losses.cross_entropy)(x, y, **options)
    assert own.numpy(value).dtype == own.numpy(gradient).dtype == DTYPES[dtype]
    items = losses.cross_entropy(x, y, reduction="none", **options)
    assert own.numpy(items).dtype == DTYPES[dtype]
    parts = losses.cross_entropy(x, y, reduction="parts", **options)
    wide = "float64" if dtype == "float64" else "float32"
    assert own.numpy(parts.total).dtype == own.numpy(parts.weight).dtype == np.dtype(wide)
    for number in (parts.items, parts.all_items, parts.nonzero, parts.batch):
        assert own.numpy(number).dtype.kind == "i"


@pytest.mark.parametrize("asked", ["float64", "float32"])
def test_another_result_dtype(backend: str, asked: str) -> None:
    own = adapter(backend)
    x, y = own.array(np.ones((2, 3), np.float32)), own.array(np.array([0, 2]))
    if backend == "jax" and asked == "float64":
        with pytest.raises(ValueError, match="dtype='float64'"):
            losses.cross_entropy(x, y, dtype=asked)
        return
    value = losses.cross_entropy(x, y, dtype=asked)
    assert own.numpy(value).dtype == np.dtype(asked)
    np.testing.assert_allclose(
        own.numpy(value), np.log(3.0), rtol=1e-14 if asked == "float64" else 1e-6
    )


@pytest.mark.parametrize("dtype", [np.float32, np.dtype("float32"), "float32", float])
def test_dtype_objects(dtype: Any) -> None:
    if dtype is float:
        with pytest.raises(TypeError, match="dtype"):
            losses.cross_entropy(np.zeros((2, 3)), [0, 1], dtype=dtype)
        return
    assert losses.cross_entropy(np.zeros((2, 3)), [0, 1], dtype=dtype).dtype == np.float32


@pytest.mark.parametrize("dtype", HALVES)
def test_counts_beyond_a_half_type(backend: str, dtype: str) -> None:
    """65,536 is no float16 and 257 no bfloat16; class 257 must not become 256 either."""
    if not offered(backend, dtype):
        return
    own = adapter(backend)
    n = 65_536 + 257
    x = own.array(np.zeros((n, 2), DTYPES[dtype]))
    y = own.array(np.zeros(n, np.int64))
    want = np.log(2.0).astype(DTYPES[dtype])
    assert own.numpy(losses.cross_entropy(x, y)) == want
    parts = losses.cross_entropy(x, y, reduction="parts")
    assert int(own.numpy(parts.items)) == n
    np.testing.assert_allclose(own.numpy(parts.total), n * np.log(2.0), rtol=1e-7)
    wide = np.zeros((1, 300), np.float32)
    wide[0, 257] = 8.0
    row = own.array(wide.astype(DTYPES[dtype]))
    got = own.numpy(losses.cross_entropy(row, own.array(np.array([257]))))
    np.testing.assert_allclose(float(got), np.log(1 + 299 * np.exp(-8.0)), rtol=1e-2)


@pytest.mark.parametrize("dtype", HALVES)
def test_a_scaled_loss_keeps_small_gradients(backend: str, dtype: str) -> None:
    """The cotangent meets the gradient in float32: 1e-9 · 65,536 is no zero in float16."""
    if not offered(backend, dtype):
        return
    own = adapter(backend)
    x = np.zeros((1, 3), DTYPES[dtype])
    x[0, 0] = 20.0
    scale = 65_536.0

    def scaled(p: Any) -> Any:
        return losses.cross_entropy(p, own.array(np.array([0])), dtype="float32") * scale

    gradient = own.numpy(wce_core.value_and_grad(scaled)(own.array(x))[1]).astype(np.float64)
    p = np.exp(-20.0)
    np.testing.assert_allclose(gradient, [[-2 * p * scale, p * scale, p * scale]], rtol=1e-2)


def test_huge_weights_cancel_in_a_weighted_mean(backend: str) -> None:
    own = adapter(backend)
    x, y = own.array(np.zeros((3, 2), np.float32)), own.array(np.array([0, 1, 0]))
    w = own.array(np.full(3, np.finfo(np.float32).max))
    value, gradient = wce_core.value_and_grad(losses.cross_entropy)(
        x, y, sample_weight=w, reduction="weighted_mean"
    )
    np.testing.assert_allclose(own.numpy(value), np.log(2.0), rtol=1e-6)
    np.testing.assert_allclose(np.abs(own.numpy(gradient)), 1 / 6, rtol=1e-6)


def test_exact_float64_is_native(backend: str) -> None:
    own = adapter(backend)
    rng = np.random.default_rng(3)
    x, y = own.array(rng.normal(size=(8, 5))), own.array(rng.integers(0, 5, 8))
    native = wce_core.value_and_grad(losses.cross_entropy)(x, y)
    exact = wce_core.value_and_grad(losses.cross_entropy)(x, y, precision="exact")
    for a, b in zip(native, exact, strict=True):
        np.testing.assert_array_equal(own.numpy(a), own.numpy(b))


def test_nothing_is_kept_between_calls(backend: str) -> None:
    own = adapter(backend)
    x = own.array(np.array([[2.0, 0.0, -1.0], [0.0, 1.0, 0.5]]))
    first = [own.numpy(losses.cross_entropy(x, own.array(np.array(y)))) for y in ([0, 0], [2, 2])]
    again = [own.numpy(losses.cross_entropy(x, own.array(np.array(y)))) for y in ([0, 0], [2, 2])]
    assert first[0] != first[1]
    np.testing.assert_array_equal(first, again)


def test_blocks_add_up() -> None:
    """More items than one block, class axis first, middle and last: the same as item by item."""
    rng = np.random.default_rng(0)
    for shape, axis in (
        ((70_001, 3), 1),
        ((3, 70_001), 0),
        ((2, 3, 70_001), 1),
        ((2, 70_001, 3), 2),
    ):
        x = rng.normal(size=shape)
        items = tuple(n for i, n in enumerate(shape) if i != axis)
        y, w = rng.integers(0, 3, items), rng.random(items)
        call: dict[str, Any] = {"axis": axis, "sample_weight": w, "class_weight": [1.0, 2.0, 3.0]}
        losses_ = losses.cross_entropy(x, y, reduction="none", **call)
        rows, labels = np.moveaxis(x, axis, -1).reshape(-1, 3), y.reshape(-1)
        shifted = rows - rows.max(-1, keepdims=True)
        nll = np.log(np.exp(shifted).sum(-1)) - shifted[np.arange(len(rows)), labels]
        factor = w.reshape(-1) * np.array([1.0, 2.0, 3.0])[labels]
        np.testing.assert_allclose(losses_.reshape(-1), nll * factor, rtol=1e-9)
        value, gradient = wce_core.value_and_grad(losses.cross_entropy)(
            x, y, reduction="weighted_mean", **call
        )
        np.testing.assert_allclose(value, (nll * factor).sum() / factor.sum(), rtol=1e-12)
        p = np.exp(shifted) / np.exp(shifted).sum(-1, keepdims=True)
        p[np.arange(len(rows)), labels] -= 1
        slope = np.moveaxis(gradient, axis, -1).reshape(-1, 3)
        np.testing.assert_allclose(
            slope, p * (factor / factor.sum())[:, None], rtol=1e-7, atol=1e-18
        )


def test_the_complement_of_any_probability(backend: str) -> None:
    """Where a framework's own log1p may lose digits: XLA's does."""
    own, p = adapter(backend), np.linspace(0.001, 0.999, 2001)
    zeros = own.array(np.zeros_like(p))
    items = losses.binary_cross_entropy(own.array(p), zeros, form="probabilities", reduction="none")
    np.testing.assert_allclose(own.numpy(items), -np.log1p(-p), rtol=3 * 2.0**-52)


MIDDLE = [40.0, 3 * 2.0**-19, -5.0]
"""Of class 1 the loss is the middle of two float32 numbers, and e^-40 more."""
OF_ONE_CLASS: dict[str, tuple[Any, dict[str, Any], float]] = {
    "cross-entropy": (losses.cross_entropy, {}, 0.0),
    "weights with signs": (losses.cross_entropy, {"negative_weights": True}, 0.0),
    "focal": (losses.focal_cross_entropy, {"gamma": 2.0}, 0.0),
    "poly": (losses.poly_cross_entropy, {"epsilon": 1.0}, 1.0),
}


@pytest.mark.parametrize("name", OF_ONE_CLASS)
def test_what_float64_has_no_digits_for_decides(backend: str, name: str) -> None:
    own, (function, options, more) = adapter(backend), OF_ONE_CLASS[name]
    middle = MIDDLE[0] - MIDDLE[1] + more
    above = np.float32(middle + 2.0**-30)
    assert float(np.float32(middle)) < middle < float(above)
    x, y = own.array(np.array([MIDDLE], np.float32)), own.array(np.array([1]))
    found = function(x, y, reduction="none", precision="exact", **options)
    assert own.numpy(found)[0] == above


@pytest.mark.parametrize("precision", ["native", "exact"])
def test_what_is_not_rounded_again_is_left_as_it_is(backend: str, precision: Any) -> None:
    own = adapter(backend)
    x, y = own.array(np.array([[40.0, 0.0]])), own.array(np.array([1]))
    found = losses.cross_entropy(x, y, reduction="none", precision=precision)
    assert own.numpy(found)[0] == 40.0


def test_small_gradients_beside_nan_are_flushed(backend: str) -> None:
    own = adapter(backend)
    x = own.array(np.array([[0.0, -90.0, 0.0], [np.nan, 0.0, 0.0]], np.float32))
    function = wce_core.value_and_grad(losses.cross_entropy)
    _, gradient = function(x, own.array(np.array([0, 0])), reduction="sum", precision="exact")
    np.testing.assert_array_equal(own.numpy(gradient)[0], np.float32([-0.5, 0.0, 0.5]))
    assert np.isnan(own.numpy(gradient)[1]).all()
