"""The array type: :class:`Double`."""

from __future__ import annotations

from typing import Any

from wce_core.arrays.ops import ArrayOps
from wce_core.types import Array

from .steps import Pair, quick_two_sum, rounded_product, split, two_product, two_sum


class Double:
    """``hi + lo``, two float64 arrays of one shape with hi = RN(hi + lo): 106 bits and a sign.

    Sums are within 2⁻¹⁰³ of themselves, products and quotients within 2⁻¹⁰⁰, as long as hi is
    within 2^±900 or 0; beyond, lo is lost. Sums take the exact error of both parts, so that terms
    of different signs that cancel leave what is right to 2⁻¹⁰³ of the terms. A sum with infinity is
    infinite, a product or quotient NaN: who needs those has them in float64.
    """

    __slots__ = ("_parts", "hi", "lo", "ops")
    __array_ufunc__ = None  # NumPy's arrays leave arithmetic to this class

    def __init__(self, ops: ArrayOps, hi: Array, lo: Array) -> None:
        self.ops, self.hi, self.lo = ops, hi, lo
        self._parts: Pair | None = None

    @property
    def shape(self) -> Any:
        """That of both parts."""
        return self.hi.shape

    @property
    def ndim(self) -> int:
        """The rank."""
        return len(self.hi.shape)

    @property
    def dtype(self) -> Any:
        """That of the parts."""
        return self.hi.dtype

    @property
    def device(self) -> Any:
        """That of the parts."""
        return self.hi.device

    @property
    def parts(self) -> Pair:
        """``hi`` split for products."""
        if self._parts is None:
            self._parts = split(self.ops, self.hi)
        return self._parts

    def __getitem__(self, key: Any) -> Double:
        return Double(self.ops, self.hi[key], self.lo[key])

    def __neg__(self) -> Double:
        return Double(self.ops, -self.hi, -self.lo)

    def __add__(self, other: Any) -> Double:
        other = wide(self.ops, other, self.hi)
        first, error = two_sum(self.hi, other.hi)
        lower, rest = two_sum(self.lo, other.lo)
        total, error = quick_two_sum(first, error + lower)
        hi, lo = quick_two_sum(total, error + rest)
        xp = self.ops.xp
        finite = xp.isfinite(first)
        return Double(self.ops, xp.where(finite, hi, first), xp.where(finite, lo, 0.0))

    __radd__ = __add__

    def __sub__(self, other: Any) -> Double:
        return self.__add__(-wide(self.ops, other, self.hi))

    def __rsub__(self, other: Any) -> Double:
        return (-self).__add__(other)

    def __mul__(self, other: Any) -> Double:
        ops, other = self.ops, wide(self.ops, other, self.hi)
        product, error = two_product(ops, self.parts, other.parts)
        more = rounded_product(ops, self.hi, other.lo) + rounded_product(ops, self.lo, other.hi)
        return Double(ops, *quick_two_sum(product, error + more))

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Double:
        """Three digits of a long division, each a float64 number."""
        ops, other = self.ops, wide(self.ops, other, self.hi)
        first = self.hi / other.hi
        rest = self - other * first
        second = rest.hi / other.hi
        third = (rest - other * second).hi / other.hi
        high, low = quick_two_sum(first, second)
        return Double(ops, *quick_two_sum(high, low + third))

    def __rtruediv__(self, other: Any) -> Double:
        return wide(self.ops, other, self.hi) / self

    def __abs__(self) -> Double:
        xp, below = self.ops.xp, self.hi < 0
        lo = xp.where(below, -self.lo, self.lo)
        return Double(self.ops, xp.where(below, -self.hi, self.hi), lo)

    def __lt__(self, other: Any) -> Array:
        other = wide(self.ops, other, self.hi)
        return (self.hi < other.hi) | ((self.hi == other.hi) & (self.lo < other.lo))

    def __gt__(self, other: Any) -> Array:
        other = wide(self.ops, other, self.hi)
        return (self.hi > other.hi) | ((self.hi == other.hi) & (self.lo > other.lo))

    def __le__(self, other: Any) -> Array:
        return (self < other) | (self == other)

    def __ge__(self, other: Any) -> Array:
        return (self > other) | (self == other)

    def __eq__(self, other: object) -> Any:
        other = wide(self.ops, other, self.hi)
        same = (self.lo == other.lo) | (self.lo != self.lo)  # lo is NaN where hi is infinite
        return (self.hi == other.hi) & same

    def __ne__(self, other: object) -> Any:
        return ~(self == other)

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        """An error: NumPy would make an array of objects."""
        raise TypeError("a Double is no array of NumPy; its functions are those of DoubleNamespace")

    __hash__ = None  # type: ignore[assignment]  # as arrays


def wide(ops: ArrayOps, value: Any, like: Array) -> Double:
    """A number or a plain array as a :class:`Double`, itself if it is one."""
    if isinstance(value, Double):
        return value
    hi = ops.scalar(value, "float64", like)
    return Double(ops, hi, ops.xp.zeros_like(hi))
