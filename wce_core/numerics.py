"""Small array functions in which rounding, infinities and ties are settled once.

All are pure functions of a namespace and arrays, right in value and in derivative.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .types import Array, Namespace

if TYPE_CHECKING:
    from .backend import Backend


def times(xp: Namespace, weight: Array, value: Array) -> Array:
    """``weight * value`` with 0 · ±∞ = 0, forward and backward; 0 · NaN stays NaN."""
    lost = (weight == 0) & _infinite(xp, value)
    return weight * xp.where(lost, 0.0, value)


def product(xp: Namespace, weight: Array, value: Array) -> Array:
    """:func:`times` for closed forms: selected last, which compilers make faster code of.

    Autodiff would multiply the infinity by a cotangent of 0.
    """
    return xp.where((weight == 0) & _infinite(xp, value), 0.0, weight * value)


def _infinite(xp: Namespace, value: Array) -> Array:
    """By comparison: ``isinf`` keeps PyTorch's compiler from vectorizing what is around it."""
    return xp.abs(value) == xp.inf


def along(xp: Namespace, vector: Array, axis: int, ndim: int) -> Array:
    """A rank-1 array laid along ``axis`` of a rank ``ndim`` shape, length 1 elsewhere."""
    return xp.reshape(vector, tuple(-1 if i == axis else 1 for i in range(ndim)))


def snapped(be: Backend, own: Array, cross: Array, into: Array | None = None) -> Array:
    """own − cross; in float64, exactly 0 where the two differ by rounding alone.

    Which digits rounding leaves depends on the framework, and exact results promise the same.
    """
    xp = be.xp
    if be.dtype_name(own) == "float32":
        return be.over(xp.subtract, own, cross, into=into)
    difference = own - cross
    noise = 4.0 * float(xp.finfo(difference.dtype).eps) * xp.abs(own)
    return xp.where(xp.abs(difference) <= noise, 0.0, difference)


def log_complement(xp: Namespace, p: Array) -> Array:
    """log(1 − p) for p ≤ 1.

    Beyond a quarter 1 − p loses nothing that the logarithm would show, and some log1p do: XLA's of
    float64 is off by up to 120 eps for p between 0.35 and 0.42.
    """
    large = p > 0.25
    from_log = xp.log(xp.where(large, 1.0 - p, 1.0))
    return xp.where(large, from_log, xp.log1p(xp.where(large, 0.0, -p)))


def total(xp: Namespace, values: Array, axis: int) -> Array:
    """Sum along ``axis``, which stays with length 1, in the dtype of ``values``."""
    return xp.sum(values, axis=axis, keepdims=True, dtype=values.dtype)


def sum_of_others(be: Backend, values: Array, axis: int, top: Array) -> Array:
    """For each element the sum of all the others along ``axis``, without cancelling.

    ``top`` names one element of each row that none exceeds in magnitude. For every other one
    total − value is accurate, because the top is in the difference; the top gets its own sum.
    """
    xp = be.xp
    zero = xp.zeros_like(be.pick(values, top, axis))
    rest = total(xp, be.put(values + 0.0, top, zero, axis), axis)
    return be.put(total(xp, values, axis) - values, top, rest, axis)


def divide_or(xp: Namespace, numerator: Array, denominator: Array, fallback: float) -> Array:
    """``numerator / denominator``; ``fallback``, with derivative 0, where the denominator is 0."""
    zero = denominator == 0
    quotient = numerator / xp.where(zero, 1.0, denominator)
    return xp.where(zero, fallback, quotient)
