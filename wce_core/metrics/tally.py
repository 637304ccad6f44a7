"""The one way in which metrics count: weights added up by what an item is and was called."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

from wce_core.arrays.ops import ArrayOps
from wce_core.types import Array


class By(NamedTuple):
    """What weights are told apart by: a number in [0, size) for each, laid beside them."""

    number: Array
    size: int


def tally(ops: ArrayOps, weight: Array, *by: By, apart: int = 0) -> Array:
    """The sums of weights, an axis for each thing that they are told apart by.

    If one of them is NaN, so are all; but not beyond the first ``apart`` axes, whose parts have
    nothing to do with each other.
    """
    xp = ops.xp
    cell = by[0].number
    for each in by[1:]:
        cell = cell * each.size + each.number
    flat = xp.reshape(xp.broadcast_to(cell, ops.sizes(weight)), (-1,))
    shape = tuple(each.size for each in by)
    found = ops.summed_by(ops.cast(flat, ops.index_dtype), xp.reshape(weight, (-1,)), prod(shape))
    found = xp.reshape(found, shape)
    whole = xp.sum(found, axis=tuple(range(apart, len(shape))), keepdims=True)
    return found + unknown(ops, whole)


def unknown(ops: ArrayOps, whole: Array) -> Array:
    """NaN where a sum is NaN, else 0."""
    return ops.xp.where(whole == whole, ops.xp.zeros_like(whole), whole)


def everything(ops: ArrayOps, weight: Array, dtype: str) -> Array:
    """The sum of all weights."""
    return ops.total(weight, dtype, dtype)
