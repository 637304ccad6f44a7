"""Loops that visit a row once, compiled by Numba.

All are in this file, because Numba keeps on disk what it has compiled until the file of a loop
changes, and looks at no other file. Of ``fastmath`` two parts are used: ``contract`` in polynomials
makes one rounding of two, and ``reassoc`` in sums lets LLVM take several side by side. Neither
changes what NaN, infinities and signs of zero do.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from math import inf
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba import extending, types

STEPS = 1024
"""Numbers that are added in the predictions' dtype; their sums are added in float64."""
TILE = 256
"""Rows of few classes that are read side by side."""
intrinsic: Any = extending.intrinsic
overload: Any = extending.overload
INLINE: Any = numba.njit(error_model="numpy")
POLYNOMIAL: Any = numba.njit(error_model="numpy", fastmath={"contract"})
SUM: Any = numba.njit(error_model="numpy", fastmath={"reassoc"})

# Numbers -------------------------------------------------------------------------------------

INTEGER: dict[Any, Any] = {types.float32: types.int32, types.float64: types.int64}
FLOATING: dict[Any, Any] = {own: floating for floating, own in INTEGER.items()}
WIDTH = {types.int32: 32, types.int64: 64}


@intrinsic
def bits(typing_context: Any, value: Any) -> Any:
    """The bits of a number as an integer."""
    del typing_context

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        del context
        return builder.bitcast(args[0], ir.IntType(WIDTH[signature.return_type]))

    return INTEGER[value](value), code


@intrinsic
def number(typing_context: Any, value: Any) -> Any:
    """The number that has these bits."""
    del typing_context

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        del context
        narrow = signature.return_type is types.float32
        return builder.bitcast(args[0], ir.FloatType() if narrow else ir.DoubleType())

    return FLOATING[value](value), code


# Numba chooses by types what Python chooses by dtypes: functions with an ``overload`` do the same
# in both, so a loop can be stepped through.


def of_size(x: Any, narrow: Any, wide: Any) -> Any:
    """By the function for numbers of four bytes, or of eight; Numba returns Python's own."""
    return x.dtype.type((narrow if x.dtype.itemsize == 4 else wide)(x))


def like(value: float, x: Any) -> Any:
    """A number in the dtype of x, of which Numba would otherwise make a float64."""
    return x.dtype.type(value)


@overload(like, inline="always", strict=False)
def _like(value: Any, x: Any) -> Any:
    del value
    dtype = getattr(x, "dtype", x)
    return (
        (lambda value, x: np.float32(value))
        if dtype is types.float32
        else (lambda value, x: np.float64(value))
    )


F = np.float32
SHIFT32, SHIFT64 = F(1.5 * 2**23), 1.5 * 2**52
"""Added, they leave a number's whole part in the last bits."""
BITS32, BITS64 = np.int32(SHIFT32.view(np.int32)), np.int64(np.float64(SHIFT64).view(np.int64))
LEAST32, LEAST64 = F(-110.0), -750.0
"""e to less than that is 0."""
LOG2E32, LOG2E64 = F(1.4426950408889634), 1.4426950408889634
HIGH32, LOW32 = F(0.693359375), F(-2.12194440e-4)
HIGH64, LOW64 = 6.93147180369123816490e-01, 1.90821492927058770002e-10
"""log 2, its first digits and the rest: a whole number times the first is exact."""
E2, E3, E4, E5, E6, E7 = (
    F(each)
    for each in (
        *(5.0000001201e-1, 1.6666665459e-1, 4.1665795894e-2),
        *(8.3334519073e-3, 1.3981999507e-3, 1.9875691500e-4),
    )
)
"""(e^r − 1 − r) / r²: the polynomial of the Cephes library's expf."""
D2, D3, D4, D5, D6, D7, D8, D9, D10, D11, D12, D13 = (
    1.0 / float(functools.reduce(int.__mul__, range(1, n + 1))) for n in range(2, 14)
)
"""The same of float64: 1/n!, whose next term is below a twentieth of the last digit."""
ONE32, TWO32 = F(1.0), F(2.0)


@POLYNOMIAL
def exp32(x: Any) -> Any:
    """e^x of x ≤ 0: x = n·log 2 + r, and 2^n by its bits, in two factors for subnormal results."""
    x = LEAST32 if x < LEAST32 else x
    shifted = x * LOG2E32 + SHIFT32
    n = shifted - SHIFT32
    whole = np.int32(bits(shifted) - BITS32)  # Numba makes int64 of two int32
    r = (x - n * HIGH32) - n * LOW32
    p = ((((E7 * r + E6) * r + E5) * r + E4) * r + E3) * r + E2
    y = (p * (r * r) + r) + ONE32
    half = np.int32(whole >> np.int32(1))
    first = number(np.int32((half + np.int32(127)) << np.int32(23)))
    return (y * first) * number(np.int32((whole - half + np.int32(127)) << np.int32(23)))


@POLYNOMIAL
def exp64(x: Any) -> Any:
    """The same; what r and 1 + r were rounded by is added at the end."""
    x = LEAST64 if x < LEAST64 else x
    shifted = x * LOG2E64 + SHIFT64
    n = shifted - SHIFT64
    whole = bits(shifted) - BITS64
    near = x - n * HIGH64
    r = near - n * LOW64
    low = (near - r) - n * LOW64
    p = ((((D13 * r + D12) * r + D11) * r + D10) * r + D9) * r + D8
    p = (((((p * r + D7) * r + D6) * r + D5) * r + D4) * r + D3) * r + D2
    s = 1.0 + r
    y = s + (((1.0 - s) + r) + (p * (r * r) + low))
    half = whole >> np.int64(1)
    first = number((half + np.int64(1023)) << np.int64(52))
    return (y * first) * number((whole - half + np.int64(1023)) << np.int64(52))


L3, L5, L7, L9, L11, L13, L15 = (F(1.0 / n) for n in range(3, 17, 2))
K3, K5, K7, K9, K11, K13, K15, K17, K19, K21, K23, K25, K27, K29, K31, K33 = (
    1.0 / n for n in range(3, 35, 2)
)


@POLYNOMIAL
def log1p32(u: Any) -> Any:
    """log(1 + u) of 0 ≤ u ≤ 1: 2·artanh(w), w = u / (2 + u) ≤ ⅓, by its series."""
    w = u / (TWO32 + u)
    z = w * w
    p = (((((L15 * z + L13) * z + L11) * z + L9) * z + L7) * z + L5) * z + L3
    return TWO32 * (w + (w * z) * p)


@POLYNOMIAL
def log1p64(u: Any) -> Any:
    """The same."""
    w = u / (2.0 + u)
    z = w * w
    p = ((((K33 * z + K31) * z + K29) * z + K27) * z + K25) * z + K23
    p = (((((p * z + K21) * z + K19) * z + K17) * z + K15) * z + K13) * z + K11
    p = (((p * z + K9) * z + K7) * z + K5) * z + K3
    return 2.0 * (w + (w * z) * p)


def exp(x: Any) -> Any:
    """e^x of x ≤ 0, in its dtype."""
    return of_size(x, exp32, exp64)


def log1p(x: Any) -> Any:
    """log(1 + u) of 0 ≤ u ≤ 1, in its dtype."""
    return of_size(x, log1p32, log1p64)


@overload(exp, strict=False)
def _exp(x: Any) -> Any:
    return (lambda x: exp32(x)) if x is types.float32 else (lambda x: exp64(x))  # noqa: PLW0108  # Numba asks for a function of Python


@overload(log1p, strict=False)
def _log1p(x: Any) -> Any:
    return (lambda x: log1p32(x)) if x is types.float32 else (lambda x: log1p64(x))  # noqa: PLW0108  # Numba asks for a function of Python


# Rows ----------------------------------------------------------------------------------------


@INLINE
def ordered32(x: Any) -> Any:
    """A number's bits as an integer that is larger of a larger number; and back.

    Largest of a NaN without sign.
    """
    return np.int32(x ^ ((x >> np.int32(31)) & np.int32(2**31 - 1)))


@INLINE
def ordered64(x: Any) -> Any:
    """The same."""
    return x ^ ((x >> np.int64(63)) & np.int64(2**63 - 1))


def ordered(x: Any) -> Any:
    """The same of either."""
    return of_size(x, ordered32, ordered64)


@overload(ordered, strict=False)
def _ordered(x: Any) -> Any:
    return (lambda x: ordered32(x)) if x is types.int32 else (lambda x: ordered64(x))  # noqa: PLW0108  # Numba asks for a function of Python


@INLINE
def largest_of(x: Any) -> Any:
    """The largest number of a row: by integers, which compare without doubt.

    Of a NaN without sign it is that; one with a sign is met among the exponentials.
    """
    top = ordered(bits(like(-inf, x)))
    for j in range(x.shape[0]):
        top = max(top, ordered(bits(x[j])))
    return number(ordered(top))


@INLINE
def exponentials_of(x: Any, largest: Any, e: Any) -> None:
    """e^(x − largest)."""
    for j in range(x.shape[0]):
        e[j] = exp(x[j] - largest)


@SUM
def sum_below_one(e: Any) -> Any:
    """The sum of those below 1, and of NaN."""
    found = like(0.0, e)
    for j in range(e.shape[0]):
        found += like(0.0, e) if e[j] >= like(1.0, e) else e[j]
    return found


@INLINE
def ones_of(e: Any) -> Any:
    """How many are 1."""
    found = np.int32(0)
    for j in range(e.shape[0]):
        found += np.int32(1) if e[j] >= like(1.0, e) else np.int32(0)
    return found


@INLINE
def side_by_side(tile: Any, top: Any, below: Any, ones: Any) -> None:
    """Exponentials of a tile, classes by items, in its place."""
    one, zero = like(1.0, tile), like(0.0, tile)
    for k in range(TILE):
        top[k], below[k], ones[k] = tile[0, k], zero, zero
    for c in range(1, tile.shape[0]):
        for k in range(TILE):
            top[k] = top[k] if top[k] >= tile[c, k] else tile[c, k]
    for c in range(tile.shape[0]):
        for k in range(TILE):
            tile[c, k] = exp(tile[c, k] - top[k])
        for k in range(TILE):
            v = tile[c, k]
            ones[k] += one if v >= one else zero
            below[k] += zero if v >= one else v


@INLINE
def written(top: Any, below: Any, ones: Any, largest: Any, whole: Any, rest: Any) -> None:
    """What is known of the first items of a tile."""
    one = like(1.0, top)
    for k in range(largest.shape[0]):
        largest[k], whole[k], rest[k] = top[k], below[k] + ones[k], below[k] + (ones[k] - one)


def rows(x: Any, e: Any, largest: Any, whole: Any, rest: Any) -> None:
    """Exponentials of each row of a matrix, their sum, and that without one of the largest."""
    for i in range(x.shape[0]):
        own, found = x[i], e[i]
        top = largest_of(own)
        exponentials_of(own, top, found)
        below = 0.0
        for start in range(0, x.shape[1], STEPS):
            below += sum_below_one(found[start : start + STEPS])
        ones = ones_of(found)
        largest[i, 0], whole[i, 0], rest[i, 0] = top, below + ones, below + (ones - 1)


def columns(x: Any, e: Any, largest: Any, whole: Any, rest: Any) -> None:
    """The same of few classes along the middle axis: many items are read side by side."""
    outer, classes, inner = x.shape
    tile = np.zeros((classes, TILE), x.dtype)
    top, below, ones = np.empty(TILE, x.dtype), np.empty(TILE, x.dtype), np.empty(TILE, x.dtype)
    if inner == 1:
        for first in range(0, outer, TILE):
            own, count = slice(first, first + TILE), min(TILE, outer - first)
            for k in range(count):
                for c in range(classes):
                    tile[c, k] = x[first + k, c, 0]
            side_by_side(tile, top, below, ones)
            for k in range(count):
                for c in range(classes):
                    e[first + k, c, 0] = tile[c, k]
            written(top, below, ones, largest[own, 0], whole[own, 0], rest[own, 0])
        return
    for o in range(outer):
        for first in range(0, inner, TILE):
            own, count = slice(first, first + TILE), min(TILE, inner - first)
            for c in range(classes):
                for k in range(count):
                    tile[c, k] = x[o, c, first + k]
            side_by_side(tile, top, below, ones)
            for c in range(classes):
                for k in range(count):
                    e[o, c, first + k] = tile[c, k]
            written(top, below, ones, largest[o, own], whole[o, own], rest[o, own])


def scaled(e: Any, share: Any, index: Any, value: Any, into: Any) -> None:
    """Each row times its share, with a value at an index: axes outer, classes, inner."""
    outer, classes, inner = e.shape
    for o in range(outer):
        if inner == 1:
            own = share[o, 0]
            for c in range(classes):
                into[o, c, 0] = e[o, c, 0] * own
        else:
            for c in range(classes):
                for i in range(inner):
                    into[o, c, i] = e[o, c, i] * share[o, i]
        for i in range(inner):
            into[o, index[o, i], i] = value[o, i]


# Pairs ---------------------------------------------------------------------------------------


def softplus(z: Any, odds: Any) -> None:
    """log(1 + e^z) in the place of z, and e^−|z| with the sign of z."""
    zero = like(0.0, z)
    for j in range(z.shape[0]):
        own = z[j]
        small = exp(-abs(own))
        odds[j] = np.copysign(small, own)
        z[j] = (own if own > zero else zero) + log1p(small)


def log_sum(z: Any, odds: Any, found: Any) -> None:
    """log(1 + e^−|z|), and e^−|z| with the sign of z."""
    for j in range(z.shape[0]):
        small = exp(-abs(z[j]))
        odds[j] = np.copysign(small, z[j])
        found[j] = log1p(small)


def chances(z: Any, one: Any, zero: Any) -> None:
    """σ(z) and σ(−z)."""
    unit = like(1.0, z)
    for j in range(z.shape[0]):
        small = exp(-abs(z[j]))
        large = unit / (unit + small)
        small *= large
        above = z[j] > like(0.0, z)
        one[j] = large if above else small
        zero[j] = small if above else large


def sigmoids(odds: Any, one: Any, zero: Any) -> None:
    """The same of e^−|z| with the sign of z."""
    unit = like(1.0, odds)
    for j in range(odds.shape[0]):
        small = abs(odds[j])
        large = unit / (unit + small)
        small *= large
        above = np.copysign(unit, odds[j]) > like(0.0, odds)
        one[j] = large if above else small
        zero[j] = small if above else large


def sigmoid(odds: Any) -> None:
    """σ(z) in its place."""
    unit = like(1.0, odds)
    for j in range(odds.shape[0]):
        small = abs(odds[j])
        above = np.copysign(unit, odds[j]) > like(0.0, odds)
        odds[j] = (unit if above else small) / (unit + small)


def focal_slope(
    surprisal: Any, p: Any, rest: Any, power: Any, found: Any, gamma: float, bound: float
) -> None:
    """(rest + γ·p·s)·power, of s the bound at most."""
    times, most = like(gamma, surprisal), like(bound, surprisal)
    for j in range(surprisal.shape[0]):
        own = surprisal[j]
        found[j] = ((most if own > most else own) * p[j] * times + rest[j]) * power[j]


def flushed(values: Any, least: float) -> None:
    """0 in the place of what is smaller."""
    for j in range(values.shape[0]):
        values[j] = 0.0 if abs(values[j]) < least else values[j]


# Compiled ------------------------------------------------------------------------------------


def _arrays(*ranks: int) -> Callable[[Any], tuple[Any, ...]]:
    """Of a number type: arrays of these ranks; the first is only read."""
    return lambda own: tuple(
        types.Array(own, rank, "C", readonly=place == 0) for place, rank in enumerate(ranks)
    )


def _written(*ranks: int) -> Callable[[Any], tuple[Any, ...]]:
    return lambda own: tuple(types.Array(own, rank, "C") for rank in ranks)


def _scaled(own: Any) -> tuple[Any, ...]:
    numbers, two = types.Array(own, 3, "C"), types.Array(own, 2, "C", readonly=True)
    return numbers, two, types.Array(types.int64, 2, "C", readonly=True), two, numbers


def _focal_slope(own: Any) -> tuple[Any, ...]:
    read = types.Array(own, 1, "C", readonly=True)
    return *[read] * 4, types.Array(own, 1, "C"), types.float64, types.float64


ARGUMENTS: dict[Callable[..., None], Callable[[Any], tuple[Any, ...]]] = {
    rows: _arrays(2, 2, 2, 2, 2),
    columns: _arrays(3, 3, 2, 2, 2),
    scaled: _scaled,
    softplus: _written(1, 1),
    log_sum: _arrays(1, 1, 1),
    chances: _arrays(1, 1, 1),
    sigmoids: _arrays(1, 1, 1),
    sigmoid: _written(1),
    focal_slope: _focal_slope,
    flushed: lambda own: (types.Array(own, 1, "C"), types.float64),
}


@functools.cache
def compiled(loop: Callable[..., None], dtype: np.dtype[Any]) -> Callable[..., None]:
    """The loop for one number type: from disk, or compiled now. It runs without the GIL."""
    arguments = types.void(*ARGUMENTS[loop](numba.from_dtype(dtype)))
    options: Any = {"nogil": True, "error_model": "numpy"}
    try:
        made: Any = numba.njit(arguments, cache=True, **options)(loop)
    except RuntimeError:  # Numba may write nowhere: every process compiles for itself
        made = numba.njit(arguments, **options)(loop)
    own: Callable[..., None] = made
    return own
