"""``LossParts`` under operators: sums, a number times a loss, and what is refused."""

from __future__ import annotations

import operator
import pickle
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from fractions import Fraction
from typing import Any

import ml_dtypes
import numpy as np
import pytest

import wce_core
from wce_conformance.adapters import adapter
from wce_core import LossParts, losses

X = np.array([[2.0, 1.0, 0.5], [0.0, 3.0, 1.0], [1.0, 1.0, 1.0], [5.0, 0.0, 2.0]])
Y = np.array([0, 1, 2, 0])
W = [1.0, 4.0, 2.0]
MEANS = ("mean", "mean_over_all", "weighted_mean", "nonzero_mean", "batch_mean", "sum")


@pytest.fixture(autouse=True)
def float64_program(request: pytest.FixtureRequest) -> Iterator[None]:
    """JAX adds float64 arrays where its program has them."""
    scope: Any = nullcontext()
    if "backend" in request.fixturenames and request.getfixturevalue("backend") == "jax":
        import jax

        scope = jax.enable_x64(True)
    with scope:
        yield


def parts_of(backend: str, cut: slice = slice(None), **options: Any) -> LossParts:
    own = adapter(backend)
    x, y = own.array(X[cut]), own.array(Y[cut])
    found: LossParts = losses.cross_entropy(x, y, class_weight=W, reduction="parts", **options)
    return found


def numbers(backend: str, parts: LossParts) -> list[Any]:
    return [adapter(backend).numpy(each) for each in parts]


def dtypes(backend: str, parts: LossParts) -> list[str]:
    return [str(each.dtype) for each in numbers(backend, parts)]


def test_sums_begin_with_nothing(backend: str) -> None:
    pieces = [parts_of(backend, slice(i, i + 1)) for i in range(4)]
    own, whole = adapter(backend), parts_of(backend)
    begun = (0 + pieces[0], pieces[0] + 0.0, LossParts.zero() + pieces[0])
    for same in begun:
        assert numbers(backend, same) == numbers(backend, pieces[0])
        assert dtypes(backend, same) == dtypes(backend, pieces[0])
    for total in (
        sum(pieces),
        sum(pieces, LossParts.zero()),
        sum(pieces, LossParts.zero(own.array(X))),
    ):
        assert isinstance(total, LossParts)
        np.testing.assert_allclose(numbers(backend, total), numbers(backend, whole), rtol=1e-14)
        assert dtypes(backend, total) == dtypes(backend, whole)


@pytest.mark.parametrize("result", [None, "float32", "float64"])
def test_zeros_have_the_dtypes_of_the_parts(backend: str, result: str | None) -> None:
    own = adapter(backend)
    for dtype in (np.float64, np.float32, np.float16, ml_dtypes.bfloat16):
        if np.dtype(dtype).name not in own.dtypes:
            continue
        x, y = own.array(X.astype(dtype)), own.array(Y)
        parts = losses.cross_entropy(x, y, reduction="parts", dtype=result)
        for zero in (LossParts.zero(x, dtype=result), LossParts.zero(parts)):
            assert dtypes(backend, zero) == dtypes(backend, parts)
            assert not any(numbers(backend, zero))
            for mean in MEANS:
                assert own.numpy(getattr(zero, mean)()) == 0.0


def test_zeros_of_no_framework() -> None:
    assert LossParts.zero() == (0.0, 0, 0, 0.0, 0, 0, 0.0)
    for mean in MEANS:
        assert getattr(LossParts.zero(), mean)() == 0.0
    assert LossParts.zero() * 2 / 3 == LossParts.zero()
    with pytest.raises(TypeError, match="expected like=predictions"):
        LossParts.zero(dtype="float32")
    with pytest.raises(TypeError, match="like has dtype int64"):
        LossParts.zero(Y)
    with pytest.raises(TypeError, match="float32, float16, bfloat16"):
        LossParts.zero(X, dtype="int32")


SCALED: dict[str, tuple[Callable[..., Any], float]] = {
    "times": (lambda p, a: p * 2, 2.0),
    "by": (lambda p, a: 2.5 * p, 2.5),
    "over": (lambda p, a: p / 4, 0.25),
    "a NumPy scalar": (lambda p, a: np.float64(3.0) * p / np.float32(2.0), 1.5),
    "an array of rank 0": (lambda p, a: p * a(3.0) / a(2.0), 1.5),
    "an integer array": (lambda p, a: p / np.array(2), 0.5),
    "a fraction": (lambda p, a: p * Fraction(1, 4), 0.25),
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("case", SCALED)
def test_a_number_scales_the_loss_alone(backend: str, case: str, dtype: str) -> None:
    own = adapter(backend)
    scale, by = SCALED[case]
    x = own.array(X.astype(dtype))
    parts = losses.cross_entropy(x, own.array(Y), class_weight=W, reduction="parts")
    scaled = scale(parts, lambda number: own.array(np.array(number)))
    assert isinstance(scaled, LossParts)
    assert dtypes(backend, scaled) == dtypes(backend, parts)
    assert numbers(backend, scaled)[1:] == numbers(backend, parts)[1:]
    for mean in MEANS:
        value = own.numpy(getattr(parts, mean)())
        np.testing.assert_allclose(own.numpy(getattr(scaled, mean)()), by * value, rtol=3e-7)


@pytest.mark.parametrize("factor", [None, "2", [2.0], (1.0,), 2j, np.ones(6), np.ones((1, 1))])
def test_what_is_no_number_scales_nothing(backend: str, factor: Any) -> None:
    parts = parts_of(backend)
    for operation in (operator.mul, operator.truediv):
        with pytest.raises(TypeError, match="times or divided by"):
            operation(parts, factor)


ONE = (1.0,)
REFUSED: dict[str, Callable[[LossParts], Any]] = {
    "parts + 1": lambda p: p + 1,
    "1 + parts": lambda p: 1 + p,
    "parts + (1,)": lambda p: p + ONE,
    "(1,) + parts": lambda p: ONE + p,
    "parts + array": lambda p: p + np.ones(6),
    "array + parts": lambda p: np.ones(6) + p,
    "parts + None": lambda p: p + None,
    "parts - parts": lambda p: p - p,
    "-parts": lambda p: -p,
    "parts * parts": lambda p: p * p,
    "parts / parts": lambda p: p / p,
    "2 / parts": lambda p: 2 / p,
    "parts // 2": lambda p: p // 2,
    "parts ** 2": lambda p: p**2,
    "parts < parts": lambda p: p < p,
    "parts >= 0": lambda p: p >= 0,
    "max": lambda p: max(p, p),
    "sorted": lambda p: sorted([p, p]),
    "float": lambda p: float(p),
    "np.exp": np.exp,
    "np.add": lambda p: np.add(p, p),
    "np.mean": np.mean,
    "np.sum": np.sum,
}


@pytest.mark.parametrize("use", REFUSED)
def test_what_makes_no_sense_is_refused(backend: str, use: str) -> None:
    with pytest.raises(TypeError):
        REFUSED[use](parts_of(backend))


def test_it_stays_a_named_tuple(backend: str) -> None:
    parts = parts_of(backend)
    names = ("total", "items", "all_items", "weight", "nonzero", "batch", "absolute_weight")
    assert isinstance(parts, tuple)
    assert parts._fields == names
    assert parts._replace(total=0.0)[0] == 0.0
    total, *counts = parts
    assert total is parts.total
    assert len(counts) == 6
    assert parts == tuple(parts)
    assert parts != parts * 2


def test_it_can_be_pickled() -> None:
    parts = parts_of("numpy")
    assert pickle.loads(pickle.dumps(parts)) == parts


def test_handles_are_scaled_too() -> None:
    def function(x: Any) -> Any:
        piece = losses.cross_entropy(x, Y, class_weight=W, reduction="parts")
        return (sum([piece * 3, LossParts.zero(x)]) / 2).weighted_mean()

    value, gradient = wce_core.value_and_grad(function)(X)
    expected, slope = wce_core.value_and_grad(losses.cross_entropy)(
        X, Y, class_weight=W, reduction="weighted_mean"
    )
    np.testing.assert_allclose(value, 1.5 * expected, rtol=1e-14)
    np.testing.assert_allclose(gradient, 1.5 * slope, rtol=1e-13)


@pytest.mark.parametrize("mean", MEANS)
def test_exact_parts_of_float64_have_the_bits_of_the_mean(backend: str, mean: str) -> None:
    """Their gradient is rounded when it is divided, and flushed then."""
    own, rng = adapter(backend), np.random.default_rng(8)
    x = (rng.normal(size=(300, 7)) * 3).astype(np.float32)
    x[0] = [100.0, 12.0, 5.0, 0.0, 3.0, 1.0, 2.0]
    y = own.array(rng.integers(0, 7, 300))
    options: dict[str, Any] = {"class_weight": W + [0.1] * 4, "precision": "exact"}

    def of_parts(x: Any) -> Any:
        return getattr(
            losses.cross_entropy(x, y, reduction="parts", dtype="float64", **options), mean
        )()

    value, gradient = wce_core.value_and_grad(of_parts)(own.array(x))
    reduction: Any = mean
    expected = wce_core.value_and_grad(losses.cross_entropy)(
        own.array(x), y, reduction=reduction, **options
    )
    assert own.numpy(value).astype(np.float32) == own.numpy(expected[0])
    assert own.numpy(gradient).dtype == np.float32
    np.testing.assert_array_equal(own.numpy(gradient), own.numpy(expected[1]))
    assert own.numpy(gradient)[0, 3] == 0.0


@pytest.mark.parametrize("dtype", [None, "float64"])
def test_exact_parts_of_nothing(backend: str, dtype: Any) -> None:
    own = adapter(backend)
    x, y = own.array(np.zeros((0, 3), np.float32)), own.array(np.zeros(0, np.int64))
    loss = losses.CrossEntropy(class_weight=W, reduction="parts", precision="exact", dtype=dtype)
    assert all(float(each) == 0.0 for each in loss(x, y))
    value, gradient = wce_core.value_and_grad(lambda x: loss(x, y).weighted_mean())(x)
    assert float(value) == 0.0
    assert own.numpy(gradient).shape == (0, 3)
