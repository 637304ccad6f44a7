"""Reductions of the array API standard on TensorFlow."""

# ruff: noqa: A001  (the names are the standard's)

from __future__ import annotations

from math import prod as _product
from typing import TypeAlias

from wce_backends.sums import in_pieces
from wce_backends.tensorflow._dtypes import (
    EVERY,
    FLOATS,
    HALVES,
    NUMBERS,
    SIGNED,
    UNSIGNED,
    Array,
    DType,
    Op,
    named,
    require,
    tensor,
    tf,
)
from wce_backends.tensorflow._manipulation import axes_of

_Axis: TypeAlias = "int | tuple[int, ...] | None"


def mean(x: Array, /, *, axis: _Axis = None, keepdims: bool = False) -> Array:
    """The arithmetic mean; of float16 and bfloat16 it is taken in float32."""
    x = tensor(x)
    require("mean", x.dtype, FLOATS)
    return tf.cast(tf.reduce_mean(_widened(x), axes_of(x, axis), keepdims), x.dtype)


def any(x: Array, /, *, axis: _Axis = None, keepdims: bool = False) -> Array:
    """Whether some element is not zero."""
    return tf.reduce_any(_nonzero("any", x), axes_of(x, axis), keepdims)


def all(x: Array, /, *, axis: _Axis = None, keepdims: bool = False) -> Array:
    """Whether no element is zero."""
    return tf.reduce_all(_nonzero("all", x), axes_of(x, axis), keepdims)


def count_nonzero(x: Array, /, *, axis: _Axis = None, keepdims: bool = False) -> Array:
    """The number of elements that are not zero."""
    ones = tf.cast(_nonzero("count_nonzero", x), tf.int64)
    return tf.reduce_sum(ones, axes_of(x, axis), keepdims)


def _nonzero(name: str, x: Array) -> Array:
    """Where an array is not zero."""
    x = tensor(x)
    require(name, x.dtype, EVERY)
    return tf.cast(x, tf.bool)


def _widened(x: Array) -> Array:
    """An array of halves in float32, for accumulation."""
    return tf.cast(x, tf.float32) if x.dtype in HALVES else x


def _total(name: str, op: Op) -> Op:
    """The function sum or prod."""

    def function(
        x: Array,
        /,
        *,
        axis: _Axis = None,
        dtype: DType | None = None,
        keepdims: bool = False,
    ) -> Array:
        x = tensor(x)
        require(name, x.dtype, NUMBERS)
        wide = tf.int64 if x.dtype in SIGNED else tf.uint64 if x.dtype in UNSIGNED else x.dtype
        x = tf.cast(x, dtype or wide)
        # TensorFlow outside XLA adds float16 up in float16: 60,000 ones give 2,048.
        return tf.cast(op(_widened(x), axes_of(x, axis), keepdims), x.dtype)

    return named(function, name)


def _sum(x: Array, axes: list[int], keepdims: bool) -> Array:  # as reduce_sum
    """In pieces, where real numbers lie along one axis or all, of lengths that are known."""
    shape = x.shape.as_list()
    if x.dtype not in FLOATS or shape.count(None) > 1 or not axes:
        return tf.reduce_sum(x, axes, keepdims)
    if len(axes) == len(shape) and None not in shape:
        total = _along(tf.reshape(x, [-1]), [_product(shape)], 0)
        return tf.reshape(total, [1] * len(shape)) if keepdims else total
    if len(axes) > 1 or shape[axes[0]] is None:
        return tf.reduce_sum(x, axes, keepdims)
    total = _along(x, [-1 if n is None else n for n in shape], axes[0])
    return tf.expand_dims(total, axes[0]) if keepdims else total


def _along(x: Array, shape: list[int], axis: int) -> Array:
    return in_pieces(_piece, tf.reshape, x, shape, axis)


def _piece(x: Array, axis: int) -> Array:
    """A sum that XLA can't join with the sum of it, which would add one after another again."""
    found = tf.reduce_sum(x, axis)
    one = tf.ones((), found.dtype)
    return tf.where(tf.equal(found, found), found, found + one)  # NaN by both, and a slope of 1


def _extreme(name: str, op: Op) -> Op:
    """The function max or min."""

    def function(x: Array, /, *, axis: _Axis = None, keepdims: bool = False) -> Array:
        x = tensor(x)
        require(name, x.dtype, NUMBERS)
        axes = axes_of(x, axis)
        value = op(x, axes, keepdims)
        if x.dtype not in FLOATS:
            return value
        # XLA on the CPU passes over NaN.
        missing = tf.reduce_any(tf.math.is_nan(x), axes, keepdims)
        return tf.where(missing, tf.constant(float("nan"), x.dtype), value)

    return named(function, name)


def _arg_extreme(name: str, extreme: Op) -> Op:
    """The function argmax or argmin."""

    def function(x: Array, /, *, axis: int | None = None, keepdims: bool = False) -> Array:
        x = tensor(x)
        rank = x.shape.rank
        if axis is None:
            flat = function(tf.reshape(x, [-1]), axis=0)
            return tf.reshape(flat, [1] * rank) if keepdims else flat
        (axis,) = axes_of(x, axis)
        if x.shape[axis] == 0:
            raise ValueError(f"{name} of no elements")
        # Of NaN, tf.argmax outside and inside XLA make different choices; here the first wins.
        best = tf.equal(x, extreme(x, axis=axis, keepdims=True)) | _is_nan(x)
        count = tf.shape(x)[axis]
        places = tf.reshape(tf.range(count), [-1 if k == axis else 1 for k in range(rank)])
        return tf.cast(tf.reduce_min(tf.where(best, places, count), axis, keepdims), tf.int64)

    return named(function, name)


def _is_nan(x: Array) -> Array:
    """Where an array is NaN."""
    return tf.math.is_nan(x) if x.dtype in FLOATS else tf.zeros_like(x, tf.bool)


sum = _total("sum", _sum)
prod = _total("prod", tf.reduce_prod)
max = _extreme("max", tf.reduce_max)
min = _extreme("min", tf.reduce_min)
argmax = _arg_extreme("argmax", max)
argmin = _arg_extreme("argmin", min)
