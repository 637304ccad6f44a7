"""``value_and_grad`` where there is no autodiff: what the handle may and may not do."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import wce_core
from wce_core import losses

X = np.array([[0.5, -1.0, 2.0], [1.5, 0.0, -0.5]])
Y = np.array([2, 0])


def ce(x: Any, **options: Any) -> Any:
    return losses.cross_entropy(x, Y, **options)


def plain(**options: Any) -> tuple[float, np.ndarray]:
    value, gradient = wce_core.value_and_grad(ce)(X, **options)
    return float(value), gradient


A, GA = plain()
B, GB = plain(class_weight=[1.0, 2.0, 5.0], reduction="sum")


@pytest.mark.parametrize(
    ("expression", "value", "gradient"),
    [
        (lambda a, b: a + b, A + B, GA + GB),
        (lambda a, b: a - b, A - B, GA - GB),
        (lambda a, b: a * b, A * B, GA * B + A * GB),
        (lambda a, b: a / b, A / B, GA / B - A * GB / B**2),
        (lambda a, b: 2 * a - b / 4 + 1, 2 * A - B / 4 + 1, 2 * GA - GB / 4),
        (lambda a, b: 1 - a, 1 - A, -GA),
        (lambda a, b: 3 / a, 3 / A, -3 * GA / A**2),
        (lambda a, b: -a, -A, -GA),
        (lambda a, b: sum([a, b]), A + B, GA + GB),
        (lambda a, b: np.float64(2.0) * a, 2 * A, 2 * GA),
        (lambda a, b: a * np.float32(0.5), A / 2, GA / 2),
    ],
)
def test_arithmetic(expression: Callable[..., Any], value: float, gradient: np.ndarray) -> None:
    def function(x: Any) -> Any:
        return expression(ce(x), ce(x, class_weight=[1.0, 2.0, 5.0], reduction="sum"))

    got, slope = wce_core.value_and_grad(function)(X)
    np.testing.assert_allclose(got, value, rtol=1e-14)
    np.testing.assert_allclose(slope, gradient, rtol=1e-13, atol=1e-16)


def test_float32_stays_float32() -> None:
    value, gradient = wce_core.value_and_grad(lambda x: np.float64(2.0) * ce(x))(
        X.astype(np.float32)
    )
    assert gradient.dtype == np.float32
    np.testing.assert_allclose(value, 2 * A, rtol=1e-6)


def test_parts_carry_the_gradient() -> None:
    def function(x: Any) -> Any:
        parts = ce(x, reduction="parts") + ce(x, class_weight=[1.0, 2.0, 5.0], reduction="parts")
        return parts.weighted_mean()

    value, gradient = wce_core.value_and_grad(function)(X)
    np.testing.assert_allclose(value, (2 * A + B) / (2 + 6), rtol=1e-14)
    np.testing.assert_allclose(gradient, (2 * GA + GB) / 8, rtol=1e-13)
    empty = wce_core.value_and_grad(lambda x: ce(x, mask=[False, False], reduction="parts").mean())
    value, gradient = empty(X)
    assert value == 0.0
    assert not gradient.any()


def test_auxiliary_output() -> None:
    (value, aux), gradient = wce_core.value_and_grad(lambda x: (ce(x), x.shape), has_aux=True)(X)
    assert aux == (2, 3)
    np.testing.assert_array_equal(gradient, GA)
    assert float(value) == A


def test_a_single_item_is_a_scalar() -> None:
    value, gradient = wce_core.value_and_grad(losses.cross_entropy)(X[0], 2, reduction="none")
    assert value.shape == ()
    assert gradient.shape == (3,)


def test_the_handle_shows_its_shape() -> None:
    seen: dict[str, Any] = {}

    def function(x: Any) -> Any:
        seen.update(shape=x.shape, dtype=x.dtype, ndim=x.ndim)
        return ce(x)

    wce_core.value_and_grad(function)(X)
    assert seen == {"shape": (2, 3), "dtype": np.float64, "ndim": 2}


@pytest.mark.parametrize(
    "use",
    [
        np.exp,
        np.asarray,
        np.concatenate,
        lambda x: x[0],
        lambda x: x + 1,
        lambda x: 2 * x,
        lambda x: X - x,
        lambda x: -x,
        float,
        len,
        list,
        bool,
        lambda x: x > 0,
        lambda x: losses.cross_entropy(X, x),
        lambda x: losses.cross_entropy(x, Y, sample_weight=ce(x)),
        lambda x: losses.binary_cross_entropy(X, X > 0, pos_weight=ce(x)),
        lambda x: losses.cross_entropy(x, Y, sample_weight=x),
        lambda x: operator.add(ce(x), "text"),
        lambda x: ce(x) * X,
        lambda x: 1.0,
    ],
)
def test_any_other_use_is_an_error(use: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError):
        wce_core.value_and_grad(use)(X)


def test_the_error_names_the_frameworks() -> None:
    with pytest.raises(TypeError, match="JAX, PyTorch or TensorFlow"):
        wce_core.value_and_grad(np.exp)(X)


@pytest.mark.parametrize(
    "use",
    [
        lambda a: a**2,
        np.exp,
        np.asarray,
        lambda a: a > 1,
        lambda a: np.add(a, 1.0),
        lambda a: np.add.reduce(a),
    ],
)
def test_losses_have_four_operations(use: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError, match="JAX, PyTorch or TensorFlow"):
        wce_core.value_and_grad(lambda x: use(ce(x)))(X)


@pytest.mark.parametrize("operation", [operator.add, operator.sub, operator.mul, operator.truediv])
def test_numpy_scalars_on_either_side(operation: Callable[..., Any]) -> None:
    two = np.float64(2.0)
    value, gradient = wce_core.value_and_grad(lambda x: operation(two, ce(x)))(X)
    plain_value, plain_gradient = wce_core.value_and_grad(lambda x: operation(2.0, ce(x)))(X)
    assert value == plain_value
    np.testing.assert_array_equal(gradient, plain_gradient)
    assert float(wce_core.value_and_grad(lambda x: operation(ce(x), two))(X)[0]) == operation(
        A, 2.0
    )


def test_item_losses_have_no_single_gradient() -> None:
    with pytest.raises(ValueError, match="reduction='none'"):
        plain(reduction="none")


def test_two_handles_do_not_mix() -> None:
    def outer(x: Any) -> Any:
        kept.append(ce(x))
        return kept[0] + ce(x)

    kept: list[Any] = []
    wce_core.value_and_grad(outer)(X)
    with pytest.raises(TypeError, match="two calls"):
        wce_core.value_and_grad(outer)(X)
    assert repr(kept[0]).startswith("Tracked(")
    assert float(kept[0]) == A
