"""Correct rounding of exact numbers to floating types, ties to even."""

from dataclasses import dataclass
from math import copysign, inf, ldexp, nan
from typing import Literal, TypeAlias

from wce_conformance.oracle.real import Real, mp

FloatType: TypeAlias = Literal["float64", "float32", "float16", "bfloat16"]


@dataclass(frozen=True)
class _Format:
    """Bits of the significand, and the exponents of the smallest and largest normal numbers."""

    precision: int
    smallest: int
    largest: int


_FORMATS = {
    "float64": _Format(53, -1022, 1023),
    "float32": _Format(24, -126, 127),
    "float16": _Format(11, -14, 15),
    "bfloat16": _Format(8, -126, 127),
}
_FLUSHED_BELOW = ldexp(1.0, -126)


def round_to(x: Real, dtype: str) -> float:
    """The number of `dtype` nearest to x, subnormals and overflow to ±∞ included.

    What rounds to zero keeps its sign, as IEEE 754 says.
    """
    if isinstance(x, float) and x == 0:
        return x
    number = mp.convert(x)
    if mp.isnan(number):
        return nan
    if mp.isinf(number):
        return inf if number > 0 else -inf
    return _round_finite(number, _FORMATS[dtype])


def exact_result(x: Real, dtype: str) -> float:
    """What exact mode delivers for x: rounded once; for a half type to float32, and once more.

    float32 and bfloat16 results below 2⁻¹²⁶ in magnitude are 0.
    """
    if dtype == "float64":
        return round_to(x, "float64")
    if dtype in ("float32", "bfloat16") and abs(mp.convert(x)) < _FLUSHED_BELOW:
        return 0.0
    return round_to(round_to(x, "float32"), dtype)


def _round_finite(number: Real, target: _Format) -> float:
    sign, mantissa, exponent, bits = number._mpf_
    if mantissa == 0:
        return 0.0
    leading = exponent + bits - 1
    quantum = max(leading, target.smallest) - target.precision + 1
    if leading < quantum - 1:
        steps = 0
    elif exponent >= quantum:
        steps = 0 if leading > target.largest else int(mantissa) << (exponent - quantum)
    else:
        steps = _half_even(int(mantissa), quantum - exponent)
    overflows = leading > target.largest or steps.bit_length() + quantum - 1 > target.largest
    magnitude = inf if overflows else ldexp(steps, quantum)
    return copysign(magnitude, -1.0 if sign else 1.0)


def _half_even(mantissa: int, shift: int) -> int:
    """Divide by 2^shift, to the nearest integer, ties to even."""
    below = mantissa & ((1 << shift) - 1)
    floor = mantissa >> shift
    half = 1 << (shift - 1)
    return floor + (below > half or (below == half and floor % 2 == 1))
