"""TensorFlow: ``tf.nn``, eager, in a ``tf.function`` and under XLA."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import tensorflow as tf

from benchmarks.pairs import FOCAL, Call, Pair
from benchmarks.workloads import LOSSES, Workload

Loss = Callable[[Any, Any], Any]
MODES: dict[str, Callable[[Callable[..., Any]], Callable[..., Any]]] = {
    "eager": lambda function: function,
    "tf.function": tf.function,
    "XLA": functools.partial(tf.function, jit_compile=True),
}


def pairs(workload: Workload) -> Iterator[Pair]:
    """Native and exact; with the gradient, and the value alone."""
    arrays = {name: tf.constant(array) for name, array in workload.arrays().items()}
    theirs = _theirs(workload, arrays["w"])
    for mode, compiled in MODES.items():
        for precision in ("native", "exact"):
            ours = _ours(workload, arrays["w"], precision)
            for what, way in (("value + gradient", _slopes), ("value", lambda loss: loss)):
                own, peer = (_call(compiled(way(loss)), arrays) for loss in (ours, theirs))
                yield Pair("tf.nn", mode, precision, what, own, peer)
        focal, plain = (_ours(workload, arrays["w"], "native", focal=own) for own in (True, False))
        own, peer = (_call(compiled(_slopes(loss)), arrays) for loss in (focal, plain))
        yield Pair(FOCAL, mode, "native", "value + gradient", own, peer)


def _ours(workload: Workload, w: Any, precision: Any, *, focal: bool = False) -> Loss:
    loss = LOSSES[workload.loss, focal]
    if workload.loss == "cross_entropy":
        return lambda x, y: loss(
            x, y, class_weight=w, reduction="weighted_mean", precision=precision
        )
    return lambda x, y: loss(x, y, pos_weight=w, precision=precision)


def _theirs(workload: Workload, w: Any) -> Loss:
    if workload.loss == "cross_entropy":

        def weighted(x: Any, y: Any) -> Any:
            own = tf.gather(w, y)
            items = tf.nn.sparse_softmax_cross_entropy_with_logits(y, x)
            return tf.reduce_sum(own * items) / tf.reduce_sum(own)

        return weighted
    return lambda x, y: tf.reduce_mean(tf.nn.weighted_cross_entropy_with_logits(y, x, w))


def _slopes(loss: Loss) -> Callable[..., Any]:
    def both(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = loss(x, y)
        return value, tape.gradient(value, x)

    return both


def _call(function: Callable[..., Any], arrays: dict[str, Any]) -> Call:
    return functools.partial(function, arrays["x"], arrays["y"])
