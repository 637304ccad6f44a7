"""What Keras passes, as losses and metrics of this library take it."""

from __future__ import annotations

from typing import Any, NamedTuple

import keras
from keras.src.backend import get_keras_mask  # masks of JAX arrays are found in no public way

from wce_core.types import Array


class Inputs(NamedTuple):
    """The arrays of one call."""

    predictions: Array
    targets: Array
    sample_weight: Array | None
    mask: Array | None


def inputs(y_true: Array, y_pred: Array, sample_weight: Array | None) -> Inputs:
    """Tensors of Keras' backend, and the mask that Keras lays beside predictions."""
    mask = get_keras_mask(y_pred)
    weight = None if sample_weight is None else keras.ops.convert_to_tensor(sample_weight)
    own, true = keras.ops.convert_to_tensor(y_pred), keras.ops.convert_to_tensor(y_true)
    return Inputs(own, true, weight, mask)


def laid_out(given: Inputs, *, categorical: bool, axis: int, ignored: Any) -> Inputs:
    """Labels and weights without, or binary targets with, the last axis that Keras is free with."""
    rank = len(given.predictions.shape)
    if categorical:
        targets = _labels(given.targets, given.predictions, axis, ignored)
    else:
        targets = _paired(given.targets, given.predictions)
    weight = given.sample_weight
    weight = None if weight is None else _squeezed(weight, rank - categorical)
    return given._replace(targets=targets, sample_weight=weight)


def is_half(array: Array) -> bool:
    """Whether it is of a dtype of 16 bits."""
    return keras.backend.standardize_dtype(array.dtype) in ("float16", "bfloat16")


def _labels(y_true: Array, y_pred: Array, axis: int, ignored: Any) -> Array:
    """Class indices without their axis of length 1, in an integer dtype."""
    rank = len(y_pred.shape)
    if len(y_true.shape) == rank and y_true.shape[axis] == 1 != y_pred.shape[axis]:
        y_true = keras.ops.squeeze(y_true, axis=axis)
    if len(y_true.shape) != rank - 1 or not _is_floating(y_true):
        return y_true
    # A number between two labels names no class, and must not be cut to one.
    nowhere = -1 if ignored != -1 else y_pred.shape[axis]
    whole = keras.ops.equal(y_true, keras.ops.floor(y_true))
    return keras.ops.cast(keras.ops.where(whole, y_true, nowhere), "int32")


def _paired(y_true: Array, y_pred: Array) -> Array:
    """Binary targets with the predictions' rank: Keras leaves open a last axis of length 1."""
    rank = len(y_pred.shape)
    if len(y_true.shape) == rank - 1 and y_pred.shape[-1] == 1:
        return keras.ops.expand_dims(y_true, axis=-1)
    return _squeezed(y_true, rank)


def _squeezed(array: Array, rank: int) -> Array:
    """Without a last axis of length 1 beyond ``rank``."""
    if len(array.shape) == rank + 1 and array.shape[-1] == 1:
        return keras.ops.squeeze(array, axis=-1)
    return array


def _is_floating(array: Array) -> bool:
    return "float" in keras.backend.standardize_dtype(array.dtype)
