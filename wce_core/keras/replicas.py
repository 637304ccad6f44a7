"""Under ``tf.distribute``: each replica's share of the loss of the whole batch.

Keras and custom loops differentiate what each replica has, and add up the gradients. So a replica
has the whole batch' loss over the number of replicas, with the gradient that its own items have.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from wce_core.call.parts import LossParts
from wce_core.formulas.reductions import DENOMINATORS
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


def _gathered(context: Any, array: Array | None) -> Array | None:
    import tensorflow as tf

    if array is None:
        return None
    if array.dtype == tf.bool:
        return tf.cast(_gathered(context, tf.cast(array, tf.int32)), tf.bool)
    return tf.ensure_shape(context.all_gather(array, axis=0), [None, *array.shape[1:]])


def of_parts(context: Any, parts: LossParts, reduction: Any) -> Array:
    """Of a loss in parts: two numbers are added up, and no item leaves its replica.

    With T and D the sums of all replicas, and t and d those of this one, value and gradient of

        T/D / replicas  and  t/D − T/D·(d/D)

    for the gradients of the latter add up to that of T/D, also by weights that D depends on.
    """
    import tensorflow as tf

    own = parts.total
    field = DENOMINATORS[reduction]
    under = own * 0 + 1 if field == "normalizer" else tf.cast(getattr(parts, str(field)), own.dtype)
    both = context.all_reduce(tf.distribute.ReduceOp.SUM, tf.stop_gradient(tf.stack([own, under])))
    if field == "normalizer":
        return _with_gradient_of(both[0] / _count(context), own)
    share = tf.math.divide_no_nan(both[0], both[1])
    slope = tf.math.divide_no_nan(own - share * under, both[1])
    return _with_gradient_of(share / _count(context), slope)


def _with_gradient_of(value: Array, other: Array) -> Array:
    import tensorflow as tf

    return tf.grad_pass_through(lambda _: value)(other)


def _count(context: Any) -> float:
    return float(context.num_replicas_in_sync)
