"""Keras 3, on whichever backend it runs: a configured loss as ``keras.losses.Loss``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from wce_core.types import Array


class KerasLoss(keras.losses.Loss):  # type: ignore[misc]  # Keras ships no types
    """Called by Keras as ``(y_true, y_pred, sample_weight=None)``; reduces by itself."""

    def __init__(self, loss: Callable[..., Any]) -> None:
        super().__init__(name=type(loss).__name__, reduction=None)
        self.loss = loss

    def __call__(self, y_true: Array, y_pred: Array, sample_weight: Array | None = None) -> Array:
        """The loss of this library, with what Keras passes put in its place."""
        y_pred = keras.ops.convert_to_tensor(y_pred)
        y_true = self._targets(keras.ops.convert_to_tensor(y_true), y_pred)
        if sample_weight is not None:
            sample_weight = keras.ops.convert_to_tensor(sample_weight)
        mask = getattr(y_pred, "_keras_mask", None)
        return self.loss(y_pred, y_true, sample_weight=sample_weight, mask=mask)

    def _targets(self, y_true: Array, y_pred: Array) -> Array:
        """Class indices without their axis of length 1, in an integer dtype."""
        axis = getattr(self.loss, "axis", None)
        if axis is None or type(self.loss).__name__ != "CrossEntropy":
            return y_true
        rank = len(y_pred.shape)
        if len(y_true.shape) == rank and y_true.shape[axis] == 1 != y_pred.shape[axis]:
            y_true = keras.ops.squeeze(y_true, axis=axis)
        if len(y_true.shape) == rank - 1 and "float" in keras.backend.standardize_dtype(
            y_true.dtype
        ):
            y_true = keras.ops.cast(y_true, "int64")
        return y_true

    def get_config(self) -> dict[str, Any]:
        """Not serialised: build the loss again in code."""
        raise NotImplementedError("pass the loss to compile() again after loading the model")
