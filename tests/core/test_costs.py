"""Losses of a matrix of costs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import wce_core
from wce_conformance.adapters import adapter
from wce_core import losses
from wce_core.losses import ExpectedCost, PairwiseCost, expected_cost, pairwise_cost

RNG = np.random.default_rng(5)
LOGITS = RNG.normal(size=(7, 4)) * 3.0
LABELS = RNG.integers(0, 4, 7)
COSTS = RNG.random((4, 4)) * 5.0
P = np.exp(LOGITS) / np.exp(LOGITS).sum(-1, keepdims=True)
BOTH = {"expected_cost": expected_cost, "pairwise_cost": pairwise_cost}


def by_definition(name: str, label: int, p: np.ndarray) -> float:
    if name == "expected_cost":
        return float(sum(COSTS[label, j] * p[j] for j in range(4)))
    return float(-sum(COSTS[label, j] * np.log1p(-p[j]) for j in range(4) if j != label))


@pytest.mark.parametrize("name", BOTH)
def test_the_definition(backend: str, name: str) -> None:
    own = adapter(backend)
    want = [by_definition(name, t, p) for t, p in zip(LABELS, P, strict=True)]
    for form, x in (("logits", LOGITS), ("probabilities", P), ("log_probabilities", np.log(P))):
        loss = BOTH[name](
            own.array(x), own.array(LABELS), costs=own.array(COSTS), form=form, reduction="none"
        )
        np.testing.assert_allclose(own.numpy(loss), want, rtol=1e-12)


@pytest.mark.parametrize("name", BOTH)
def test_the_gradient_is_that_of_differences(name: str) -> None:
    loss = BOTH[name]
    _, gradient = wce_core.value_and_grad(loss)(LOGITS, LABELS, costs=COSTS, reduction="sum")
    step = 1e-6
    for at in np.ndindex(*LOGITS.shape):
        up, down = LOGITS.copy(), LOGITS.copy()
        up[at] += step
        down[at] -= step
        of = {"costs": COSTS, "reduction": "sum"}
        slope = (loss(up, LABELS, **of) - loss(down, LABELS, **of)) / (2 * step)
        np.testing.assert_allclose(gradient[at], slope, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"class_weight": [1.0, 0.5, 3.0, 0.0], "reduction": "weighted_mean"},
        {"label_smoothing": 0.2, "class_weight": [1.0, 2.0, 3.0, 4.0], "reduction": "none"},
        {"soft_weighting": "geometric", "class_weight": [1.0, 2.0, 3.0, 4.0]},
        {"sample_weight": np.arange(7.0), "mask": np.arange(7) > 1, "reduction": "nonzero_mean"},
    ],
)
def test_an_index_is_its_one_hot_row(name: str, options: dict[str, Any]) -> None:
    hot = np.eye(4)[LABELS]
    index = BOTH[name](LOGITS, LABELS, costs=COSTS, **options)
    np.testing.assert_allclose(BOTH[name](LOGITS, hot, costs=COSTS, **options), index, rtol=1e-13)


def test_costs_are_no_weights() -> None:
    """A weighted mean is divided by class weights alone."""
    weights = np.array([1.0, 2.0, 3.0, 4.0])
    for loss in BOTH.values():
        parts = loss(LOGITS, LABELS, costs=COSTS, class_weight=weights, reduction="parts")
        np.testing.assert_allclose(parts.weight, weights[LABELS].sum())


def test_the_diagonal() -> None:
    other = COSTS + np.diag([1.0, 2.0, 3.0, 4.0])
    paid = expected_cost(LOGITS, LABELS, costs=other, reduction="none")
    free = expected_cost(LOGITS, LABELS, costs=COSTS, reduction="none")
    np.testing.assert_allclose(paid - free, (LABELS + 1) * P[np.arange(7), LABELS])
    for t in (LABELS, np.eye(4)[LABELS]):
        pair = [pairwise_cost(LOGITS, t, costs=costs) for costs in (COSTS, other)]
        assert pair[0] == pair[1]


def test_costs_of_one_but_for_the_right_class() -> None:
    """1 − p_t, and −Σ log(1 − p_j): the binary losses of all other classes."""
    ones = 1.0 - np.eye(4)
    right = P[np.arange(7), LABELS]
    loss = expected_cost(LOGITS, LABELS, costs=ones, reduction="none")
    np.testing.assert_allclose(loss, 1.0 - right)
    pair = pairwise_cost(LOGITS, LABELS, costs=ones, reduction="none")
    binary = losses.binary_cross_entropy(
        P, np.zeros((7, 4)), form="probabilities", reduction="none"
    )
    np.testing.assert_allclose(pair, binary.sum(-1) + np.log1p(-right))


def test_far_logits_have_finite_costs() -> None:
    x = np.array([[1e4, -1e4, 0.0], [0.0, 1e30, 1e4]])
    costs = np.ones((3, 3))
    loss, gradient = wce_core.value_and_grad(pairwise_cost)(
        x, np.array([1, 0]), costs=costs, reduction="sum"
    )
    np.testing.assert_allclose(float(loss), 1e4 + 1e30, rtol=1e-15)
    np.testing.assert_allclose(gradient, [[1.0, 0.0, -1.0], [0.0, 1.0, -1.0]])


def test_blocks() -> None:
    """Enough of them that costs of an item are looked up block by block."""
    rng = np.random.default_rng(2)
    x, t, costs = rng.normal(size=(3000, 70)), rng.integers(0, 70, 3000), rng.random((70, 70))
    for loss in BOTH.values():
        for targets in (t, np.eye(70)[t]):
            value, gradient = wce_core.value_and_grad(loss)(x, targets, costs=costs)
            parts = [
                wce_core.value_and_grad(loss)(
                    x[i : i + 100], targets[i : i + 100], costs=costs, reduction="sum"
                )
                for i in range(0, 3000, 100)
            ]
            np.testing.assert_allclose(float(value), sum(float(v) for v, _ in parts) / 3000)
            whole = np.concatenate([slope for _, slope in parts]) / 3000
            np.testing.assert_allclose(gradient, whole, rtol=1e-10, atol=1e-18)


@pytest.mark.parametrize("kind", [ExpectedCost, PairwiseCost])
def test_costs_are_asked_for(kind: Any) -> None:
    with pytest.raises(TypeError, match="costs"):
        kind()
    with pytest.raises(TypeError, match="costs"):
        kind._function(LOGITS, LABELS)
    with pytest.raises(ValueError, match=r"costs has shape \(3, 3\); expected \(4, 4\)"):
        kind(costs=np.ones((3, 3)))(LOGITS, LABELS)
    with pytest.raises(TypeError, match="cost_matrix"):
        kind._function(LOGITS, LABELS, costs=COSTS, cost_matrix=COSTS)
