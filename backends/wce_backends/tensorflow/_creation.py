"""Creation functions of the array API standard on TensorFlow."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from wce_backends.tensorflow._dtypes import (
    SCALARS,
    Array,
    DType,
    on,
    tensor,
    tf,
)


def asarray(
    obj: Any, /, *, dtype: DType | None = None, device: Any = None, copy: bool | None = None
) -> Array:
    """A tensor of a tensor, a variable, a NumPy array, a Python scalar or nested sequences."""
    with on(device):
        if not tf.is_tensor(obj):
            if copy is False:
                raise ValueError("only a tensor becomes a tensor without a copy")
            return _packed(obj, dtype)
        x = tensor(obj)
        if copy is False and dtype not in (None, x.dtype):
            raise ValueError("another dtype needs a copy")
        x = x if dtype is None else tf.cast(x, dtype)
        return tf.identity(x) if copy or device is not None else x


def arange(
    start: Any,
    /,
    stop: Any = None,
    step: Any = 1,
    *,
    dtype: DType | None = None,
    device: Any = None,
) -> Array:
    """Evenly spaced numbers from start up to but without stop."""
    start, stop = (0, start) if stop is None else (start, stop)
    ends = (start, stop, step)
    whole = not any(isinstance(each, float) for each in ends)
    dtype = dtype or (tf.int64 if whole else tf.float32)
    with on(device):
        if any(tf.is_tensor(each) for each in ends):
            return tf.cast(tf.range(*ends, tf.int64), dtype)
        count = len(range(*ends)) if whole else max(math.ceil((stop - start) / step), 0)
        places = tf.cast(tf.range(count), tf.int64 if whole else tf.float64)
        return tf.cast(start + step * places, dtype)


def zeros(shape: Any, *, dtype: DType | None = None, device: Any = None) -> Array:
    """Zeros of a shape."""
    return full(shape, 0, dtype=dtype or tf.float32, device=device)


def ones(shape: Any, *, dtype: DType | None = None, device: Any = None) -> Array:
    """Ones of a shape."""
    return full(shape, 1, dtype=dtype or tf.float32, device=device)


def full(shape: Any, fill_value: Any, *, dtype: DType | None = None, device: Any = None) -> Array:
    """One value in every place of a shape."""
    with on(device):
        return tf.fill(sizes(shape), asarray(fill_value, dtype=dtype))


def zeros_like(x: Array, /, *, dtype: DType | None = None, device: Any = None) -> Array:
    """Zeros of the shape of x."""
    return full_like(x, 0, dtype=dtype, device=device)


def ones_like(x: Array, /, *, dtype: DType | None = None, device: Any = None) -> Array:
    """Ones of the shape of x."""
    return full_like(x, 1, dtype=dtype, device=device)


def full_like(
    x: Array, /, fill_value: Any, *, dtype: DType | None = None, device: Any = None
) -> Array:
    """One value in every place of the shape of x."""
    x = tensor(x)
    return full(tf.shape(x), fill_value, dtype=dtype or x.dtype, device=device)


def sizes(shape: Any) -> Array:
    """A shape for TensorFlow; a size may be a scalar tensor, as unknown sizes are in a trace."""
    if tf.is_tensor(shape) and shape.shape.rank == 1:
        return shape
    each = list(shape) if isinstance(shape, (tuple, list, tf.TensorShape)) else [shape]
    if any(size is None for size in each):
        raise ValueError("a size is unknown while tracing: give it as a scalar tensor")
    if any(tf.is_tensor(size) for size in each):
        return tf.stack([tf.cast(size, tf.int32) for size in each])
    return np.asarray(each, np.int32)


def _packed(obj: Any, dtype: DType | None) -> Array:
    """A tensor of anything that is not one; Python floats are float32 by default."""
    leaves = tf.nest.flatten(obj)
    if any(tf.is_tensor(leaf) for leaf in leaves):
        packed = tf.convert_to_tensor(obj)
        return packed if dtype is None else tf.cast(packed, dtype)
    host = np.asarray(obj)
    if (
        dtype is None
        and host.dtype == np.float64
        and all(isinstance(leaf, SCALARS) for leaf in leaves)
    ):
        dtype = tf.float32
    # NumPy rounds float64 to the halves once; tf.cast rounds by way of float32.
    return tf.constant(host if dtype is None else host.astype(tf.as_dtype(dtype).as_numpy_dtype))
