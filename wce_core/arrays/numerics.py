"""Small array functions in which rounding, infinities and ties are settled once.

All are pure functions of a namespace and arrays, right in value and in derivative.
"""

from __future__ import annotations

from wce_core.types import Array, Namespace


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


def log_of(xp: Namespace, p: Array, excess: Array) -> Array:
    """log p of p and p − 1, which near 1 tells what p is rounded to there.

    Within a quarter of 1 by log1p. Not beyond: XLA's of float64 is off by up to 120 eps for an
    excess between −0.42 and −0.35.
    """
    close = xp.abs(excess) < 0.25
    near = xp.log1p(xp.where(close, excess, 0.0))
    return xp.where(close, near, xp.log(xp.where(close, 1.0, p)))


def log_complement(xp: Namespace, p: Array) -> Array:
    """log(1 − p) for p ≤ 1."""
    return log_of(xp, 1.0 - p, -p)


# expm1(x) = x + z·(P(z) + x·D(z)) / (Q(z) − x·P(z)) with z = x², for |x| ≤ ½: the rational function
# of the Cephes library with its leading x taken out, for the last bits. Highest coefficient first.
_P = (1.2617719307481059087798e-4, 3.0299440770744196129956e-2, 1.0)


_Q = (3.0019850513866445504159e-6, 2.5244834034968410419224e-3, 2.2726554820815502876593e-1, 2.0)


_D = (-_Q[0], 2 * _P[0] - _Q[1], 2 * _P[1] - _Q[2])


def complement_of_exp(xp: Namespace, x: Array) -> Array:
    """1 − exp(x) for x ≤ 0.

    By arithmetic near 0, because ``expm1`` is what a compiler makes of it: PyTorch's Inductor
    writes exp(x) − 1 wherever it vectorizes, which is 0 for the smallest x.
    """
    near, zero = x > -0.5, x == 0
    # At 0 the slope of a logarithm of this is infinite, of which 0 · z would make NaN.
    small = xp.where(near & ~zero, x, -0.25)
    rest = xp.where(near, 0.0 - _expm1(small), 1.0 - xp.exp(xp.where(near, -1.0, x)))
    return xp.where(zero, 0.0 - x, rest)


def log_complement_of_exp(xp: Namespace, x: Array) -> Array:
    """log(1 − exp(x)) for x ≤ 0.

    Near 0 of two factors, −x and (1 − exp(x)) / −x: a slope that overflows, as −1e30 / x can, is
    then met by no other, with which infinity would make NaN.
    """
    near = x > -0.5
    small = xp.where(near, x, -0.25)
    by_factors = xp.log(0.0 - small) + xp.log1p(small * _beyond_linear_share(small))
    p = xp.exp(xp.where(near, -1.0, x))
    return xp.where(near, by_factors, log_complement(xp, p))


def smooth_complement_of_exp(xp: Namespace, x: Array) -> Array:
    """The same where no logarithm is taken of it: right in all derivatives, at 0 too."""
    near = x > -0.5
    series = _expm1(xp.where(near, x, -0.25))
    return xp.where(near, 0.0 - series, 1.0 - xp.exp(xp.where(near, -1.0, x)))


def excess_of_exp(xp: Namespace, x: Array) -> Array:
    """exp(x) − 1 − x for x ≤ 0, which near 0 is x²/2."""
    near = x > -0.5
    series = _beyond_linear(xp.where(near, x, -0.25))
    far = xp.where(near, -1.0, x)
    return xp.where(near, series, (xp.exp(far) - 1.0) - far)


def _expm1(x: Array) -> Array:
    """exp(x) − 1 for |x| ≤ ½."""
    return x + _beyond_linear(x)


def _beyond_linear(x: Array) -> Array:
    """exp(x) − 1 − x for |x| ≤ ½."""
    return x * x * _beyond_linear_share(x)


def _beyond_linear_share(x: Array) -> Array:
    """(exp(x) − 1 − x) / x² for |x| ≤ ½."""
    z = x * x
    p, q, d = (_polynomial(each, z) for each in (_P, _Q, _D))
    return (p + x * d) / (q - x * p)


def _polynomial(coefficients: tuple[float, ...], z: Array) -> Array:
    value = coefficients[0] * z + coefficients[1]
    for each in coefficients[2:]:
        value = value * z + each
    return value


def total(xp: Namespace, values: Array, axis: int) -> Array:
    """Sum along ``axis``, which stays with length 1, in the dtype of ``values``."""
    return xp.sum(values, axis=axis, keepdims=True, dtype=values.dtype)


def divide_or(xp: Namespace, numerator: Array, denominator: Array, fallback: float) -> Array:
    """``numerator / denominator``; ``fallback``, with derivative 0, where the denominator is 0."""
    zero = denominator == 0
    quotient = xp.divide(numerator, xp.where(zero, xp.ones_like(denominator), denominator))
    return xp.where(zero, fallback, quotient)


def shares(xp: Namespace, one: Array, other: Array) -> tuple[Array, Array]:
    """one / (one + other) and other / (one + other) of numbers from 0 on that are not both 0.

    By the quotient of the smaller and the larger one: no derivative is a difference that cancels.
    """
    larger = one > other
    part, whole = xp.where(larger, other, one) / xp.where(larger, one, other), xp.ones_like(one)
    both = 1.0 + part
    return xp.where(larger, whole, part) / both, xp.where(larger, part, whole) / both


FEW_CLASSES = 32
"""Classes up to which whole parts are summed, which spares a selection among the rows."""
