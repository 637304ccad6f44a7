"""Numbers in JSON: exact decimals in, digits and bits out."""

from __future__ import annotations

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
    if abs(number) < _NOTHING:
        return "0"
    text: str = mp.nstr(number, count, min_fixed=-5, max_fixed=DIGITS)
    return text.removesuffix(".0")


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
