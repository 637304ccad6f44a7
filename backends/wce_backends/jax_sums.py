"""Two sums along an axis in one visit, for XLA.

Of two sums of what is computed from one array XLA makes two loops, which each compute it anew or
read it again. A reduction of two operands is one loop. Along a row, XLA's loop adds one number
after another, each addition waiting for the last. So a long row is laid out as LONGEST shorter
ones, which are added element by element: that is vectorized, and loses no more than LONGEST
roundings before the partial sums are added up.
"""

from __future__ import annotations

import jax
import jax.numpy as xp

from wce_core.types import Array

LONGEST = 16
"""Numbers that are added one after another."""
Pair = tuple[Array, Array]


def both_sums(first: Array, second: Array, axis: int) -> Pair:
    """The sums of both along an axis, which stays with length 1."""
    classes = first.shape[axis]
    if classes <= LONGEST:
        return _reduced((first, second), axis)
    length, left = divmod(classes, LONGEST)
    sums = _partial((first, second), axis, length)
    whole: Pair = (xp.sum(sums[0], axis, keepdims=True), xp.sum(sums[1], axis, keepdims=True))
    if not left:
        return whole
    rest = _reduced(_slices((first, second), axis, classes - left, classes), axis)
    return whole[0] + rest[0], whole[1] + rest[1]


def _partial(pair: Pair, axis: int, length: int) -> Pair:
    """The sums of LONGEST numbers each, ``length`` of them."""
    shape = pair[0].shape
    laid = (*shape[:axis], LONGEST, length, *shape[axis + 1 :])
    first, second = (xp.reshape(each, laid) for each in _slices(pair, axis, 0, LONGEST * length))
    sums = _reduced((first, second), axis)
    return xp.squeeze(sums[0], axis), xp.squeeze(sums[1], axis)


def _slices(pair: Pair, axis: int, start: int, stop: int) -> Pair:
    first, second = (jax.lax.slice_in_dim(each, start, stop, axis=axis) for each in pair)
    return first, second


def _reduced(pair: Pair, axis: int) -> Pair:
    zero = xp.zeros((), pair[0].dtype)
    sums = jax.lax.reduce(pair, (zero, zero), _added, (axis,))
    return xp.expand_dims(sums[0], axis), xp.expand_dims(sums[1], axis)


def _added(one: Pair, other: Pair) -> Pair:
    return one[0] + other[0], one[1] + other[1]
