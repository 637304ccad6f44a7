"""Powers, and products of many as the geometric rule for soft targets takes them."""

from __future__ import annotations

from collections.abc import Callable

from wce_core.arrays.numerics import total
from wce_core.arrays.ops import ArrayOps
from wce_core.types import Array, Namespace

FEW_POWERS = 32
"""Factors up to which their product is right to a few eps."""


Power = Callable[[Array, Array], Array]


def product_of_powers(
    ops: ArrayOps, bases: Array, exponents: Array, axis: int, power: Power
) -> Array:
    """Π base ** exponent for exponents that sum to 1, or are all 0; ``axis`` stays.

    Of many factors, each as near to 1 as its exponent to 0, a product loses what it rounds off at
    every one. So it is e to the sum of logarithms, taken of the quotients by the largest base to
    keep the sum small. Bases of 0, which have no logarithm, are multiplied all the same.
    """
    xp = ops.xp
    if ops.shape(exponents)[axis] in range(FEW_POWERS + 1):
        return xp.prod(power(bases, exponents), axis=axis, keepdims=True)
    zero = bases == 0
    positive = xp.where(zero, 1.0, bases)
    largest = ops.constant(xp.max(positive, axis=axis, keepdims=True))
    logarithms = exponents * xp.log(positive / largest)  # all of them: the exponents sum to 1
    zeros = xp.where(zero, power(xp.where(zero, bases, 1.0), exponents), 1.0)
    of_zeros = xp.prod(zeros, axis=axis, keepdims=True)
    return largest * xp.exp(total(xp, logarithms, axis)) * of_zeros


def fixed_power(xp: Namespace, base: Array, exponent: float) -> Array:
    """base ** exponent for a base that is positive; small whole powers by products.

    They are faster than a power, and lose less.
    """
    if exponent == 0.0:
        return xp.ones_like(base)
    if exponent == 1.0:
        return base
    if exponent in (2.0, 3.0, 4.0):
        square = base * base
        if exponent == 2.0:
            return square
        return square * (base if exponent == 3.0 else square)
    return xp.pow(base, exponent)
