"""From a :class:`Double`, or a float64 number that stands for one next to it, to float32."""

from __future__ import annotations

from wce_core.arrays.ops import ArrayOps
from wce_core.dtypes import SMALLEST_NORMAL
from wce_core.types import Array

from .array import Double


def to_odd(ops: ArrayOps, x: Double) -> Array:
    """Of the two float64 numbers around hi + lo the one whose last bit is 1; hi if lo is 0.

    Rounded to a narrower dtype, it gives what hi + lo gives (Boldo and Melquiond 2008).
    """
    xp, bits = ops.xp, ops.bits(x.hi)
    even = (bits & 1) == 0
    outward = (x.lo > 0) == (x.hi > 0)
    moved = xp.where(outward, bits + 1, bits - 1)
    kept = (x.lo == 0) | ~even | ~xp.isfinite(x.hi) | (x.lo != x.lo)
    return ops.from_bits(xp.where(kept, bits, moved))


def to_float32(ops: ArrayOps, x: Double) -> Array:
    """The float32 number nearest to hi + lo; 0 below float32's smallest normal number."""
    xp, odd = ops.xp, to_odd(ops, x)
    return ops.cast(xp.where(xp.abs(odd) < SMALLEST_NORMAL, 0.0, odd), "float32")
