"""Sums over the replicas of ``tf.distribute``."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from wce_core.types import Array

NO_REPLICAS = (
    "all_reduce() where there are no replicas; call it in a function that strategy.run(...) runs, "
    "with a tf.distribute strategy such as MirroredStrategy(), or leave all_reduce() out"
)


def all_summed(sums: tuple[Array, ...], averaged_over: float) -> tuple[Array, ...]:
    """Each tensor added up over replicas; what flows back stays in its replica."""
    if not tf.distribute.has_strategy() or tf.distribute.in_cross_replica_context():
        raise RuntimeError(NO_REPLICAS)
    context = tf.distribute.get_replica_context()

    @tf.custom_gradient
    def summed(*tensors: Array) -> Any:
        found = context.all_reduce(tf.distribute.ReduceOp.SUM, list(tensors))
        return found, lambda *flow: [_scaled(each, averaged_over) for each in flow]

    return tuple(summed(*map(tf.convert_to_tensor, sums)))


def _scaled(cotangent: Array | None, by: float) -> Array | None:
    if cotangent is None or not cotangent.dtype.is_floating:
        return cotangent
    return cotangent * tf.cast(by, cotangent.dtype)
