"""Sums of many numbers for compilers that add them one after another.

Inductor, XLA as TensorFlow sets it up, and TensorFlow's own kernels along any axis but the last
keep one partial sum for each result, or for each lane of a vector register: of n equal numbers that
loses up to n/8 eps, a hundred of 1000 classes. Summed in pieces, and the sums of the pieces again,
it loses a few of any number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from wce_core.types import Array

PIECE, FEW = 16, 32
"""Numbers that are added one after another, and how many need no pieces."""

Sum = Callable[[Array, int], Array]
"""The sum along an axis, which goes."""
Reshape = Callable[[Array, list[Any]], Array]


def in_pieces(add: Sum, reshape: Reshape, values: Array, shape: list[Any], axis: int) -> Array:
    """The sum along ``axis``, which goes; ``shape`` is as ``reshape`` takes it."""
    found, *more = _levels(add, reshape, values, shape, axis)
    for each in more:
        found = found + each
    return found


def _levels(
    add: Sum, reshape: Reshape, values: Array, shape: list[Any], axis: int
) -> Iterator[Array]:
    """What is left over at each level, and the sum of the last."""
    before, after = shape[:axis], shape[axis + 1 :]
    count, all_of = shape[axis], (slice(None),) * axis
    while count > FEW:
        pieces, left = count // PIECE, count % PIECE
        if not (isinstance(left, int) and left == 0):  # unknown while compiling: perhaps of none
            yield add(values[(*all_of, slice(count - left, None), ...)], axis)
            values = values[(*all_of, slice(0, count - left), ...)]
        values = add(reshape(values, [*before, pieces, PIECE, *after]), axis + 1)
        count = pieces
    yield add(values, axis)
