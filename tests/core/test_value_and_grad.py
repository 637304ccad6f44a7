"""``value_and_grad`` where there is no autodiff: what the handle may and may not do."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import wce_core
from wce_core import dialects, losses

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


# --- Item losses ----------------------------------------------------------------------------------

RNG = np.random.default_rng(0)
WIDE = RNG.normal(size=(4, 2, 3))
LABELS = RNG.integers(0, 3, (4, 2))
FACTORS = np.array([[1.0, 0.5], [2.0, 0.0], [3.0, 1.0], [0.25, 4.0]])


def items(x: Any, y: Any = LABELS, **options: Any) -> Any:
    return losses.cross_entropy(x, y, reduction="none", **options)


@pytest.mark.parametrize(
    ("reduced", "weights"),
    [
        (lambda a: a.mean(), np.full((4, 2), 1 / 8)),
        (lambda a: a.mean(axis=(0, 1)), np.full((4, 2), 1 / 8)),
        (lambda a: a.mean(-1).sum(), np.full((4, 2), 1 / 2)),
        (lambda a: a.mean(axis=np.int64(0)).mean(), np.full((4, 2), 1 / 8)),
        (lambda a: (a.mean(1) * FACTORS[:, 0]).sum(), np.outer(FACTORS[:, 0], [0.5, 0.5])),
        (lambda a: (FACTORS * a / 3).sum(), FACTORS / 3),
        (lambda a: (a / (1 + FACTORS)).mean(), 1 / (1 + FACTORS) / 8),
        (lambda a: a.mean(axis=()).sum(), np.ones((4, 2))),
    ],
)
def test_item_losses_are_weighed_and_averaged(
    reduced: Callable[..., Any], weights: np.ndarray
) -> None:
    got, slope = wce_core.value_and_grad(lambda x: reduced(items(x)))(WIDE)
    value, gradient = wce_core.value_and_grad(losses.cross_entropy)(
        WIDE, LABELS, sample_weight=weights, reduction="sum"
    )
    np.testing.assert_allclose(got, value, rtol=1e-14)
    np.testing.assert_allclose(slope, gradient, rtol=1e-13, atol=1e-16)


@pytest.mark.parametrize("axis", [2, -3, (0, 2)])
def test_items_have_no_such_axis(axis: Any) -> None:
    with pytest.raises(ValueError, match=r"items has shape \(4, 2\); expected an axis at axis="):
        wce_core.value_and_grad(lambda x: items(x).mean(axis=axis))(WIDE)


@pytest.mark.parametrize("axis", [0.9, "0", True, (0, 0.5), [0]])
def test_an_axis_is_an_integer(axis: Any) -> None:
    with pytest.raises(TypeError, match="axis is .*; expected"):
        wce_core.value_and_grad(lambda x: items(x).mean(axis=axis))(WIDE)
    with pytest.raises(TypeError, match="axis is .*; expected"):
        losses.cross_entropy(WIDE, LABELS, axis=axis)


def test_an_axis_is_named_once() -> None:
    with pytest.raises(ValueError, match="names an axis twice"):
        wce_core.value_and_grad(lambda x: items(x).mean(axis=(0, -2)))(WIDE)


def test_the_mean_of_no_items_is_that_of_an_empty_array() -> None:
    empty = np.zeros((0, 2, 3)), np.zeros((0, 2), int)
    value, gradient = wce_core.value_and_grad(lambda x, y: items(x, y).mean())(*empty)
    assert np.isnan(value)
    assert gradient.shape == (0, 2, 3)
    value, gradient = wce_core.value_and_grad(lambda x, y: items(x, y).mean(axis=0).sum())(*empty)
    assert np.isnan(value)
    assert gradient.shape == (0, 2, 3)


def test_many_half_precision_items_have_a_mean() -> None:
    """Their sum is beyond float16, and 1/N below its normal numbers."""
    x, y = np.zeros((70_000, 3), np.float16), np.ones(70_000, int)
    x[:, 0] = 5.0
    value, gradient = wce_core.value_and_grad(lambda x: items(x, y).mean())(x)
    expected, slope = wce_core.value_and_grad(losses.cross_entropy)(x, y)
    assert value == expected
    np.testing.assert_array_equal(gradient, slope)


KERAS = dialects.keras.SparseCategoricalCrossentropy(from_logits=True)
ITEM_DIALECTS: dict[str, Callable[..., Any]] = {
    "TensorFlow": dialects.tf.compat.v1.losses.sparse_softmax_cross_entropy,
    "Keras": lambda y, x, s: KERAS(y, x, sample_weight=s),
}


@pytest.mark.parametrize("name", ITEM_DIALECTS)
def test_dialects_reduce_handles_as_they_do_arrays(name: str) -> None:
    loss = ITEM_DIALECTS[name]
    x, y, ones = np.zeros((70_000, 3), np.float16), np.ones(70_000, int), np.ones(70_000)
    x[:, 0] = 5.0
    value, gradient = wce_core.value_and_grad(lambda x: loss(y, x, ones))(x)
    assert value == loss(y, x, ones)
    assert value.dtype == gradient.dtype == np.float16
    impossible, kept = np.array([[0.0, -np.inf], [1.0, 2.0]]), np.array([0.0, 1.0])
    value, gradient = wce_core.value_and_grad(lambda x: loss([1, 0], x, kept))(impossible)
    assert value == loss([1, 0], impossible, kept)
    assert np.isfinite(value)
    assert not gradient[0].any()


def test_weights_of_items_do_not_depend_on_the_predictions() -> None:
    for use in (lambda a, x: a * a, lambda a, x: a * x, lambda a, x: a / a.sum()):
        with pytest.raises(TypeError, match="JAX, PyTorch or TensorFlow"):
            wce_core.value_and_grad(lambda x, use=use: use(items(x), x).sum())(WIDE)


# --- What escapes ---------------------------------------------------------------------------------


def test_a_handle_that_escaped_is_of_its_own_call() -> None:
    kept: list[Any] = []

    def keep(x: Any) -> Any:
        kept.append(x)
        return ce(x)

    wce_core.value_and_grad(keep)(X)
    for escaped in (lambda x: ce(kept[0]), lambda x: 2 * ce(kept[0])):
        with pytest.raises(TypeError, match="another call of value_and_grad"):
            wce_core.value_and_grad(escaped)(X + 1.0)
    with pytest.raises(TypeError, match="two calls"):
        wce_core.value_and_grad(lambda x: ce(x) + ce(kept[0]))(X + 1.0)


def test_auxiliary_output_holds_arrays() -> None:
    def function(x: Any) -> Any:
        parts = ce(x, reduction="parts")
        held = {"loss": ce(x), "items": [ce(x, reduction="none")], "x": x, "parts": parts}
        return parts.mean(), (held, "name")

    (value, (held, name)), _ = wce_core.value_and_grad(function, has_aux=True)(X)
    assert name == "name"
    assert value == held["loss"] == A
    assert type(held["loss"]) is np.float64
    assert held["x"] is X
    np.testing.assert_array_equal(held["items"][0], ce(X, reduction="none"))
    assert isinstance(held["parts"], wce_core.LossParts)
    assert (held["parts"] + ce(X, reduction="parts")).mean() == A


def test_a_loss_over_0_is_infinite_as_a_number_would_be() -> None:
    with np.errstate(all="ignore"):
        value, gradient = wce_core.value_and_grad(lambda x: ce(x) / 0)(X)
        np.testing.assert_array_equal(gradient, GA / 0)
    assert value == np.inf
