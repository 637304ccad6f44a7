"""Literal values, worked out elsewhere, in float64."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest

import wce_core
from wce_conformance.adapters import adapter
from wce_core import LossParts, losses

LOGITS = np.array(
    [
        [2, 2, 6, 1, 3],
        [9, 6, 1, 0, 1],
        [9, 0, 0, 9, 3],
        [4, 0, 0, 4, 1],
        [7, 3, 2, 4, 7],
        [2, 4, 8, 0, 7],
    ],
    dtype=np.float64,
)
LABELS = np.array([1, 3, 4, 4, 4, 1])
WEIGHTS = np.array([0.3, 0.1, 0.2, 0.3, 0.1])
ITEMS = [4.0890691936, 9.0493437285, 6.6945090387, 3.7354488859, 0.7298843576, 4.3285907555]


def close(backend: str, value: Any, want: Any) -> None:
    np.testing.assert_allclose(adapter(backend).numpy(value), want, rtol=1e-9)


@pytest.mark.parametrize(
    ("p", "y", "weighted", "plain"),
    [
        ([0.6, 0.1, 0.1, 0.9, 0.1, 0.0], [1, 0, 0, 0, 0, 0], 0.6067196479, 0.5215820440),
        ([[0.6, 0.4], [0.4, 0.6]], [[0, 1], [0, 0]], 1.0439971378, 0.8149244548),
    ],
)
def test_binary_probabilities(backend: str, p: Any, y: Any, weighted: float, plain: float) -> None:
    own = adapter(backend)
    x, t = own.array(np.array(p)), own.array(np.array(y))
    loss = losses.binary_cross_entropy
    close(backend, loss(x, t, class_weight={0: 1, 1: 2}, form="probabilities"), weighted)
    close(backend, loss(x, t, form="probabilities"), plain)


@pytest.mark.parametrize(
    ("reduction", "value"),
    [("sum", 4.6725533417), ("nonzero_mean", 0.7787588903), ("weighted_mean", 5.8406916771)],
)
def test_class_weights(backend: str, reduction: Any, value: float) -> None:
    own = adapter(backend)
    x, y = own.array(LOGITS), own.array(LABELS)
    close(backend, losses.cross_entropy(x, y, reduction="none"), ITEMS)
    w = own.array(WEIGHTS)
    close(backend, losses.cross_entropy(x, y, class_weight=w, reduction=reduction), value)
    listed = losses.cross_entropy(x, y, class_weight=WEIGHTS.tolist(), reduction=reduction)
    close(backend, listed, value)


def test_gradient_of_mass_that_is_not_one(backend: str) -> None:
    """M·p − q, not p − q."""
    own = adapter(backend)
    x, q = own.array(np.array([[1.0, 2.0, 3.0]])), own.array(np.array([[5.0, 0.0, 0.0]]))
    gradient = wce_core.value_and_grad(losses.cross_entropy)(x, q, reduction="sum")[1]
    np.testing.assert_allclose(own.numpy(gradient), [[-4.550, 1.224, 3.326]], atol=5e-4)


@pytest.mark.parametrize(
    ("rule", "value"),
    [("per_class", 1.25439), ("mixture", 1.50984), ("geometric", 1.20447), ("hard", 0.79465)],
)
def test_soft_weighting(backend: str, rule: Any, value: float) -> None:
    own = adapter(backend)
    p, y = own.array(np.array([0.6])), own.array(np.array([0.3]))
    got = losses.binary_cross_entropy(
        p, y, class_weight={0: 1.0, 1: 4.0}, soft_weighting=rule, form="probabilities"
    )
    np.testing.assert_allclose(own.numpy(got), value, atol=5e-6)


@pytest.mark.parametrize(
    ("reduction", "value"), [("nonzero_mean", 4.0), ("weighted_mean", 3.0), ("mean", 3.0)]
)
def test_denominators(backend: str, reduction: Any, value: float) -> None:
    """Item losses 1, 2, 3, 4 with weights 0, 1, 2, 1."""
    own = adapter(backend)
    x = own.array(-np.array([[1.0], [2.0], [3.0], [4.0]]))
    w = own.array(np.array([0.0, 1.0, 2.0, 1.0]))
    y = own.array(np.zeros(4, np.int64))
    got = losses.cross_entropy(x, y, form="log_probabilities", sample_weight=w, reduction=reduction)
    close(backend, got, value)


def test_parts(backend: str) -> None:
    own = adapter(backend)
    x = own.array(LOGITS)
    y = own.array(np.array([1, 3, -1, 4, 4, 1]))
    w = own.array(np.array([0.3, 0.0, 0.2, 0.3, 0.1]))
    parts = losses.cross_entropy(x, y, class_weight=w, ignore_index=-1, reduction="parts")
    assert isinstance(parts, LossParts)
    counts = (parts.items, parts.all_items, parts.nonzero, parts.batch)
    assert [int(own.numpy(n)) for n in counts] == [5, 6, 3, 6]
    close(backend, parts.weight, 0.5)
    total = 0.3 * ITEMS[1] + 0.1 * (ITEMS[3] + ITEMS[4])
    close(backend, parts.total, total)
    for value, under in (
        (parts.mean(), 5),
        (parts.mean_over_all(), 6),
        (parts.weighted_mean(), 0.5),
        (parts.nonzero_mean(), 3),
        (parts.batch_mean(), 6),
        (parts.sum(), 1),
        (parts.sum(4), 4),
        (parts.sum(0), np.inf),
    ):
        close(backend, value, total / under)


def test_adding_anything_else_to_parts_is_refused() -> None:
    parts = LossParts(*[np.float64(1.0)] * 7)
    with pytest.raises(TypeError):
        parts + 1  # the operator is what is tested
    with pytest.raises(TypeError, match="expected an array"):
        LossParts(*["x"] * 7).mean()


def test_many_classes_that_are_not_the_last_axis(backend: str) -> None:
    """Sums along them keep their digits: one by one, 4000 numbers lose two."""
    own, rng = adapter(backend), np.random.default_rng(0)
    x = rng.uniform(-1.0, 1.0, (2, 4000, 3)).astype(np.float32)
    y = rng.integers(0, 4000, (2, 3))
    p = np.exp(x.astype(np.float64))
    p /= p.sum(axis=1, keepdims=True)
    chosen = np.expand_dims(y, 1)
    soft = np.zeros(x.shape, np.float32)
    np.put_along_axis(soft, chosen, 1.0, axis=1)
    # The strict namespace is NumPy's own sum, one by one along this axis.
    eps = (64 if backend == "array_api_strict" else 8) * 2.0**-23
    for targets in (y, soft):
        loss = functools.partial(losses.cross_entropy, axis=1, reduction="sum")
        value, gradient = wce_core.value_and_grad(loss)(own.array(x), own.array(targets))
        np.testing.assert_allclose(own.numpy(gradient), p - soft, rtol=eps, atol=0)
        want = -np.log(np.take_along_axis(p, chosen, axis=1)).sum()
        np.testing.assert_allclose(own.numpy(value), want, rtol=eps)


@pytest.mark.parametrize("route", ["eager", "compiled"])
@pytest.mark.parametrize("classes", [10_000, 8209])  # of which one has divisors, one is prime
def test_confident_rows_of_many_classes(backend: str, route: str, classes: int) -> None:
    """Loss and gradient of what is nearly certain, not certain at all, or certain twice."""
    own, rng = adapter(backend), np.random.default_rng(1)
    x = rng.uniform(-1.0, 1.0, (5, classes)).astype(np.float32)
    x[1, 7] = x[2, 100] = x[2, 4000] = 60.0
    x[3, classes - 1] = 12.0
    x[4, :5000] = -np.inf
    y = np.array([3, 7, 100, classes - 1, 8000])
    d = x.astype(np.float64) - x.max(axis=1, keepdims=True)
    chosen = np.take_along_axis(d, y[:, None], axis=1)[:, 0]
    rest = np.sort(np.exp(d), axis=1)[:, :-1].sum(axis=1)
    want, p = np.log1p(rest) - chosen, np.exp(d) / (1.0 + rest[:, None])
    slope = p.copy()
    slope[range(5), y] = -np.where(chosen == 0, rest, 1 + rest - np.exp(chosen)) / (1.0 + rest)

    def loss(x: Any, y: Any) -> Any:
        return losses.cross_entropy(x, y, reduction="sum")

    def items(x: Any, y: Any) -> Any:
        return losses.cross_entropy(x, y, reduction="none")

    by_route = own.compiled if route == "compiled" else lambda function: function
    found = by_route(items)(own.array(x), own.array(y))
    np.testing.assert_allclose(own.numpy(found), want, rtol=8 * 2.0**-23)
    _, gradient = wce_core.value_and_grad(by_route(loss))(own.array(x), own.array(y))
    np.testing.assert_allclose(own.numpy(gradient), slope, rtol=32 * 2.0**-23, atol=2.0**-126)
