"""Weights of items below 0: refused unless they are meant, and what divides by their magnitudes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import wce_core
from wce_conformance.adapters import adapter
from wce_core import LossParts, losses

RNG = np.random.default_rng(11)
X = RNG.normal(size=(12, 3)).astype(np.float32)
Y = RNG.integers(0, 3, 12)
BITS = RNG.integers(0, 2, (12, 3)).astype(np.float32)
ADVANTAGES = RNG.normal(size=12)
INF, NAN = float("inf"), float("nan")
CALLS: dict[str, tuple[Callable[..., Any], np.ndarray]] = {
    "cross_entropy": (losses.cross_entropy, Y),
    "binary_cross_entropy": (losses.binary_cross_entropy, BITS),
}


def items(name: str) -> np.ndarray:
    """The losses of the items, unweighted."""
    loss, targets = CALLS[name]
    return np.asarray(loss(X, targets, reduction="none"), np.float64)


def weights_of(name: str) -> np.ndarray:
    """The advantages, one for each item."""
    return ADVANTAGES if name == "cross_entropy" else np.repeat(ADVANTAGES[:, None], 3, 1)


@pytest.mark.parametrize("name", CALLS)
def test_they_are_refused_unless_meant(backend: str, name: str) -> None:
    own, (loss, targets) = adapter(backend), CALLS[name]
    message = r"sample_weight is -\d.*; where it is meant, pass negative_weights=True"
    with pytest.raises(ValueError, match=message):
        loss(own.array(X), own.array(targets), sample_weight=own.array(ADVANTAGES))


@pytest.mark.parametrize("name", CALLS)
def test_an_advantage_times_the_loss(backend: str, name: str) -> None:
    """Eager and compiled, value and gradient: that of a policy."""
    own, (loss, targets) = adapter(backend), CALLS[name]
    given = {"predictions": X, "targets": targets, "sample_weight": ADVANTAGES.astype(np.float32)}
    arrays = {each: own.array(array) for each, array in given.items()}

    def policy(**own_arrays: Any) -> Any:
        return loss(**own_arrays, negative_weights=True)

    value = np.mean(weights_of(name) * items(name))
    _, slopes = wce_core.value_and_grad(loss)(X, targets, reduction="sum")
    slopes = slopes * ADVANTAGES[:, None] / items(name).size
    for route in own.routes:
        found, gradient = own.differentiate(route, policy, arrays, "predictions")
        np.testing.assert_allclose(own.numpy(found), value, rtol=1e-5)
        if gradient is not None:
            np.testing.assert_allclose(own.numpy(gradient), slopes, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("name", CALLS)
def test_a_mean_by_magnitudes(backend: str, name: str) -> None:
    own, (loss, targets) = adapter(backend), CALLS[name]
    found = loss(
        own.array(X), own.array(targets), sample_weight=own.array(ADVANTAGES),
        negative_weights=True, reduction="absolute_weighted_mean",
    )  # fmt: skip
    weights = weights_of(name)
    expected = (weights * items(name)).sum() / np.abs(weights).sum()
    np.testing.assert_allclose(own.numpy(found), expected, rtol=1e-5)


def test_parts_add_up(backend: str) -> None:
    own = adapter(backend)

    def parts(cut: slice) -> LossParts:
        found: LossParts = losses.cross_entropy(
            own.array(X[cut]), own.array(Y[cut]), sample_weight=own.array(ADVANTAGES[cut]),
            negative_weights=True, reduction="parts",
        )  # fmt: skip
        return found

    whole, both = parts(slice(None)), parts(slice(0, 5)) + parts(slice(5, None))
    for found in (whole, both, both + LossParts.zero(own.array(X))):
        np.testing.assert_allclose(own.numpy(found.weight), ADVANTAGES.sum(), rtol=1e-5)
        size = np.abs(ADVANTAGES).sum()
        np.testing.assert_allclose(own.numpy(found.absolute_weight), size, rtol=1e-6)
        mean = (ADVANTAGES * items("cross_entropy")).sum() / size
        np.testing.assert_allclose(own.numpy(found.absolute_weighted_mean()), mean, rtol=1e-5)


def test_it_is_the_weighted_mean_of_weights_without_signs(backend: str) -> None:
    own = adapter(backend)
    x, y, s = own.array(X), own.array(Y), own.array(np.abs(ADVANTAGES))
    a, b = (
        own.numpy(losses.cross_entropy(x, y, sample_weight=s, reduction=reduction))
        for reduction in ("weighted_mean", "absolute_weighted_mean")
    )
    np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("weight", [NAN, INF, -INF])
def test_what_is_no_number_is_still_refused(backend: str, weight: float) -> None:
    own = adapter(backend)
    weights = np.where(np.arange(12) == 7, weight, ADVANTAGES)
    with pytest.raises(
        ValueError, match=rf"sample_weight is {weight} at position \(7,\)"
    ) as caught:
        losses.cross_entropy(
            own.array(X), own.array(Y), sample_weight=own.array(weights), negative_weights=True
        )
    assert "negative_weights" not in str(caught.value)


@pytest.mark.parametrize(
    ("loss", "given"),
    [
        (losses.cross_entropy, {"class_weight": [1.0, -1.0, 1.0]}),
        (losses.cross_entropy, {"cost_matrix": -np.ones((3, 3))}),
        (losses.binary_cross_entropy, {"class_weight": [1.0, -1.0]}),
        (losses.binary_cross_entropy, {"pos_weight": -1.0}),
    ],
)
def test_other_weights_are_never_negative(loss: Callable[..., Any], given: Any) -> None:
    targets = Y if loss is losses.cross_entropy else BITS
    with pytest.raises(ValueError, match="that is not negative"):
        loss(X, targets, negative_weights=True, **given)
    kind = losses.CrossEntropy if loss is losses.cross_entropy else losses.BinaryCrossEntropy
    with pytest.raises(ValueError, match="that is not negative"):
        kind(negative_weights=True, **given)


def test_weights_of_excluded_items_are_not_looked_at() -> None:
    weights = np.where(np.arange(12) < 3, -1.0, 1.0)
    found = losses.cross_entropy(X, Y, sample_weight=weights, mask=np.arange(12) >= 3)
    np.testing.assert_allclose(found, items("cross_entropy")[3:].mean(), rtol=1e-6)


@pytest.mark.parametrize("given", ["yes", None, 2])
def test_an_option_that_is_none(given: Any) -> None:
    with pytest.raises(ValueError, match="negative_weights is"):
        losses.cross_entropy(X, Y, negative_weights=given)
    with pytest.raises(ValueError, match="negative_weights is"):
        losses.CrossEntropy(negative_weights=given)


@pytest.mark.usefixtures("only_replayed")
def test_they_are_replayed() -> None:
    loss = losses.CrossEntropy(negative_weights=True, reduction="absolute_weighted_mean")
    for weights in (ADVANTAGES, -ADVANTAGES, np.abs(ADVANTAGES)):
        found = loss(X, Y, sample_weight=weights)
        expected = (weights * items("cross_entropy")).sum() / np.abs(weights).sum()
        np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_a_program_refuses_what_is_no_number() -> None:
    loss = losses.CrossEntropy(negative_weights=True)
    for _ in range(20):
        loss(X, Y, sample_weight=ADVANTAGES)
    with pytest.raises(ValueError, match="sample_weight is nan"):
        loss(X, Y, sample_weight=np.full(12, NAN))
    plain = losses.CrossEntropy()
    for _ in range(20):
        plain(X, Y, sample_weight=np.abs(ADVANTAGES))
    with pytest.raises(ValueError, match="negative_weights=True"):
        plain(X, Y, sample_weight=ADVANTAGES)


def test_an_explanation() -> None:
    call: dict[str, Any] = {"sample_weight": ADVANTAGES, "negative_weights": True}
    found = wce_core.explain(losses.cross_entropy, X, Y, reduction="weighted_mean", **call)
    np.testing.assert_allclose(found.weights, ADVANTAGES)
    assert any("weights of both signs cancel" in warning for warning in found.warnings)
    found = wce_core.explain(losses.cross_entropy, X, Y, reduction="absolute_weighted_mean", **call)
    assert found.denominator == pytest.approx(np.abs(ADVANTAGES).sum())
    assert not any("both signs" in warning for warning in found.warnings)

    def by_hand(x: Any, y: Any) -> Any:
        own = losses.cross_entropy(x, y, reduction="none") * ADVANTAGES
        return own.sum() / np.abs(ADVANTAGES).sum()

    assert wce_core.explain(by_hand, X, Y).reduction == "absolute_weighted_mean"
