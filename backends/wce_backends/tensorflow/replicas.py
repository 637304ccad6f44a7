"""Sums over the replicas of ``tf.distribute``."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from wce_core.types import Array

from ..messages import one_a_dtype

NO_REPLICAS = (
    "all_reduce() where there are no replicas; call it in a function that strategy.run(...) runs, "
    "with a tf.distribute strategy such as MirroredStrategy(), or leave all_reduce() out"
)


def all_summed(sums: tuple[Array, ...], averaged_over: float) -> tuple[Array, ...]:
    """Each tensor added up over replicas; what flows back stays in its replica."""
    if not tf.distribute.has_strategy() or tf.distribute.in_cross_replica_context():
        raise RuntimeError(NO_REPLICAS)
    tensors = tuple(map(tf.convert_to_tensor, sums))
    return one_a_dtype(tensors, lambda own: _in_one_message(own, averaged_over))


def _in_one_message(own: list[Array], averaged_over: float) -> list[Array]:
    flat = tf.concat([tf.reshape(each, (-1,)) for each in own], 0)
    found = _summed(flat, averaged_over) if flat.dtype.is_floating else _all_reduced(flat)
    pieces = tf.split(found, [tf.size(each) for each in own], num=len(own))
    return [tf.reshape(piece, tf.shape(each)) for piece, each in zip(pieces, own, strict=True)]


def _summed(tensor: Array, averaged_over: float) -> Array:
    """TensorFlow's own gradient of a sum over replicas is such a sum again: of equal losses."""

    def summed(own: Array) -> Any:
        return _all_reduced(own), lambda cotangent: cotangent * averaged_over

    return tf.custom_gradient(summed)(tensor)


def _all_reduced(tensor: Array) -> Array:
    context = tf.distribute.get_replica_context()
    return context.all_reduce(tf.distribute.ReduceOp.SUM, tensor)
