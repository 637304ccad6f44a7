"""What dialects do with item losses: weigh them, average them, and make them mergeable parts.

Item losses are an array, or under ``value_and_grad`` of NumPy a handle for one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from wce_core.arrays.numerics import times
from wce_core.call.arguments import as_predictions
from wce_core.call.handles import Tracked, TrackedItems
from wce_core.call.parts import LossParts
from wce_core.dtypes import at_least_float32
from wce_core.frameworks.backend import Backend

from ..types import Array


def array_of(items: Any) -> tuple[Backend, Array]:
    """The item losses as an array, with its backend."""
    if isinstance(items, Tracked):
        return as_predictions(items.value)
    return as_predictions(items.values if isinstance(items, TrackedItems) else items)


def mean(items: Any, axis: int | tuple[int, ...]) -> Any:
    """The mean along axes."""
    if isinstance(items, TrackedItems):
        return items.mean(axis)
    be, own = array_of(items)
    return be.xp.mean(own, axis=axis)


def weighed(items: Any, weights: Array) -> Any:
    """Each item loss times its weight; 0 · ∞ = 0."""
    be, own = array_of(items)
    weights = be.xp.astype(weights, own.dtype)
    if isinstance(items, TrackedItems):
        return items.weighed(weights)
    return items * weights if isinstance(items, Tracked) else times(be.xp, weights, own)


def summed(items: Any) -> Any:
    """The sum of the item losses, never in a half type."""
    if isinstance(items, Tracked):
        return items
    be, own = array_of(items)
    wide = be.dtype(at_least_float32(be.dtype_name(own)))
    return items.sum(wide) if isinstance(items, TrackedItems) else be.xp.sum(own, dtype=wide)


def parts(items: Any, weights: Array | None = None, mask: Array | None = None) -> LossParts:
    """Item losses times weights as :class:`~wce_core.LossParts`.

    Weights and mask have the items' rank, each axis equal or 1. Losses of items that ``mask``
    excludes are 0 already.
    """
    be, own = array_of(items)
    xp = be.xp
    total = summed(items if weights is None else weighed(items, weights))
    wide = be.dtype(at_least_float32(be.dtype_name(own)))
    ones = xp.ones_like(own, dtype=wide)
    kept = xp.ones_like(own, dtype=xp.bool)
    weight = ones if weights is None else ones * xp.astype(weights, wide)
    if mask is not None:
        kept = kept & mask
        weight = xp.where(kept, weight, 0.0)
    return LossParts(
        total=total,
        items=_count(be, kept),
        all_items=_count(be, xp.ones_like(kept)),
        weight=xp.sum(weight, dtype=wide),
        nonzero=_count(be, weight != 0),
        batch=be.length(own, 0) if len(be.shape(own)) else 1,
        absolute_weight=xp.sum(xp.abs(weight), dtype=wide),
    )


def _count(be: Backend, true: Array) -> Array:
    dtype = be.dtype(be.index_dtype)
    return be.xp.sum(be.xp.astype(true, dtype), dtype=dtype)


def narrowed(items: Any, value: Any) -> Any:
    """A reduced value in the dtype of the item losses."""
    be, own = array_of(items)
    if isinstance(value, Tracked):
        return value.rounded(own.dtype)
    value = be.xp.astype(value, own.dtype, copy=False)
    return value[()] if isinstance(value, np.ndarray) else value  # as NumPy's own sums are
