"""Elementwise functions of the array API standard on TensorFlow."""

# ruff: noqa: A001, A002  (the names are the standard's)

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wce_backends.tensorflow._dtypes import (
    BOOLEAN,
    EVERY,
    FLOATS,
    HALVES,
    INTEGERS,
    NUMBERS,
    SCALARS,
    UNSIGNED,
    Array,
    DType,
    Op,
    Operand,
    iinfo,
    named,
    operand,
    operands,
    require,
    result_type,
    tensor,
    tf,
)

# The rational function x*P(z) / (Q(z) - x*P(z)) with z = x*x, of the Cephes library, is half of
# expm1(x) for |x| <= 1/2. Here its leading x is taken out, for the last bits:
# x + z*(P(z) + x*D(z)) / (Q(z) - x*P(z)) with D(z) = (2*P(z) - Q(z)) / z.
_P = (1.2617719307481059087798e-4, 3.0299440770744196129956e-2, 1.0)
_Q = (3.0019850513866445504159e-6, 2.5244834034968410419224e-3, 2.2726554820815502876593e-1, 2.0)
_D = (-_Q[0], 2 * _P[0] - _Q[1], 2 * _P[1] - _Q[2])
# log1p(x) = x - x*x*(1/2 - x*L(x)) in float32 for -0.29 < x < 0.41, from the same library.
_L = (
    7.0376836292e-2,
    -1.1514610310e-1,
    1.1676998740e-1,
    -1.2420140846e-1,
    1.4249322787e-1,
    -1.6668057665e-1,
    2.0000714765e-1,
    -2.4999993993e-1,
    3.3333331174e-1,
)


def through_int64(op: Op, *arrays: Array) -> Array:
    """An integer operation for which TensorFlow has no kernel; the low bits are the same."""
    return tf.cast(op(*(tf.cast(x, tf.int64) for x in arrays)), arrays[0].dtype)


def clip(x: Array, /, min: Operand = None, max: Operand = None) -> Array:
    """Each element moved into the range from min to max, in the dtype of x."""
    x = tensor(x)
    require("clip", x.dtype, NUMBERS)
    clipped = x if min is None else maximum(x, _limit(min, x.dtype))
    return clipped if max is None else minimum(clipped, _limit(max, x.dtype))


def where(condition: Array, x1: Operand, x2: Operand, /) -> Array:
    """Elements of x1 where the condition holds, elements of x2 elsewhere."""
    condition = tensor(condition)
    require("where", condition.dtype, BOOLEAN)
    return tf.where(condition, *operands("where", EVERY, x1, x2))


def pow(x1: Operand, x2: Operand, /) -> Array:
    """x1 to the power of x2; at 0 to the 0 the slopes are 0 where TensorFlow gives NaN."""
    a, b = operands("pow", NUMBERS, x1, x2)
    if isinstance(x2, SCALARS):
        return _SMALL_POWERS[x2](a) if x2 in _SMALL_POWERS else _plain_pow(a, b)
    return _smooth_pow(a, b) if a.dtype in FLOATS else _plain_pow(a, b)


def _limit(bound: Operand, dtype: DType) -> Array:
    """A bound of clip in the dtype of the clipped array."""
    if isinstance(bound, int) and dtype in INTEGERS:
        info = iinfo(dtype)
        bound = max(info.min, min(bound, info.max))
    result_type(bound, dtype)
    return operand(bound, dtype)


def _plain_pow(a: Array, b: Array) -> Array:
    """tf.pow, for unsigned integers too."""
    return through_int64(tf.pow, a, b) if a.dtype in UNSIGNED else tf.pow(a, b)


def _smooth_pow(a: Array, b: Array) -> Array:
    """tf.pow with slopes that are finite at 0 to the 0, at any order of differentiation."""

    def forward(a: Array, b: Array) -> tuple[Array, Callable[[Array], tuple[Array, Array]]]:
        def backward(upstream: Array) -> tuple[Array, Array]:
            corner = tf.equal(a, 0) & tf.equal(b, 0)
            slope_a = b * _smooth_pow(a, tf.where(corner, tf.ones_like(b), b - 1))
            slope_b = _smooth_pow(a, b) * tf.math.log(tf.where(a > 0, a, tf.ones_like(a)))
            axes = tf.raw_ops.BroadcastGradientArgs(s0=tf.shape(a), s1=tf.shape(b))
            return (
                tf.reshape(tf.reduce_sum(upstream * slope_a, axes.r0), tf.shape(a)),
                tf.reshape(tf.reduce_sum(upstream * slope_b, axes.r1), tf.shape(b)),
            )

        return tf.pow(a, b), backward

    return tf.custom_gradient(forward)(a, b)


def _zeroth_power(x: Array) -> Array:
    """Ones that hand a gradient of zeros back to x, not None."""
    return tf.where(tf.zeros_like(x, tf.bool), x, tf.ones_like(x))


def _keeping_nan(op: Op) -> Op:
    """tf.maximum or tf.minimum; XLA's on the CPU lose the NaN of one side."""

    def function(a: Array, b: Array) -> Array:
        value = op(a, b)
        if value.dtype not in FLOATS:
            return value
        return tf.where(tf.math.is_nan(a) | tf.math.is_nan(b), a + b, value)

    return function


def _expm1(x: Array) -> Array:
    """tf.math.expm1, brought from 5 to 2 ulp near 0."""
    native = tf.math.expm1(x)
    if x.dtype in HALVES:
        return native
    z = x * x
    p, q, d = (_polynomial(each, z) for each in (_P, _Q, _D))
    # z is 0 where x itself is the value, and a zero keeps its sign.
    return _corrected(native, x + z * (p + x * d) / (q - x * p), (z > 0) & (z <= 0.25))


def _log1p(x: Array) -> Array:
    """tf.math.log1p, brought from 4.2 to 3.7 ulp; XLA's float64 one from 126 to 2."""
    native = tf.math.log1p(x)
    if x.dtype == tf.float64:
        return _corrected(native, tf.math.log(1 + x), (x > -0.45) & (x < -0.28))
    if x.dtype in HALVES:
        return native
    series = x - x * x * (0.5 - x * _polynomial(_L, x))
    return _corrected(native, series, (x > -0.29) & (x < 0.41))


def _polynomial(coefficients: tuple[float, ...], z: Array) -> Array:
    """A polynomial by Horner's rule, the highest coefficient first."""
    value = coefficients[0] * z + coefficients[1]
    for each in coefficients[2:]:
        value = value * z + each
    return value


def _corrected(native: Array, accurate: Array, region: Array) -> Array:
    """A native function that takes accurate values in a region and keeps its own derivatives."""
    # Subtracting a difference of close numbers is exact, and -0.0 - 0.0 is -0.0 still.
    excess = tf.where(region, native - accurate, tf.zeros_like(native))
    return native - tf.stop_gradient(excess)


def _unary(name: str, kinds: frozenset[Any], op: Op) -> Op:
    """A function of one array of some kinds."""

    def function(x: Array, /) -> Array:
        x = tensor(x)
        require(name, x.dtype, kinds)
        return op(x)

    return named(function, name)


def _binary(name: str, kinds: frozenset[Any], op: Op) -> Op:
    """A function of two arrays of some kinds, one of which may be a Python scalar."""

    def function(x1: Operand, x2: Operand, /) -> Array:
        return op(*operands(name, kinds, x1, x2))

    return named(function, name)


def _either(kinds: frozenset[Any], op: Op, otherwise: Op) -> Op:
    """One operation for some kinds of dtype and another for the rest."""

    def function(x: Array) -> Array:
        return op(x) if x.dtype in kinds else otherwise(x)

    return function


def _unsigned_negative(x: Array) -> Array:
    """The negative of unsigned integers; graphs turn 0 - x into an operation without a kernel."""
    return through_int64(tf.negative, x)


def _unsigned_sign(x: Array) -> Array:
    """1 where an unsigned integer is not 0."""
    return tf.minimum(x, tf.ones_like(x))


def _never(x: Array) -> Array:
    """False for every element."""
    return tf.zeros_like(x, tf.bool)


def _always(x: Array) -> Array:
    """True for every element."""
    return tf.ones_like(x, tf.bool)


_SMALL_POWERS: dict[Any, Op] = {0: _zeroth_power, 1: tf.identity, 2: tf.square}

abs = _unary("abs", NUMBERS, _either(UNSIGNED, tf.identity, tf.abs))
negative = _unary("negative", NUMBERS, _either(UNSIGNED, _unsigned_negative, tf.negative))
positive = _unary("positive", NUMBERS, tf.identity)
sign = _unary("sign", NUMBERS, _either(UNSIGNED, _unsigned_sign, tf.sign))
square = _unary("square", NUMBERS, tf.square)
floor = _unary("floor", NUMBERS, _either(INTEGERS, tf.identity, tf.floor))
round = _unary("round", NUMBERS, _either(INTEGERS, tf.identity, tf.round))
exp = _unary("exp", FLOATS, tf.exp)
expm1 = _unary("expm1", FLOATS, _expm1)
log = _unary("log", FLOATS, tf.math.log)
log1p = _unary("log1p", FLOATS, _log1p)
sqrt = _unary("sqrt", FLOATS, tf.sqrt)
isfinite = _unary("isfinite", NUMBERS, _either(FLOATS, tf.math.is_finite, _always))
isinf = _unary("isinf", NUMBERS, _either(FLOATS, tf.math.is_inf, _never))
isnan = _unary("isnan", NUMBERS, _either(FLOATS, tf.math.is_nan, _never))
logical_not = _unary("logical_not", BOOLEAN, tf.logical_not)

add = _binary("add", NUMBERS, tf.add)
subtract = _binary("subtract", NUMBERS, tf.subtract)
multiply = _binary("multiply", NUMBERS, tf.multiply)
divide = _binary("divide", FLOATS, tf.truediv)
maximum = _binary("maximum", NUMBERS, _keeping_nan(tf.maximum))
minimum = _binary("minimum", NUMBERS, _keeping_nan(tf.minimum))
equal = _binary("equal", EVERY, tf.equal)
not_equal = _binary("not_equal", EVERY, tf.not_equal)
less = _binary("less", NUMBERS, tf.less)
less_equal = _binary("less_equal", NUMBERS, tf.less_equal)
greater = _binary("greater", NUMBERS, tf.greater)
greater_equal = _binary("greater_equal", NUMBERS, tf.greater_equal)
logical_and = _binary("logical_and", BOOLEAN, tf.logical_and)
logical_or = _binary("logical_or", BOOLEAN, tf.logical_or)
logical_xor = _binary("logical_xor", BOOLEAN, tf.math.logical_xor)
