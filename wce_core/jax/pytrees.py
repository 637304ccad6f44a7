"""Configured losses as pytrees: weights are leaves, all other arguments are static."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jax import tree_util

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
        return restored(dict(zip(weights, children, strict=True)) | dict(static))

    tree_util.register_pytree_with_keys(kind, with_keys, unflattened, flattened)


def _is_word(weight: Any) -> bool:
    return isinstance(weight, str) and weight == BALANCED
