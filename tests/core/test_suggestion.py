"""The scheme of class weights that an explanation names."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import wce_core
from wce_conformance.adapters import adapter
from wce_core import dialects, losses
from wce_core.class_weights import class_weights

RNG = np.random.default_rng(5)
X = RNG.normal(size=(200, 3))
Y = np.repeat([0, 1, 2], [150, 40, 10])


def logit(p: float) -> float:
    return float(np.log(p / (1 - p)))


def shares(labels: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    """Of each class, of the norms of the items' gradients."""
    norms = np.linalg.norm(gradient, axis=-1)
    return np.bincount(labels, norms) / norms.sum()


def test_it_is_what_the_loss_does_with_these_weights(backend: str) -> None:
    own = adapter(backend)
    weights = RNG.random(200)
    found = wce_core.explain(
        losses.cross_entropy, own.array(X), own.array(Y), sample_weight=own.array(weights)
    ).suggestion
    assert found is not None
    assert found.scheme == "balanced"
    np.testing.assert_allclose(found.weights, class_weights(Y))
    loss = wce_core.value_and_grad(losses.cross_entropy)
    for w, expected in ((None, found.now), (found.weights, found.gradient)):
        _, gradient = loss(X, Y, class_weight=w, sample_weight=weights, reduction="sum")
        np.testing.assert_allclose(shares(Y, gradient), expected, rtol=1e-9)
    assert np.ptp(found.gradient) < np.ptp(found.now)


def test_rare_items_that_are_harder_need_less() -> None:
    """90 items with a slope of 0.2 and 10 with one of 0.6: the square root is even."""
    z, y = np.repeat([logit(0.2), logit(0.4)], [90, 10]), np.repeat([0, 1], [90, 10])
    found = wce_core.explain(losses.binary_cross_entropy, z, y)
    assert found.suggestion is not None
    assert found.suggestion.scheme == "sqrt_inverse"
    np.testing.assert_allclose(found.suggestion.gradient, [0.5, 0.5])
    np.testing.assert_allclose(found.suggestion.now, [0.75, 0.25])
    line = 'class weights by "sqrt_inverse" would even out the gradient: '
    assert f"{line}50.0% to 50.0% a class, now 25.0% to 75.0%" in str(found).splitlines()


@pytest.mark.parametrize("given", ["balanced", class_weights(Y)], ids=["word", "weights"])
def test_none_where_the_shares_are_even(given: Any) -> None:
    found = wce_core.explain(losses.CrossEntropy(class_weight=given), X, Y)
    assert found.suggestion is None
    assert "would even out" not in str(found)


def test_weights_that_overdo_it() -> None:
    found = wce_core.explain(losses.CrossEntropy(class_weight=[1.0, 100.0, 1e4]), X, Y)
    assert found.suggestion is not None
    assert found.suggestion.now[2] > 0.9


def test_weights_of_positives_are_replaced() -> None:
    z, y = np.zeros(100), np.repeat([0, 1], [90, 10])
    found = wce_core.explain(losses.binary_cross_entropy, z, y, pos_weight=90.0).suggestion
    assert found is not None
    assert found.scheme == "balanced"
    np.testing.assert_allclose(found.gradient, [0.5, 0.5])


@pytest.mark.parametrize("axis", [None, 0])
def test_labels_of_a_multi_label_loss_each_have_their_own(axis: int | None) -> None:
    z, y = np.zeros((100, 2)), np.zeros((100, 2))
    y[:10, 0] = y[:80, 1] = 1.0
    if axis == 0:
        z, y = z.T, y.T
    found = wce_core.explain(losses.binary_cross_entropy, z, y, axis=axis).suggestion
    assert found is not None
    assert found.scheme == "balanced"
    np.testing.assert_allclose(found.weights, [[1 / 1.8, 5.0], [2.5, 1 / 1.6]])
    np.testing.assert_allclose(found.gradient, np.full((2, 2), 0.25))
    np.testing.assert_allclose(found.now, [[0.45, 0.05], [0.1, 0.4]])


def test_classes_that_never_occur_have_no_share() -> None:
    found = wce_core.explain(losses.cross_entropy, np.zeros((10, 4)), [0] * 8 + [2] * 2).suggestion
    assert found is not None
    np.testing.assert_allclose(found.gradient, [0.5, np.nan, 0.5])
    assert str(found).endswith("50.0% to 50.0% a class, now 20.0% to 80.0%")


def test_soft_targets_by_their_largest_class() -> None:
    mass = 0.9 * np.eye(3)[Y] + 0.1 / 3
    found = wce_core.explain(losses.cross_entropy, X, mass).suggestion
    assert found is not None
    _, gradient = wce_core.value_and_grad(losses.cross_entropy)(
        X, mass, class_weight=found.weights, reduction="sum"
    )
    np.testing.assert_allclose(shares(Y, gradient), found.gradient, rtol=1e-9)


def test_dialects() -> None:
    found = wce_core.explain(dialects.torch.cross_entropy, X, Y, weight=[1.0, 1.0, 1.0]).suggestion
    assert found is not None
    assert found.scheme == "balanced"


@pytest.mark.parametrize(
    ("x", "y", "options"),
    [
        (X[:1], Y[:1], {}),
        (X[:10], Y[:10], {}),
        (X, Y, {"mask": np.zeros(200, bool)}),
        (X, Y, {"sample_weight": np.zeros(200)}),
        (np.where(np.arange(200)[:, None] == 3, np.nan, X), Y, {}),
        (X[:0], Y[:0], {}),
        (X, Y + 7, {"validate": False}),
    ],
    ids=["one item", "one class", "excluded", "silent", "NaN", "nothing", "no classes"],
)
def test_none_where_there_is_nothing_to_even_out(
    x: np.ndarray, y: np.ndarray, options: dict[str, Any]
) -> None:
    assert wce_core.explain(losses.cross_entropy, x, y, **options).suggestion is None
