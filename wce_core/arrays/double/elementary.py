"""exp, expm1, log and log1p of :class:`Double`, each within 2⁻⁹⁶ of itself.

e^x = 2^k · 2^(j/64) · e^r with |r| ≤ ln 2 / 128: a table, and Taylor's series. Logarithms are one
step of Newton's method from the framework's own of float64. Tang 1989 has the first idea.
"""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction
from functools import cache
from math import factorial
from typing import NamedTuple

import numpy as np

from wce_core.arrays.ops import ArrayOps
from wce_core.types import Array

from .array import Double, wide
from .steps import quick_two_sum, rounded_product, two_sum

STEPS = 64
"""Entries of the table."""
FARTHEST = 745.2
"""Beyond it e^−x is 0 in float64."""
SHORT = 34
"""Bits of a part of ln 2 / 64, which times a number of steps, of 17 bits, is exact."""
WIDE_TERMS, TERMS = 6, 11
"""Terms of the series that are added as Doubles, and all of them."""


class _Constants(NamedTuple):
    parts: tuple[float, float, float]
    """ln 2 / 64 as a sum of three."""
    powers: tuple[np.ndarray, np.ndarray]
    """2^(j/64) as a sum of two."""


@cache
def _constants() -> _Constants:
    with localcontext() as context:
        context.prec = 80
        step = Fraction(Decimal(2).ln() / STEPS)
        powers = [Fraction(Decimal(2) ** (Decimal(j) / STEPS)) for j in range(STEPS)]
    high = np.array([float(power) for power in powers])
    low = np.array([float(p - Fraction(h)) for p, h in zip(powers, high, strict=True)])
    first = _shortened(step)
    second = _shortened(step - Fraction(first))
    parts = (first, second, float(step - Fraction(first) - Fraction(second)))
    return _Constants(parts, (high, low))


def _shortened(number: Fraction) -> float:
    """The first bits of a positive number."""
    exponent = int(np.frexp(float(number))[1]) - SHORT
    return float(np.ldexp(float(int(number / Fraction(2) ** exponent)), exponent))


def exp(ops: ArrayOps, x: Double) -> Double:
    """e^x; 0 below −745."""
    xp, far = ops.xp, x.hi < -FARTHEST
    power, series, exponent = _reduced(ops, x)
    found = _scaled(ops, power + power * series, exponent)
    lo = xp.where(far, 0.0, found.lo)
    hi = xp.where(far, 0.0, found.hi)
    return Double(ops, xp.where(x.hi == x.hi, hi, x.hi), lo)


def expm1(ops: ArrayOps, x: Double) -> Double:
    """e^x − 1, right to its last digits near 0."""
    power, series, exponent = _reduced(ops, x)
    power = _scaled(ops, power, exponent)
    near, xp = (power - 1.0) + power * series, ops.xp
    far = x.hi < -FARTHEST
    return Double(ops, xp.where(far, -1.0, near.hi), xp.where(far, 0.0, near.lo))


def _reduced(ops: ArrayOps, x: Double) -> tuple[Double, Double, Array]:
    """2^(j/64), e^r − 1 and k."""
    xp, constants = ops.xp, _constants()
    kept = (x.hi > -FARTHEST) & (x.hi < FARTHEST)
    hi, lo = xp.where(kept, x.hi, 0.0), xp.where(kept, x.lo, 0.0)
    steps = xp.round(hi * (STEPS * 1.4426950408889634))
    first, second, third = constants.parts
    rest, error = two_sum(hi, -steps * first)
    rest, more = two_sum(rest, -steps * second)
    rest, last = two_sum(rest, lo)
    lower = last + ((error + more) - rounded_product(ops, steps, ops.scalar(third, "float64", hi)))
    r = Double(ops, *quick_two_sum(rest, lower))
    exponent = xp.floor(steps / STEPS)
    place = ops.cast(steps - exponent * STEPS, ops.index_dtype)
    high, low = (_looked_up(ops, table, place, hi) for table in constants.powers)
    return Double(ops, high, low), _series(ops, r), exponent


def _looked_up(ops: ArrayOps, table: np.ndarray, place: Array, like: Array) -> Array:
    flat = ops.xp.reshape(place, (-1,))
    found = ops.xp.take(ops.asarray(table, like), flat, axis=0)
    return ops.xp.reshape(found, ops.sizes(place))


def _series(ops: ArrayOps, r: Double) -> Double:
    """e^r − 1."""
    tail = ops.xp.zeros_like(r.hi) + 1.0 / factorial(TERMS)
    for n in range(TERMS - 1, WIDE_TERMS, -1):
        tail = rounded_product(ops, tail, r.hi) + 1.0 / factorial(n)
    found = wide(ops, rounded_product(ops, tail, r.hi), r.hi)
    for n in range(WIDE_TERMS, 1, -1):
        found = found + _inverse_factorial(ops, n, r.hi)
        found = found * r
    return r + found * r


def _inverse_factorial(ops: ArrayOps, n: int, like: Array) -> Double:
    high = 1.0 / factorial(n)
    low = float(Fraction(1, factorial(n)) - Fraction(high))
    zeros = ops.xp.zeros_like(like)
    return Double(ops, zeros + high, zeros + low)


def _scaled(ops: ArrayOps, x: Double, exponent: Array) -> Double:
    """x·2^exponent, by two powers, since one may be none of float64."""
    half = ops.xp.floor(exponent / 2.0)
    one, other = (_power_of_two(ops, each) for each in (half, exponent - half))
    return Double(ops, (x.hi * one) * other, (x.lo * one) * other)


def _power_of_two(ops: ArrayOps, exponent: Array) -> Array:
    return ops.from_bits((ops.cast(exponent, "int64") + 1023) * 2**52)


def log1p(ops: ArrayOps, x: Double) -> Double:
    """log(1 + x), right to its last digits near 0."""
    start = ops.xp.log1p(x.hi)
    near = expm1(ops, wide(ops, start, x.hi))
    excess = (x - near).hi / (1.0 + near).hi
    return _moved(ops, start, excess)


def log(ops: ArrayOps, x: Double) -> Double:
    """log x, right to its last digits near 1."""
    xp = ops.xp
    close = (x.hi > 0.75) & (x.hi < 1.5)
    start = xp.log(xp.where(close, 2.0, x.hi))
    excess = (x * exp(ops, wide(ops, -start, x.hi)) - 1.0).hi
    far = _moved(ops, start, excess)
    near = log1p(ops, Double(ops, xp.where(close, x.hi, 1.0), xp.where(close, x.lo, 0.0)) - 1.0)
    return Double(ops, xp.where(close, near.hi, far.hi), xp.where(close, near.lo, far.lo))


def _moved(ops: ArrayOps, start: Array, excess: Array) -> Double:
    """start + log(1 + excess), of a small excess; ``start`` itself where it is infinite or NaN."""
    xp = ops.xp
    step = excess - 0.5 * rounded_product(ops, excess, excess)
    hi, lo = two_sum(start, step)
    finite = xp.isfinite(start)
    return Double(ops, xp.where(finite, hi, start), xp.where(finite, lo, 0.0))
