"""Rows that have NaN in them."""

from __future__ import annotations

from wce_core.arrays.ops import ArrayOps
from wce_core.types import Array


def of_nan(ops: ArrayOps, rows: Array, axis: int) -> Array:
    """NaN for each row that has NaN in it, else 0: what is added to all that comes of the row.

    A constant: of a float64 maximum JAX makes a derivative that no float32 program can hold, even
    where nobody asks for it.
    """
    xp = ops.xp
    largest = xp.max(ops.constant(rows), axis=axis, keepdims=True)
    return xp.where(largest == largest, xp.zeros_like(largest), largest)
