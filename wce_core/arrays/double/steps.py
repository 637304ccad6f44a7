"""Sums and products of float64 numbers together with their rounding error.

A compiler may join a product with the sum it goes to in one rounding, in one use of the product and
not in another, and compute either again where it is used. Nothing here changes when it does: a
product is exact, so that there is nothing to round, or :func:`rounded_product`, which is no product
any more when it meets a sum. Sums are Knuth's, of additions alone, which no compiler here reorders.

Source: Dekker 1971, Knuth TAOCP 4.2.2; a split by bits instead of by a product is new to neither.
"""

from __future__ import annotations

from wce_core.arrays.ops import ArrayOps
from wce_core.types import Array

Pair = tuple[Array, Array]

LOWER = ~((1 << 27) - 1)
"""The bits of a float64 number without the last 27 of its fraction: 26 bits are left."""


def two_sum(a: Array, b: Array) -> Pair:
    """RN(a + b), and what it lacks of a + b, exactly; for any two finite numbers."""
    total = a + b
    other = total - a
    return total, (a - (total - other)) + (b - other)


def quick_two_sum(a: Array, b: Array) -> Pair:
    """The same where |a| ≥ |b| or a = 0."""
    total = a + b
    return total, b - (total - a)


def split(ops: ArrayOps, a: Array) -> Pair:
    """Two numbers of 26 and of 27 bits, of a's sign, whose sum is a."""
    upper = ops.from_bits(ops.bits(a) & LOWER)
    return upper, a - upper


def rounded_product(ops: ArrayOps, a: Array, b: Array) -> Array:
    """a·b to 52 bits, which no compiler joins with a sum."""
    product = a * b
    return ops.from_bits(ops.bits(product) & -2) if ops.contracts else product


def two_product(ops: ArrayOps, a: Pair, b: Pair) -> Pair:
    """The product of two numbers that :func:`split` has split: within 2⁻¹⁰⁴ of itself.

    Of its four partial products the first three have at most 53 bits, and are exact.
    """
    middle, rest = two_sum(a[0] * b[1], a[1] * b[0])
    total, error = two_sum(a[0] * b[0], middle)
    return quick_two_sum(total, error + (rest + rounded_product(ops, a[1], b[1])))
