"""Configured losses as pytrees: weights are leaves, all other arguments are static."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
from jax import tree_util
from jax.core import Tracer

from wce_core.formulas.weightings.balanced import BALANCED


def register(
    kind: type[Any],
    weights: tuple[str, ...],
    arguments: Callable[[Any], dict[str, Any]],
    restored: Callable[[dict[str, Any]], Any],
) -> None:
    """Makes JAX flatten a kind of loss to its weights, and put anything in their place."""

    def flattened(loss: Any) -> tuple[tuple[Any, ...], Any]:
        given = dict(arguments(loss))
        # A word in the place of weights is static, as every other option is.
        held = {name: given.pop(name) for name in weights if not _is_word(given[name])}
        return tuple(held.get(name) for name in weights), tuple(given.items())

    def with_keys(loss: Any) -> tuple[Any, Any]:
        children, static = flattened(loss)
        keys = map(tree_util.GetAttrKey, weights)
        return tuple(zip(keys, children, strict=True)), static

    def unflattened(static: Any, children: Any) -> Any:
        held = tree_util.tree_map(_constant, children)
        return restored(dict(zip(weights, held, strict=True)) | dict(static))

    tree_util.register_pytree_with_keys(kind, with_keys, unflattened, flattened)


def _is_word(weight: Any) -> bool:
    return isinstance(weight, str) and weight == BALANCED


def _constant(weight: Any) -> Any:
    """As it is; if it is traced, no derivative is taken by it."""
    return _not_differentiated(weight) if isinstance(weight, Tracer) else weight


@jax.custom_jvp
def _not_differentiated(weight: Any) -> Any:
    return weight


@_not_differentiated.defjvp
def _refused(primals: Any, tangents: Any) -> Any:
    """An optimizer that is given a model would train the weights of the loss in it.

    A gradient of 0 would not do: weight decay moves what has one.
    """
    del primals, tangents
    raise TypeError(
        "the weights of a configured loss are differentiated, by themselves or as a part of a "
        "model; a step would train them. Keep the loss out of what is differentiated (in Equinox "
        "by eqx.partition; Flax NNX differentiates nnx.Param alone), or, to have their gradient, "
        "differentiate by an array w and call replace(loss, class_weight=w)"
    )
