"""Shape manipulation, indexing and matrix product of the array API standard on TensorFlow."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

from wce_backends.tensorflow._creation import sizes
from wce_backends.tensorflow._dtypes import (
    EVERY,
    INTEGERS,
    NUMBERS,
    Array,
    operands,
    require,
    tensor,
    tf,
)
from wce_backends.tensorflow._elementwise import through_int64

_MATMUL_LACKS = INTEGERS - {tf.int32, tf.int64}


def expand_dims(x: Array, /, axis: int) -> Array:
    """The array with an axis of size 1 put in."""
    x = tensor(x)
    return tf.expand_dims(x, axis_of(x.shape.rank + 1, axis))


def squeeze(x: Array, /, axis: int | tuple[int, ...]) -> Array:
    """The array without some axes of size 1."""
    x = tensor(x)
    axes = axes_of(x, axis)
    if any(x.shape[each] not in (1, None) for each in axes):
        raise ValueError(f"squeeze takes axes of size 1, not {axis} of {x.shape}")
    return tf.squeeze(x, axes) if axes else x


def reshape(x: Array, /, shape: Any, *, copy: bool | None = None) -> Array:
    """The elements of x in another shape; one size may be -1."""
    reshaped = tf.reshape(tensor(x), sizes(shape))
    return tf.identity(reshaped) if copy else reshaped


def broadcast_to(x: Array, /, shape: Any) -> Array:
    """The array repeated along axes of size 1 and new leading axes."""
    return tf.broadcast_to(tensor(x), sizes(shape))


def broadcast_arrays(*arrays: Array) -> list[Array]:
    """The arrays in their common shape."""
    tensors = [tensor(each) for each in arrays]
    shape: list[Any] = reduce(_common_sizes, map(_known_sizes, tensors), [])
    return [_spread(each, shape) for each in tensors]


def moveaxis(
    x: Array, source: int | tuple[int, ...], destination: int | tuple[int, ...], /
) -> Array:
    """The array with some axes moved to other places."""
    x = tensor(x)
    moved = dict(zip(axes_of(x, destination), axes_of(x, source), strict=True))
    rest = (axis for axis in range(x.shape.rank) if axis not in moved.values())
    return _transpose(x, [moved[k] if k in moved else next(rest) for k in range(x.shape.rank)])


def permute_dims(x: Array, /, axes: tuple[int, ...]) -> Array:
    """The array with its axes in another order."""
    x = tensor(x)
    return _transpose(x, axes_of(x, axes))


def concat(arrays: Sequence[Array], /, *, axis: int | None = 0) -> Array:
    """Arrays one after the other along an axis, or all flat."""
    same = operands("concat", EVERY, *arrays)
    if axis is None:
        return tf.concat([tf.reshape(each, [-1]) for each in same], 0)
    return tf.concat(same, axis_of(same[0].shape.rank, axis))


def stack(arrays: Sequence[Array], /, *, axis: int = 0) -> Array:
    """Arrays of one shape along a new axis."""
    same = operands("stack", EVERY, *arrays)
    return tf.stack(same, axis_of(same[0].shape.rank + 1, axis))


def unstack(x: Array, /, *, axis: int = 0) -> tuple[Array, ...]:
    """The slices along an axis, whose length must be known."""
    return tuple(tf.unstack(tf.convert_to_tensor(x), axis=axis))


def flip(x: Array, /, *, axis: int | tuple[int, ...] | None = None) -> Array:
    """The array with the order of elements reversed along axes."""
    x = tensor(x)
    return tf.reverse(x, axes_of(x, axis))


def take(x: Array, indices: Array, /, *, axis: int | None = None) -> Array:
    """Slices of x at indices along an axis; negative indices count from the end."""
    x = tensor(x)
    if axis is None and x.shape.rank != 1:
        raise ValueError("take needs an axis where the array has not exactly one")
    axis = axis_of(x.shape.rank, axis or 0)
    # Along axis 0 the gradient of a gather would be tf.IndexedSlices: never gather there.
    lead = tf.expand_dims(x, 0)
    return tf.squeeze(tf.gather(lead, _from_start(indices, x, axis), axis=axis + 1), 0)


def take_along_axis(x: Array, indices: Array, /, *, axis: int = -1) -> Array:
    """Elements of x at indices along an axis, the other axes in step."""
    x = tensor(x)
    rank = x.shape.rank
    axis = axis_of(rank, axis)
    indices = _from_start(indices, x, axis)
    if indices.shape.rank != rank:
        raise ValueError(f"take_along_axis needs as many axes in the indices: {rank}")
    x, indices = moveaxis(x, axis, -1), moveaxis(indices, axis, -1)
    *batch, size = _known_sizes(x)
    *others, count = _known_sizes(indices)
    common = _common_sizes(batch, others)
    # The leading axis is there for the gradient, as in take.
    lead = tf.expand_dims(_spread(x, [*common, size]), 0)
    places = tf.expand_dims(_spread(indices, [*common, count]), 0)
    return moveaxis(tf.squeeze(tf.gather(lead, places, axis=rank, batch_dims=rank), 0), -1, axis)


def matmul(x1: Array, x2: Array, /) -> Array:
    """The matrix product, of stacks of matrices too; an operand of one axis is a vector."""
    a, b = operands("matmul", NUMBERS, tensor(x1), tensor(x2))
    if 0 in (a.shape.rank, b.shape.rank):
        raise ValueError("matmul takes no scalars")
    row = tf.expand_dims(a, 0) if a.shape.rank == 1 else a
    column = tf.expand_dims(b, -1) if b.shape.rank == 1 else b
    lacking = a.dtype in _MATMUL_LACKS
    product = through_int64(tf.matmul, row, column) if lacking else tf.matmul(row, column)
    flat = [-2] * (a.shape.rank == 1) + [-1] * (b.shape.rank == 1)
    return tf.squeeze(product, flat) if flat else product


def axis_of(rank: int, axis: int) -> int:
    """An axis counted from the start."""
    if not -rank <= axis < rank:
        raise IndexError(f"axis {axis} is out of the bounds of {rank} axes")
    return axis % rank


def axes_of(x: Array, axis: int | tuple[int, ...] | None) -> list[int]:
    """One, several or (None) all axes of x counted from the start."""
    rank = x.shape.rank
    if axis is None:
        return list(range(rank))
    axes = [axis_of(rank, each) for each in (axis if isinstance(axis, tuple) else (axis,))]
    if len(set(axes)) < len(axes):
        raise ValueError(f"an axis occurs twice in {axis}")
    return axes


def _from_start(indices: Array, x: Array, axis: int) -> Array:
    """Indices along an axis of x counted from the start."""
    indices = tensor(indices)
    require("an index", indices.dtype, INTEGERS)
    indices = tf.cast(indices, tf.int64)
    return tf.where(indices < 0, indices + tf.cast(_known_sizes(x)[axis], tf.int64), indices)


def _transpose(x: Array, axes: list[int]) -> Array:
    """The array with its axes in another order, itself if the order is the same."""
    return x if axes == sorted(axes) else tf.transpose(x, axes)


def _spread(x: Array, shape: list[Any]) -> Array:
    """The array in a shape that it broadcasts to, itself if that is surely its shape."""
    same = all(isinstance(size, int) for size in shape) and x.shape == shape
    return x if same else broadcast_to(x, shape)


def _known_sizes(x: Array) -> list[Any]:
    """The sizes of x: numbers where they are known while tracing, scalar tensors elsewhere."""
    return [tf.shape(x)[k] if size is None else size for k, size in enumerate(x.shape)]


def _common_sizes(a: list[Any], b: list[Any]) -> list[Any]:
    """The sizes that two shapes broadcast to."""
    rank = max(len(a), len(b))
    a, b = ([1] * (rank - len(each)) + each for each in (a, b))
    return [_common_size(m, n) for m, n in zip(a, b, strict=True)]


def _common_size(m: Any, n: Any) -> Any:
    """The size that two sizes broadcast to; a mismatch is left for the broadcast to report."""
    if isinstance(m, int) and isinstance(n, int):
        return n if m == 1 else m
    if isinstance(m, int) or isinstance(n, int):
        known, unknown = (m, n) if isinstance(m, int) else (n, m)
        return unknown if known == 1 else known
    return tf.where(tf.equal(m, 1), n, m)
