"""Sums over many classes and items, by every route: none adds thousands of numbers in turn."""

from __future__ import annotations

from typing import Any

import mpmath as mp
import numpy as np
import pytest

from wce_conformance.adapters import Adapter, adapter
from wce_core import losses

CLASSES = 5000
BOUND = 6.0
"""Two eps more than of other numbers: equal ones are rounded to the same side."""


def worst(own: Adapter, route: str, arrays: dict[str, Any], want: Any, **options: Any) -> float:
    """The largest relative error of the values, in eps."""

    def function(**given: Any) -> Any:
        return losses.cross_entropy(**given, **options)

    tensors = {name: own.array(array) for name, array in arrays.items()}
    value, _ = own.differentiate(route, function, tensors, "predictions")
    got = own.numpy(value)
    eps = mp.mpf(float(np.finfo(got.dtype).eps))
    return max(float(abs(mp.mpf(float(each)) / want - 1) / eps) for each in got.reshape(-1))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_even_shares_of_many_classes(backend: str, axis: int, dtype: str) -> None:
    """Equal numbers are the worst: what is rounded off has the same sign each time."""
    own, shape = adapter(backend), [2, 2, 2]
    shape[axis] = CLASSES
    share = np.full(shape, 0.1, dtype)
    arrays = {"predictions": np.zeros(shape, dtype), "targets": share}
    want = mp.mpf(float(share.flat[0])) * CLASSES * mp.log(CLASSES)
    for route in own.routes:
        assert worst(own, route, arrays, want, axis=axis, reduction="none") <= BOUND, route


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_many_equal_items(backend: str, reduction: str) -> None:
    own, items = adapter(backend), 60_000
    row = np.array([0.3, -0.7, 0.1])
    arrays = {"predictions": np.tile(row, (items, 1)), "targets": np.ones(items, np.int64)}
    loss = mp.log(mp.fsum(mp.exp(mp.mpf(x)) for x in row.tolist())) - mp.mpf(row.tolist()[1])
    want = loss if reduction == "mean" else loss * items
    for route in own.routes:
        assert worst(own, route, arrays, want, reduction=reduction) <= BOUND, route


@pytest.mark.parametrize("lightest", [0.5, 1e-3])
def test_geometric_weight_of_many_classes(backend: str, lightest: float) -> None:
    """A product of thousands of powers, each near 1, would lose what each rounds off."""
    own, rng = adapter(backend), np.random.default_rng(0)
    weights = lightest * (1 + rng.random(CLASSES))
    shares = rng.random(CLASSES)
    mass = mp.fsum(map(mp.mpf, shares.tolist()))
    pairs = zip(shares.tolist(), weights.tolist(), strict=True)
    logarithm = mp.fsum(mp.mpf(r) * mp.log(mp.mpf(w)) for r, w in pairs) / mass
    arrays = {
        "predictions": np.zeros((1, CLASSES)),
        "targets": shares[None],
        "class_weight": weights,
    }
    want = mp.exp(logarithm) * mass * mp.log(CLASSES)
    options = {"soft_weighting": "geometric", "reduction": "none"}
    for route in own.routes:
        assert worst(own, route, arrays, want, **options) <= BOUND, route
