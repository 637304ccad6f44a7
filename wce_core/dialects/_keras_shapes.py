"""How Keras makes ranks of targets, predictions, weights and masks equal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wce_core.frameworks.backend import Backend

from ..types import Array
from ._arrays import changed, owner


def same_rank(be: Backend, array: Array, rank: int) -> Array:
    """An array without its last axis, or with one more, if that has or gets length 1."""
    shape = be.shape(array)
    if len(shape) == rank + 1 and shape[-1] == 1:
        return be.xp.squeeze(array, axis=-1)
    return be.xp.expand_dims(array, axis=-1) if len(shape) == rank - 1 else array


def with_predictions_like(target_rank: int, predictions: Any, loss: Callable[[Any], Any]) -> Any:
    """``loss`` of (N,) predictions as a column, if the targets are one."""
    be, x = owner(predictions)
    if not (target_rank == 2 and len(be.shape(x)) == 1):
        return loss(predictions)
    return changed(
        predictions,
        lambda be, array: be.xp.expand_dims(array, axis=-1),
        lambda be, gradient: be.xp.squeeze(gradient, axis=-1),
        loss,
    )


def whole_labels(be: Backend, labels: Array, ignored: int | None, classes: int) -> Array:
    """Labels that Keras delivers as floats, as integers; what is no whole number, as no class."""
    xp = be.xp
    if "float" not in be.dtype_name(labels):
        return xp.astype(labels, be.dtype(be.index_dtype), copy=False)
    nowhere = float(classes if ignored == -1 else -1)
    whole = xp.where(xp.floor(labels) == labels, labels, nowhere)
    return xp.astype(whole, be.dtype(be.index_dtype))
