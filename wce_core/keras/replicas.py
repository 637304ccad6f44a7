"""Under ``tf.distribute``: each replica's share of the loss of the whole batch.

Keras and custom loops differentiate what each replica has, and add up the gradients. So a replica
has the whole batch' loss over the number of replicas, with the gradient that its own items have.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from wce_core.call.parts import LossParts
from wce_core.types import Array

from .inputs import Inputs


def replica_context() -> Any:
    """``tf.distribute``'s, in one of several replicas; else None."""
    if keras.backend.backend() != "tensorflow":
        return None
    import tensorflow as tf

    context = tf.distribute.get_replica_context()
    return context if context is not None and context.num_replicas_in_sync > 1 else None


def of_gathered(context: Any, value: Callable[[Inputs], Array], given: Inputs) -> Array:
    """Of any loss: every replica computes that of the whole batch.

    The gradient comes back through the gathering to whose items they are.
    """
    return value(Inputs(*(_gathered(context, each) for each in given))) / _count(context)


def _gathered(context: Any, array: Any) -> Any:
    import tensorflow as tf

    if array is None:
        return None
    if array.dtype == tf.bool:
        return tf.cast(_gathered(context, tf.cast(array, tf.int32)), tf.bool)
    return tf.ensure_shape(context.all_gather(array, axis=0), [None, *array.shape[1:]])


def of_parts(context: Any, parts: LossParts, reduction: str) -> Array:
    """Of a loss in parts: their sums are added up, and no item leaves its replica.

    Dividing the value by the number of replicas divides the gradient, too, which is undone.
    """
    whole = parts.all_reduce(averaged_over=context.num_replicas_in_sync)
    return getattr(whole, reduction)() / _count(context)


def _count(context: Any) -> float:
    return float(context.num_replicas_in_sync)
