"""Differences and sums whose terms may cancel."""

from __future__ import annotations

from wce_core.arrays.numerics import total
from wce_core.arrays.ops import ArrayOps
from wce_core.types import Array


def snapped(ops: ArrayOps, own: Array, cross: Array, into: Array | None = None) -> Array:
    """own − cross; in float64, exactly 0 where the two differ by rounding alone.

    Which digits rounding leaves depends on the framework, and exact results promise the same.
    """
    xp = ops.xp
    if ops.dtype_name(own) == "float32":
        return ops.in_place(xp.subtract, own, cross, into=into)
    difference = own - cross
    noise = 4.0 * float(xp.finfo(difference.dtype).eps) * xp.abs(own)
    # Of an infinite term the noise is infinite, too, and the difference not below it.
    return xp.where(xp.abs(difference) < noise, 0.0, difference)


def sum_of_others(ops: ArrayOps, values: Array, axis: int, top: Array) -> Array:
    """For each element the sum of all the others along ``axis``, without cancelling.

    ``top`` names one element of each row that none exceeds in magnitude. For every other one
    total − value is accurate, because the top is in the difference; the top gets its own sum.
    """
    xp = ops.xp
    zero = xp.zeros_like(ops.take_along_axis(values, top, axis))
    rest = total(xp, ops.put_along_axis(values + 0.0, top, zero, axis), axis)
    return ops.put_along_axis(total(xp, values, axis) - values, top, rest, axis)
