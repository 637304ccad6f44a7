"""What mathematics asks of arrays, of :class:`Double`: :class:`DoubleOps`."""

from __future__ import annotations

from typing import Any

import numpy as np

from wce_core.arrays.by_sign import BySign
from wce_core.arrays.ops import ArrayOps
from wce_core.types import Array

from .array import Double, wide
from .namespace import DoubleNamespace


class DoubleOps(BySign):
    """The operations of another backend with a :class:`Double` wherever that has float64.

    So a description of a call that says float64 is evaluated at 106 bits, by the same formulas.
    Indices, labels and conditions stay plain arrays.
    """

    def __init__(self, ops: ArrayOps) -> None:
        self.base = ops
        self.name, self.index_dtype, self.contracts = ops.name, ops.index_dtype, ops.contracts
        self.xp = DoubleNamespace(ops)

    def dtype_name(self, array: Any) -> str:
        """float64, of a :class:`Double`."""
        return self.base.dtype_name(array.hi if isinstance(array, Double) else array)

    def dtype(self, name: str) -> Any:
        """The framework's own."""
        return self.base.dtype(name)

    def cast(self, array: Any, dtype: str) -> Any:
        """To float64: a :class:`Double`. From one to what is narrower: ``hi`` in that dtype."""
        if dtype != "float64":
            own = array.hi if isinstance(array, Double) else array
            return self.base.cast(own, dtype)
        if isinstance(array, Double):
            return array
        own = self.base.cast(array, "float64")
        return Double(self.base, own, self.base.xp.zeros_like(own))

    def scalar(self, value: Any, dtype: str, like: Any) -> Any:
        """A number without axes."""
        if isinstance(value, Double):
            return self.cast(value, dtype)
        own = self.base.scalar(value, dtype, like.hi if isinstance(like, Double) else like)
        return wide(self.base, own, own) if dtype == "float64" else own

    def asarray(self, value: np.ndarray, like: Any) -> Any:
        """Real numbers as a :class:`Double`."""
        own = self.base.asarray(value, like.hi if isinstance(like, Double) else like)
        return self.cast(own, "float64") if self.base.dtype_name(own) == "float64" else own

    def shape(self, array: Any) -> tuple[int | None, ...]:
        """That of both parts."""
        return self.base.shape(array.hi if isinstance(array, Double) else array)

    def sizes(self, array: Any) -> Any:
        """That of both parts."""
        return self.base.sizes(array.hi if isinstance(array, Double) else array)

    def length(self, array: Any, axis: int) -> Any:
        """That of both parts."""
        return self.base.length(array.hi if isinstance(array, Double) else array, axis)

    def argmax(self, array: Any, axis: int) -> Array:
        """The first of the largest."""
        if not isinstance(array, Double):
            return self.base.argmax(array, axis)
        largest = self.xp.max(array, axis=axis, keepdims=True)
        lower = self.base.xp.where(array.hi == largest.hi, array.lo, -self.base.xp.inf)
        return self.base.argmax(lower, axis)

    def take_along_axis(self, array: Any, index: Array, axis: int) -> Any:
        """Of both parts."""
        if not isinstance(array, Double):
            return self.base.take_along_axis(array, index, axis)
        take = self.base.take_along_axis
        return Double(self.base, take(array.hi, index, axis), take(array.lo, index, axis))

    def take(self, row: Any, index: Array, axis: int) -> Any:
        """Of both parts."""
        if not isinstance(row, Double):
            return self.base.take(row, index, axis)
        take = self.base.take
        return Double(self.base, take(row.hi, index, axis), take(row.lo, index, axis))

    def constant(self, array: Any) -> Any:
        """Nothing is differentiated."""
        return array

    def arange(self, count: int, like: Array) -> Array:
        """Of plain arrays."""
        return self.base.arange(count, like)

    def occurrences(self, index: Array, classes: int) -> Array:
        """Of plain arrays."""
        return self.base.occurrences(index, classes)

    def bits(self, array: Any) -> Array:
        """There are none of both parts together."""
        raise TypeError(f"bits of a {type(array).__name__}")

    def from_bits(self, bits: Array) -> Array:
        """There are none of both parts together."""
        raise TypeError("a Double has no bits of its own")
