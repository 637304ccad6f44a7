"""Real numbers with ±∞ and NaN, under one convention: 0 · ∞ = 0.

That convention carries most edges of the specification: a weight of 0 silences an infinite
item loss, and 0 · log 0 = 0, in values and in derivatives. NaN is never silenced.
"""

from typing import Any, TypeAlias

import mpmath

mp: Any = mpmath.mp  # ships no annotations
Real: TypeAlias = Any  # an mpmath `mpf`

INF: Real = mp.mpf("inf")
NAN: Real = mp.mpf("nan")
ONE: Real = mp.one

# Stands in for an infinite prediction, so that its derivatives are the limits of those of finite
# ones. Differences of float64 numbers stay below 4e308, so nothing finite comes near it.
LIMIT: Real = mp.mpf(10) ** 1000
_BEYOND_FINITE: Real = mp.mpf(10) ** 900
_BEYOND_FINITE_BITS = 10**500


def times(a: Real, b: Real) -> Real:
    """The product a · b, where 0 · ±∞ = 0 and NaN stays NaN."""
    if a and b:
        return a * b
    return NAN if mp.isnan(a) or mp.isnan(b) else mp.zero


def limited(number: Any) -> Real:
    """The number as a real, ±∞ as ±LIMIT."""
    value = mp.convert(number)
    if mp.isinf(value):
        return LIMIT if value > 0 else -LIMIT
    return value


def from_limit(value: Real) -> Real:
    """What a value computed with LIMIT tends to as LIMIT grows: ±∞, 0, or the value itself."""
    if mp.isnan(value) or value == 0 or mp.isinf(value):
        return value
    if abs(value) > _BEYOND_FINITE:
        return INF if value > 0 else -INF
    return mp.zero if mp.mag(value) < -_BEYOND_FINITE_BITS else value
