"""The functions that formulas use, of :class:`Double` and of plain arrays alike."""

from __future__ import annotations

import operator
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, TypeAlias

from wce_core.arrays.ops import ArrayOps
from wce_core.types import Array

from . import elementary
from .array import Double, wide

EPS = 2.0**-100
"""What ``finfo`` gives."""
SHAPED = ("reshape", "expand_dims", "squeeze", "moveaxis", "permute_dims", "broadcast_to", "take")
"""Functions that only move numbers."""
Join: TypeAlias = Callable[[Double, Double], Double]


class DoubleNamespace:
    """``ops.xp`` for arrays of which some are :class:`Double`.

    A function of plain arrays alone is that of ``ops.xp``, but for sums of what is real.
    """

    def __init__(self, ops: ArrayOps) -> None:
        self._ops, self._xp = ops, ops.xp

    def __getattr__(self, name: str) -> Any:
        function: Any = getattr(self._xp, name)
        return self._moving(function) if name in SHAPED else function

    def _moving(self, function: Callable[..., Array]) -> Callable[..., Any]:
        def moved(x: Any, /, *args: Any, **kwargs: Any) -> Any:
            return self._parts(lambda part: function(part, *args, **kwargs), x)

        return moved

    def _parts(self, function: Callable[[Array], Array], x: Any) -> Any:
        """``function`` of both parts, or of a plain array."""
        if not isinstance(x, Double):
            return function(x)
        return Double(self._ops, function(x.hi), function(x.lo))

    def _either(self, name: str, x: Any) -> Any:
        """A function of :mod:`elementary`, or that of plain arrays."""
        if not isinstance(x, Double):
            return getattr(self._xp, name)(x)
        return getattr(elementary, name)(self._ops, x)

    def exp(self, x: Any, /) -> Any:
        """e^x."""
        return self._either("exp", x)

    def expm1(self, x: Any, /) -> Any:
        """e^x − 1."""
        return self._either("expm1", x)

    def log(self, x: Any, /) -> Any:
        """log x."""
        return self._either("log", x)

    def log1p(self, x: Any, /) -> Any:
        """log(1 + x)."""
        return self._either("log1p", x)

    def pow(self, x: Any, y: Any, /) -> Any:
        """x^y of x ≥ 0: 0^y is 0, and 0⁰ = 1."""
        if not (isinstance(x, Double) or isinstance(y, Double)):
            return self._xp.pow(x, y)
        base, exponent = self._wide(x, y), self._wide(y, x)
        zero = base.hi == 0
        found = self.exp(exponent * self.log(self.where(zero, 1.0, base)))
        return self.where(zero & (exponent.hi != 0), 0.0, found)

    def add(self, x: Any, y: Any, /) -> Any:
        """x + y."""
        return x + y

    def subtract(self, x: Any, y: Any, /) -> Any:
        """x − y."""
        return x - y

    def multiply(self, x: Any, y: Any, /) -> Any:
        """x·y."""
        return x * y

    def divide(self, x: Any, y: Any, /) -> Any:
        """x / y."""
        return x / y

    def reciprocal(self, x: Any, /) -> Any:
        """1 / x."""
        return 1.0 / x

    def abs(self, x: Any, /) -> Any:
        """|x|."""
        return abs(x)

    def maximum(self, x: Any, y: Any, /) -> Any:
        """The larger; NaN if x is."""
        return self.where(x < y, y, x)

    def minimum(self, x: Any, y: Any, /) -> Any:
        """The smaller; NaN if x is."""
        return self.where(x > y, y, x)

    def floor(self, x: Any, /) -> Any:
        """The largest whole number that is not above."""
        if not isinstance(x, Double):
            return self._xp.floor(x)
        whole = self._xp.floor(x.hi)
        below = (whole == x.hi) & (x.lo < 0)  # |lo| is at most half a spacing of hi
        return wide(self._ops, self._xp.where(below, whole - 1.0, whole), x.hi)

    def isfinite(self, x: Any, /) -> Array:
        """Neither infinite nor NaN."""
        return self._xp.isfinite(x.hi if isinstance(x, Double) else x)

    def where(self, condition: Array, x: Any, y: Any, /) -> Any:
        """x where the condition is true, y elsewhere."""
        if not (isinstance(x, Double) or isinstance(y, Double)):
            return self._xp.where(condition, x, y)
        one, other = self._wide(x, y), self._wide(y, x)
        hi = self._xp.where(condition, one.hi, other.hi)
        return Double(self._ops, hi, self._xp.where(condition, one.lo, other.lo))

    def _wide(self, x: Any, other: Any) -> Double:
        return wide(self._ops, x, (other if isinstance(other, Double) else x).hi)

    def zeros_like(self, x: Any, /, *, dtype: Any = None) -> Any:
        """Zeros, real ones of a :class:`Double`."""
        return self._filled(self._xp.zeros_like, x, dtype)

    def ones_like(self, x: Any, /, *, dtype: Any = None) -> Any:
        """Ones, real ones of a :class:`Double`."""
        return self._filled(self._xp.ones_like, x, dtype)

    def _filled(self, function: Callable[..., Array], x: Any, dtype: Any) -> Any:
        own = x.hi if isinstance(x, Double) else x
        made = function(own) if dtype is None else function(own, dtype=dtype)
        real = self._ops.dtype_name(made) == "float64"
        return wide(self._ops, made, made) if real else made

    def max(self, x: Any, /, *, axis: int | None = None, keepdims: bool = False) -> Any:
        """The largest; ``lo`` counts among those of the largest ``hi``."""
        if not isinstance(x, Double):
            return self._xp.max(x, axis=axis, keepdims=keepdims)
        largest = self._xp.max(x.hi, axis=axis, keepdims=True)
        lower = self._xp.where(x.hi == largest, x.lo, -self._xp.inf)
        lowest = self._xp.max(lower, axis=axis, keepdims=True)
        found = Double(self._ops, largest, self._xp.where(largest == largest, lowest, 0.0))
        return found if keepdims else self.squeeze(found, axis=axis)

    def sum(
        self, x: Any, /, *, axis: int | None = None, dtype: Any = None, keepdims: bool = False
    ) -> Any:
        """By halves: n numbers have met log₂ n others, whatever the framework's own order is."""
        if not isinstance(x, Double):
            whole = dtype is None or self._ops.dtype_name(x) != "float64"
            if whole and "float" not in self._ops.dtype_name(x):
                return self._xp.sum(x, axis=axis, dtype=dtype, keepdims=keepdims)
            x = wide(self._ops, x, x)
        return self._by_halves(operator.add, self._xp.sum, x, axis, keepdims)

    def prod(self, x: Any, /, *, axis: int | None = None, keepdims: bool = False) -> Any:
        """By halves."""
        if not isinstance(x, Double):
            return self._xp.prod(x, axis=axis, keepdims=keepdims)
        return self._by_halves(operator.mul, self._xp.prod, x, axis, keepdims)

    def _by_halves(
        self, join: Join, of_none: Any, x: Double, axis: int | None, keepdims: bool
    ) -> Double:
        if axis is None:
            x, axis = self.reshape(x, (-1,)), 0
        place = axis % x.ndim
        if x.shape[place]:
            found = _joined(join, x, place)
        else:
            found = wide(self._ops, of_none(x.hi, axis=place, keepdims=True), x.hi)
        return found if keepdims else self.squeeze(found, axis=place)

    def concat(self, arrays: Any, /, *, axis: int) -> Any:
        """One after another."""
        return self._together(self._xp.concat, arrays, axis)

    def stack(self, arrays: Any, /, *, axis: int = 0) -> Any:
        """Along a new axis."""
        return self._together(self._xp.stack, arrays, axis)

    def _together(self, function: Callable[..., Array], arrays: Any, axis: int) -> Any:
        if not isinstance(arrays[0], Double):
            return function(arrays, axis=axis)
        highs, lows = [each.hi for each in arrays], [each.lo for each in arrays]
        return Double(self._ops, function(highs, axis=axis), function(lows, axis=axis))

    def unstack(self, x: Any, /, *, axis: int = 0) -> Any:
        """Its parts along an axis."""
        if not isinstance(x, Double):
            return self._xp.unstack(x, axis=axis)
        pairs = (self._xp.unstack(part, axis=axis) for part in (x.hi, x.lo))
        return tuple(Double(self._ops, *each) for each in zip(*pairs, strict=True))

    def finfo(self, dtype: Any, /) -> Any:
        """Of float64, but for ``eps``."""
        return SimpleNamespace(eps=EPS, max=float(self._xp.finfo(dtype).max))


def _joined(join: Join, x: Double, axis: int) -> Double:
    """What is not empty, along an axis that stays."""
    before, odd_ones = (slice(None),) * axis, []
    while (count := x.shape[axis]) > 1:
        half = count // 2
        if count % 2:
            odd_ones.append(x[(*before, slice(count - 1, count))])
        x = join(x[(*before, slice(0, half))], x[(*before, slice(half, 2 * half))])
    for each in odd_ones:
        x = join(x, each)
    return x
