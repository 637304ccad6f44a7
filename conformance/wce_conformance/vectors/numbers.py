"""Numbers in JSON: exact decimals in, digits and bits out."""

from __future__ import annotations

from decimal import MAX_EMAX, MIN_EMIN, ROUND_HALF_UP, Context, Decimal
from math import inf, isinf, isnan, nan
from struct import pack, unpack
from typing import Any

from wce_conformance.oracle import exact_result, round_to
from wce_conformance.oracle.real import NAN, Real, mp

DIGITS = 30
SIZE_DIGITS = 7
"""Sizes only say how large an error may be."""
_NOTHING: Real = mp.mpf(10) ** -1000
"""What is smaller is written as 0: no dtype comes near it."""
_SPECIAL = {"inf": inf, "-inf": -inf, "nan": nan}
UNDEFINED = "undefined"
"""Stands where there is no derivative."""
_STRUCT = {"float64": ">d", "float32": ">f", "float16": ">e", "bfloat16": ">f"}
WIDTH = {"float64": 16, "float32": 8, "float16": 4, "bfloat16": 4}
"""Hexadecimal digits of a number."""


def plain(value: Any) -> Any:
    """A number of an input; JSON has no infinities and no NaN."""
    if isinstance(value, float) and (isnan(value) or isinf(value)):
        return "nan" if isnan(value) else "inf" if value > 0 else "-inf"
    return value


def read_plain(value: Any) -> Any:
    """The other way."""
    return _SPECIAL[value] if isinstance(value, str) else value


def digits(number: Real) -> str:
    """At least thirty digits, or the number itself where fewer or more are needed to round it.

    A number next to the middle between two floats is written out in full: its first thirty
    digits might fall on the middle, or on its other side.
    """
    with mp.workdps(1200):
        exact = mp.convert(number)
        if not mp.isfinite(exact):
            return str(plain(float(exact)))
        text = _shown(exact, DIGITS)
        if round_to(read_digits(text), "float64") == round_to(exact, "float64"):
            return text
        return _shown(exact, 1100)


def size(number: Real) -> str:
    """A few digits."""
    exact = mp.convert(number)
    return _shown(exact, SIZE_DIGITS) if mp.isfinite(exact) else str(plain(float(exact)))


def _shown(number: Real, count: int) -> str:
    """So many significant digits, half up: versions of mpmath differ in how they print a tie."""
    if abs(number) < _NOTHING:
        return "0"
    sign, mantissa, exponent = number._mpf_[:3]
    over, under = int(mantissa) << max(exponent, 0), 1 << max(-exponent, 0)
    rounding = Context(prec=count, rounding=ROUND_HALF_UP, Emin=MIN_EMIN, Emax=MAX_EMAX)
    rounded = rounding.divide(Decimal(over), Decimal(under))
    digits = "".join(map(str, rounded.as_tuple().digits)).rstrip("0")
    return ("-" if sign else "") + _pointed(digits, rounded.adjusted())


def _pointed(digits: str, exponent: int) -> str:
    """With a point where the number is neither large nor small, else with an exponent."""
    if not -5 < exponent < DIGITS:
        return f"{digits[0]}.{digits[1:] or 0}e{exponent:+d}"
    padded = "0" * -exponent + digits if exponent < 0 else digits.ljust(exponent + 1, "0")
    whole = max(exponent, 0) + 1
    return f"{padded[:whole]}.{padded[whole:]}".removesuffix(".")


def read_digits(text: str) -> Real:
    """A string of digits as a real number; NaN where there is none."""
    if text == UNDEFINED:
        return NAN
    with mp.workdps(max(60, len(text) + 20)):
        return mp.mpf(text)


def bits(number: Real, dtype: str) -> str:
    """What exact mode delivers for a number, as its bits in hexadecimal, or "nan"."""
    rounded = exact_result(number, dtype)
    if isnan(rounded):
        return "nan"
    packed = pack(_STRUCT[dtype], rounded + 0.0)  # −0 + 0 is 0: its sign is nobody's promise
    return packed.hex()[: WIDTH[dtype]]


def read_bits(text: str, dtype: str) -> float:
    """The number that has these bits."""
    if text == "nan":
        return nan
    raw = bytes.fromhex(text)
    number: float = unpack(_STRUCT[dtype], raw + b"\0\0" if dtype == "bfloat16" else raw)[0]
    return number
