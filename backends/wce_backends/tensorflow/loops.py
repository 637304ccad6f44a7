"""Rows of arrays a chunk at a time, in a loop of the graph."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from wce_core.arrays.ops import Chunked, has_rows
from wce_core.compilers import do_not_convert
from wce_core.types import Array, Arrays


@do_not_convert
def in_a_loop(
    body: Chunked, carry: Arrays, arrays: Arrays, rows: int
) -> tuple[Arrays, tuple[Array, ...]]:
    """``ArrayOps.in_chunks``, also where tracing does not know how many rows there are.

    The first chunk, outside of the loop, has what is left over, and tells the dtypes of results.
    """
    hidden = arrays["predictions"]
    count = tf.shape(hidden)[0] if hidden.shape[0] is None else hidden.shape[0]
    least = tf.maximum if tf.is_tensor(count) else max
    more = least(count - 1, 0) // rows
    first = count - more * rows
    carry, found = body(carry, _cut(arrays, 0, first))
    if not tf.is_tensor(more) and not more:
        return carry, found
    stacks = tuple(
        tf.TensorArray(each.dtype, more, element_shape=(rows, *each.shape[1:])) for each in found
    )

    def step(i: Array, sums: Arrays, stacks: Any) -> Any:
        sums, made = body(sums, _cut(arrays, first + i * rows, rows))
        return i + 1, sums, tuple(s.write(i, each) for s, each in zip(stacks, made, strict=True))

    start = (tf.constant(0), carry, stacks)
    _, carry, stacks = tf.while_loop(lambda i, *_: i < more, step, start, parallel_iterations=1)
    pairs = zip(found, (stack.stack() for stack in stacks), strict=True)
    return carry, tuple(_joined(each, rest) for each, rest in pairs)


def _cut(arrays: Arrays, start: Any, length: Any) -> Arrays:
    return {
        name: tf.slice(each, (start, 0), (length, each.shape[1])) if has_rows(each) else each
        for name, each in arrays.items()
    }


def _joined(first: Array, rest: Array) -> Array:
    return tf.concat([first, tf.reshape(rest, (-1, *first.shape[1:]))], 0)
