"""What ``explain`` says of a batch, on every framework's arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import wce_core
from wce_conformance.adapters import adapter
from wce_core import losses

X = np.array([[2.0, 1.0, 0.5], [0.0, 3.0, 1.0], [1.0, 1.0, 1.0], [5.0, 0.0, 2.0]])
Y = np.array([0, 1, 1, 0])
W = [1.0, 4.0, 1.0]
MEANS = ("mean", "mean_over_all", "weighted_mean", "nonzero_mean", "batch_mean", "sum")


@pytest.mark.parametrize("reduction", MEANS)
def test_the_numbers_are_those_of_the_loss(backend: str, reduction: Any) -> None:
    own = adapter(backend)
    x, y, mask = own.array(X), own.array(Y), own.array(np.array([True, True, True, False]))
    options: dict[str, Any] = {"class_weight": W, "mask": mask, "reduction": reduction}
    found = wce_core.explain(losses.cross_entropy, x, y, **options)
    value = float(own.numpy(losses.cross_entropy(x, y, **options)))
    items = own.numpy(losses.cross_entropy(x, y, **{**options, "reduction": "none"}))
    np.testing.assert_allclose(found.losses, items, rtol=1e-12)
    np.testing.assert_allclose(found.value, value, rtol=1e-12)
    np.testing.assert_allclose(found.losses.sum() / (found.denominator or 1), value, rtol=1e-12)
    assert found.weights.tolist() == [1, 4, 4, 0]
    assert found.excluded == 1
    denominators = dict(zip(MEANS, (3, 4, 9, 3, 4, None), strict=True))
    assert found.denominator == denominators[reduction]


def test_shares_of_classes() -> None:
    found = wce_core.explain(losses.cross_entropy, X, Y, class_weight=W)
    value, gradient = wce_core.value_and_grad(losses.cross_entropy)(
        X, Y, class_weight=W, reduction="sum"
    )
    norms = np.linalg.norm(gradient, axis=1)
    items = losses.cross_entropy(X, Y, class_weight=W, reduction="none")
    for share in found.classes:
        own = share.label == Y
        assert share.items == own.sum()
        assert share.weight == np.asarray(W)[Y][own].sum()
        np.testing.assert_allclose(share.loss, items[own].sum() / value)
        np.testing.assert_allclose(share.gradient, norms[own].sum() / norms.sum())
    assert sum(share.loss for share in found.classes) == pytest.approx(1)


def test_binary_and_soft_targets() -> None:
    z, y = np.zeros((3, 2)), np.array([[1.0, 0.0], [0.5, 0.4], [0.0, 0.0]])
    found = wce_core.explain(losses.binary_cross_entropy, z, y, pos_weight=3.0)
    assert found.weights.shape == (3, 2)
    np.testing.assert_allclose(found.weights, [[3, 1], [2, 1.8], [1, 1]])
    assert [share.items for share in found.classes] == [4, 2]
    mass = np.array([[0.2, 0.5, 0.3], [0.6, 0.2, 0.2]])
    soft = wce_core.explain(losses.cross_entropy, X[:2], mass, class_weight=W)
    np.testing.assert_allclose(soft.weights, [0.2 + 2 + 0.3, 0.6 + 0.8 + 0.2])
    assert [share.items for share in soft.classes] == [1, 1, 0]


def test_configured_losses_and_functions_of_one() -> None:
    loss = losses.CrossEntropy(class_weight=W, reduction="weighted_mean")
    found = wce_core.explain(loss, X, Y)
    scaled = wce_core.explain(lambda x, y: 2 * loss(x, y), X, Y)
    assert found.value == scaled.value == pytest.approx(float(loss(X, Y)))


WARNINGS: dict[str, tuple[dict[str, Any], Any]] = {
    "the one item's weight cancels in a weighted mean": (
        {"class_weight": W, "reduction": "weighted_mean"},
        slice(0, 1),
    ),
    "all items have the same weight, which cancels in a weighted mean": (
        {"class_weight": W, "reduction": "weighted_mean"},
        slice(1, 3),
    ),
    "class 2 never occurs": ({}, slice(None)),
    "classes 0 and 2 never occur": ({}, slice(1, 3)),
    "weights average to 0.15: the loss shrinks 6.67-fold under mean": (
        {"class_weight": [0.2, 0.1, 0.7]},
        slice(None),
    ),
    "weights average to 3: the loss grows 3-fold under mean": ({"class_weight": [3] * 3}, slice(4)),
    "no item is left: all are excluded": ({"mask": [False] * 4}, slice(None)),
    "every item has weight 0: nothing is learnt from this batch": (
        {"class_weight": [0, 0, 1]},
        slice(None),
    ),
}


@pytest.mark.parametrize("warning", WARNINGS)
def test_warnings(warning: str) -> None:
    options, cut = WARNINGS[warning]
    assert warning in wce_core.explain(losses.cross_entropy, X[cut], Y[cut], **options).warnings


def test_warnings_of_values() -> None:
    x = np.array([[0.0, -np.inf], [0.0, 0.0], [0.0, np.nan]])
    found = wce_core.explain(losses.cross_entropy, x, np.array([1, 0, 1]), reduction="sum")
    assert "1 item loss is NaN, the first that of item 2" in found.warnings
    assert "1 item loss is infinite, the first that of item 0" in found.warnings
    many = np.zeros((100, 2))
    heavy = np.where(np.arange(100) == 7, 500.0, 1.0)
    labels = np.arange(100) % 2
    found = wce_core.explain(
        losses.cross_entropy, many, labels, sample_weight=heavy, reduction="weighted_mean"
    )
    assert found.warnings == ("item 7 alone makes 83% of the gradient",)


def test_nothing_odd_is_said_of_a_plain_batch() -> None:
    found = wce_core.explain(losses.cross_entropy, X[:, :2], Y)
    assert found.warnings == ()


@pytest.mark.parametrize("reduction", ["none", "parts"])
def test_reductions_without_one_value(reduction: Any) -> None:
    found = wce_core.explain(losses.cross_entropy, X, Y, reduction=reduction)
    assert found.denominator is None
    assert np.isnan(found.value)
    assert "divides by nothing" in str(found)


def test_what_is_no_loss_is_refused() -> None:
    with pytest.raises(TypeError, match="needs a loss of wce_core"):
        wce_core.explain(lambda x: 1.0, X)
    with pytest.raises(TypeError, match="can only be passed to losses"):
        wce_core.explain(lambda x, y: losses.cross_entropy(x * 2, y), X, Y)
    with pytest.raises(ValueError, match="targets is 9 at position"):
        wce_core.explain(losses.cross_entropy, X, np.array([0, 1, 9, 0]))


def test_the_table() -> None:
    printed = str(wce_core.explain(losses.cross_entropy, X, Y, class_weight=W))
    for part in ("4 items, 0 of them excluded", '"mean"', "weight Σω", "! class 2 never occurs"):
        assert part in printed
    x = np.zeros((50, 40))
    assert "20 of 40 classes" in str(wce_core.explain(losses.cross_entropy, x, np.arange(50) % 40))


def test_far_logits_warn_of_nothing_but_what_they_mean() -> None:
    """NumPy's own warnings are errors in these tests."""
    x = np.array([800.0, -800.0, 0.0])
    found = wce_core.explain(losses.binary_cross_entropy, x, np.array([0, 1, 1]))
    np.testing.assert_allclose(found.losses, [800.0, 800.0, np.log(2.0)])
