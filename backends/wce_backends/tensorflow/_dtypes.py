"""Data types of the array API standard on TensorFlow: kinds, limits, promotion, operands."""

# ruff: noqa: A002  (the names are the standard's)

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import reduce
from typing import Any, NamedTuple, TypeAlias

import tensorflow

# The stubs that exist for TensorFlow cover only a part of it: types stop at this border.
tf: Any = tensorflow
Array: TypeAlias = Any
DType: TypeAlias = Any
Operand: TypeAlias = Any
Op: TypeAlias = Callable[..., Array]

BOOLEAN = frozenset({tf.bool})
SIGNED = frozenset({tf.int8, tf.int16, tf.int32, tf.int64})
UNSIGNED = frozenset({tf.uint8, tf.uint16, tf.uint32, tf.uint64})
HALVES = frozenset({tf.float16, tf.bfloat16})
INTEGERS = SIGNED | UNSIGNED
FLOATS = HALVES | {tf.float32, tf.float64}
NUMBERS = INTEGERS | FLOATS
EVERY = BOOLEAN | NUMBERS

SCALARS = (bool, int, float)
_SCALAR_HOMES = {bool: BOOLEAN, int: NUMBERS, float: FLOATS}
_KINDS: dict[str, frozenset[Any]] = {
    "bool": BOOLEAN,
    "signed integer": SIGNED,
    "unsigned integer": UNSIGNED,
    "integral": INTEGERS,
    "real floating": FLOATS,
    "complex floating": frozenset(),
    "numeric": NUMBERS,
}
# Mantissa bits and largest exponent: TensorFlow does not tell the smallest normal number.
_FLOAT_LAYOUT = {
    tf.bfloat16: (7, 127),
    tf.float16: (10, 15),
    tf.float32: (23, 127),
    tf.float64: (52, 1023),
}


class FloatInfo(NamedTuple):
    """Machine limits of a floating-point dtype."""

    bits: int
    eps: float
    max: float
    min: float
    smallest_normal: float
    dtype: DType


class IntegerInfo(NamedTuple):
    """Machine limits of an integer dtype."""

    bits: int
    max: int
    min: int
    dtype: DType


def finfo(type: Any, /) -> FloatInfo:
    """Machine limits of a floating-point dtype, or of the dtype of an array."""
    dtype = require("finfo", _dtype_of(type), FLOATS)
    mantissa, exponent = _FLOAT_LAYOUT[dtype]
    eps = 2.0**-mantissa
    largest = (2.0 - eps) * 2.0**exponent
    return FloatInfo(8 * dtype.size, eps, largest, -largest, 2.0 ** (1 - exponent), dtype)


def iinfo(type: Any, /) -> IntegerInfo:
    """Machine limits of an integer dtype, or of the dtype of an array."""
    dtype = require("iinfo", _dtype_of(type), INTEGERS)
    bits = 8 * dtype.size
    if dtype in UNSIGNED:
        return IntegerInfo(bits, 2**bits - 1, 0, dtype)
    return IntegerInfo(bits, 2 ** (bits - 1) - 1, -(2 ** (bits - 1)), dtype)


def isdtype(dtype: DType, kind: Any) -> bool:
    """Whether a dtype is of a kind: a dtype, the name of a kind, or a tuple of these."""
    if isinstance(kind, tuple):
        return any(isdtype(dtype, each) for each in kind)
    if not isinstance(kind, str):
        return bool(tf.as_dtype(dtype) == kind)
    if kind not in _KINDS:
        raise ValueError(f"unknown kind of dtype: {kind!r}")
    return tf.as_dtype(dtype) in _KINDS[kind]


def result_type(*arrays_and_dtypes: Any) -> DType:
    """The dtype that arrays, dtypes and Python scalars have together."""
    dtypes = [_dtype_of(each) for each in arrays_and_dtypes if not isinstance(each, SCALARS)]
    if not dtypes:
        raise TypeError("at least one array or dtype is needed beside Python scalars")
    dtype = reduce(_promote, dtypes)
    for each in arrays_and_dtypes:
        if isinstance(each, SCALARS):
            _require_scalar(each, dtype)
    return dtype


def can_cast(from_: Any, to: DType, /) -> bool:
    """Whether promotion turns one dtype, or the dtype of an array, into another."""
    try:
        return bool(_promote(_dtype_of(from_), tf.as_dtype(to)) == to)
    except TypeError:
        return False


def astype(x: Array, dtype: DType, /, *, copy: bool = True, device: Any = None) -> Array:
    """A copy of an array with another dtype."""
    with on(device):
        changed = tf.cast(tensor(x), dtype)
        return tf.identity(changed) if copy or device is not None else changed


def on(device: Any) -> AbstractContextManager[Any]:
    """The scope that places operations on a device; None leaves the choice to TensorFlow."""
    return nullcontext() if device is None else tf.device(device)


def tensor(x: Any) -> Array:
    """An array argument as a tensor; a variable is read."""
    if not tf.is_tensor(x):
        raise TypeError(f"not a tensor or variable: {type(x).__name__}")
    return tf.convert_to_tensor(x)


def operand(x: Operand, dtype: DType) -> Array:
    """An array or Python scalar as a tensor of a dtype."""
    if not isinstance(x, SCALARS):
        return tf.cast(tensor(x), dtype)
    _require_scalar(x, dtype)
    return tf.constant(x, dtype)


def operands(name: str, kinds: frozenset[Any], *values: Operand) -> list[Array]:
    """Arrays and Python scalars as tensors of their common dtype, which must be of a kind."""
    dtype = require(name, result_type(*values), kinds)
    return [operand(each, dtype) for each in values]


def require(name: str, dtype: DType, kinds: frozenset[Any]) -> DType:
    """The dtype itself, if a function takes it."""
    if dtype not in kinds:
        raise TypeError(f"{name} does not take the dtype {dtype.name}")
    return dtype


def named(function: Op, name: str) -> Op:
    """A function under its name in the standard."""
    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"{name} of the array API standard."
    return function


def _dtype_of(x: Any) -> DType:
    """The dtype that an array has or a dtype is."""
    return tensor(x).dtype if tf.is_tensor(x) else tf.as_dtype(x)


def _promote(a: DType, b: DType) -> DType:
    """The dtype of two dtypes of the same kind."""
    if a == b:
        return a
    low, high = sorted((a, b), key=lambda dtype: int(dtype.size))
    if a in FLOATS and b in FLOATS:
        # float16 and bfloat16: neither holds the other.
        return high if high.size > low.size else tf.float32
    if {a, b} <= SIGNED or {a, b} <= UNSIGNED:
        return high
    if a in INTEGERS and b in INTEGERS:
        signed, unsigned = (a, b) if a in SIGNED else (b, a)
        bits = 8 * max(signed.size, 2 * unsigned.size)
        if bits <= 64:
            return tf.as_dtype(f"int{bits}")
    raise TypeError(f"the standard defines no promotion of {a.name} with {b.name}")


def _require_scalar(value: Any, dtype: DType) -> None:
    """Raise where a Python scalar does not fit a dtype."""
    kind = next(each for each in SCALARS if isinstance(value, each))
    if dtype not in _SCALAR_HOMES[kind]:
        raise TypeError(f"a Python {kind.__name__} does not mix with {dtype.name}")
    # tf.constant would wrap around.
    if dtype in INTEGERS and not iinfo(dtype).min <= value <= iinfo(dtype).max:
        raise OverflowError(f"{value} is out of the bounds of {dtype.name}")
