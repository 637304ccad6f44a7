"""What the losses of Keras 2 and Keras 3 share; they differ in what probabilities mean."""

from __future__ import annotations

from typing import Any

from wce_core import losses

from ..types import Array
from ._arrays import companion, floating, owner, refuse, smoothed
from ._items import mean
from ._keras_shapes import same_rank, whole_labels, with_predictions_like

EPSILON = 1e-7
"""``keras.config.epsilon()`` and ``tf.keras.backend.epsilon()``, unless somebody sets them."""


def binary_items(
    y_true: Any,
    y_pred: Any,
    form: Any,
    label_smoothing: float,
    axis: int | None,
    mask: Array | None = None,
    dtype: Any = None,
) -> Any:
    """Means of elements along ``axis``; the elements themselves if it is None."""
    be, x = owner(y_pred)
    y = companion(be, y_true, x, "y_true")
    rank = len(be.shape(x))

    def loss(predictions: Any) -> Any:
        _, x = owner(predictions)
        targets = same_rank(be, y, len(be.shape(x)))
        kept = None if mask is None else be.xp.expand_dims(mask, axis=-1 if axis is None else axis)
        items = losses.binary_cross_entropy(
            predictions,
            floating(be, targets, x),
            label_smoothing=label_smoothing,
            form=form,
            mask=kept,
            reduction="none",
            dtype=dtype,
        )
        return items if axis is None else mean(items, axis)

    if rank == 1 and len(be.shape(y)) == 2:
        return with_predictions_like(2, y_pred, loss)
    return loss(y_pred)


def categorical_items(
    y_true: Any,
    y_pred: Any,
    form: Any,
    label_smoothing: float,
    axis: int,
    mask: Array | None = None,
    dtype: Any = None,
) -> Any:
    """One item per row; smoothing adds ε/C whatever the row sums to."""
    be, x = owner(y_pred)
    y = floating(be, companion(be, y_true, x, "y_true"), x)
    refuse(be, y, "y_true", lambda q: q < 0, "a mass from 0 on")
    return losses.cross_entropy(
        y_pred,
        smoothed(be, y, label_smoothing, be.shape(x)[axis]),
        form=form,
        axis=axis,
        mask=mask,
        reduction="none",
        dtype=dtype,
    )


def sparse_items(
    y_true: Any,
    y_pred: Any,
    form: Any,
    ignore_class: int | None,
    axis: int,
    mask: Array | None = None,
    dtype: Any = None,
) -> Any:
    """One item per label; 0 where it is ``ignore_class``."""
    be, x = owner(y_pred)
    labels = sparse_labels(y_true, y_pred, ignore_class, axis)
    return losses.cross_entropy(
        y_pred,
        companion(be, labels, x, "y_true"),
        form=form,
        axis=axis,
        ignore_index=ignore_class,
        mask=mask,
        reduction="none",
        dtype=dtype,
    )


def sparse_labels(y_true: Any, y_pred: Any, ignore_class: int | None, axis: int) -> Array:
    """Labels as integers, without a class axis of length 1."""
    be, x = owner(y_pred)
    y, shape = companion(be, y_true, x, "y_true"), be.shape(x)
    own = be.shape(y)
    if len(own) == len(shape) and own[axis] == 1:
        y = be.xp.squeeze(y, axis=axis)
    return whole_labels(be, y, ignore_class, int(shape[axis] or 0))
