"""JAX: optax, jitted and not."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import optax

from benchmarks.pairs import FOCAL, Call, Pair
from benchmarks.workloads import LOSSES, Workload

Loss = Callable[[Any, Any, Any], Any]
READY: Any = jax.block_until_ready
"""JAX left it unannotated."""


def pairs(workload: Workload) -> Iterator[Pair]:
    """Native and exact; with the gradient, and the value alone."""
    arrays = [jnp.asarray(array) for array in workload.arrays().values()]
    theirs = _theirs(workload)
    for precision in ("native", "exact"):
        ours = _ours(workload, precision)
        for what, way in (("value + gradient", jax.value_and_grad), ("value", lambda f: f)):
            own, peer = (_call(jax.jit(way(loss)), arrays) for loss in (ours, theirs))
            yield Pair("optax", "jit", precision, what, own, peer)
    focal = _ours(workload, "native", focal=True)
    own, peer = (
        _call(jax.jit(jax.value_and_grad(loss)), arrays)
        for loss in (focal, _ours(workload, "native"))
    )
    yield Pair(FOCAL, "jit", "native", "value + gradient", own, peer)
    own, peer = (
        _call(jax.value_and_grad(loss), arrays) for loss in (_ours(workload, "native"), theirs)
    )
    yield Pair("optax", "not jitted", "native", "value + gradient", own, peer)


def _ours(workload: Workload, precision: Any, *, focal: bool = False) -> Loss:
    loss = LOSSES[workload.loss, focal]
    if workload.loss == "cross_entropy":
        return lambda x, y, w: loss(
            x, y, class_weight=w, reduction="weighted_mean", precision=precision
        )
    return lambda x, y, w: loss(x, y, pos_weight=w, precision=precision)


def _theirs(workload: Workload) -> Loss:
    """As optax's documentation puts weights in: by hand."""
    if workload.loss == "cross_entropy":

        def weighted(x: Any, y: Any, w: Any) -> Any:
            own = w[y]
            items = optax.losses.softmax_cross_entropy_with_integer_labels(x, y)
            return jnp.sum(own * items) / jnp.sum(own)

        return weighted

    def positive(x: Any, y: Any, w: Any) -> Any:
        items = optax.losses.sigmoid_binary_cross_entropy(x, y)
        return jnp.mean(jnp.where(y == 1, w, 1.0) * items)

    return positive


def _call(function: Callable[..., Any], arrays: list[Any]) -> Call:
    run = functools.partial(function, *arrays)
    return lambda: READY(run())
