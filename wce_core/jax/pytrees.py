"""Configured losses as pytrees: weights are leaves, all other arguments are static."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jax import tree_util


def register(
    kind: type[Any],
    weights: tuple[str, ...],
    arguments: Callable[[Any], dict[str, Any]],
    restored: Callable[[dict[str, Any]], Any],
) -> None:
    """Makes JAX flatten a kind of loss to its weights, and put anything in their place."""

    def flattened(loss: Any) -> tuple[tuple[Any, ...], Any]:
        given = dict(arguments(loss))
        children = tuple(given.pop(name) for name in weights)
        return children, tuple(given.items())

    def with_keys(loss: Any) -> tuple[Any, Any]:
        children, static = flattened(loss)
        keys = map(tree_util.GetAttrKey, weights)
        return tuple(zip(keys, children, strict=True)), static

    def unflattened(static: Any, children: Any) -> Any:
        return restored(dict(static) | dict(zip(weights, children, strict=True)))

    tree_util.register_pytree_with_keys(kind, with_keys, unflattened, flattened)
