"""Keras 3, on whichever backend it runs: a configured loss as ``keras.losses.Loss``.

Importing this module registers its classes with Keras, so that models compiled with them can be
loaded; ``wce_core`` imports it as soon as Keras is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, fields, replace
from typing import Any

import keras
import numpy as np
from keras.src.backend import get_keras_mask  # masks of JAX arrays are found in no public way

from wce_core.dtypes import dtype_name
from wce_core.formulas.links import Convention, Logits, Probabilities
from wce_core.types import Array


@keras.saving.register_keras_serializable(package="wce_core")
class KerasLoss(keras.losses.Loss):  # type: ignore[misc]  # no py.typed: Loss is Any
    """Called by Keras as ``(y_true, y_pred, sample_weight=None)``; reduces by itself."""

    def __init__(self, loss: Any, name: str | None = None) -> None:
        for _, own in loss.terms:
            if own.reduction in ("none", "parts"):
                raise ValueError(
                    f"reduction={own.reduction!r} gives no single number for Keras to train on; "
                    "expected another reduction, or call the loss itself"
                )
        super().__init__(name=name or _snake_case(type(loss).__name__), reduction="none")
        self.loss = loss

    def __call__(self, y_true: Array, y_pred: Array, sample_weight: Array | None = None) -> Array:
        """The loss of this library, with what Keras passes put in its place."""
        mask = get_keras_mask(y_pred)
        y_pred = keras.ops.convert_to_tensor(y_pred)
        y_true = keras.ops.convert_to_tensor(y_true)
        if sample_weight is not None:
            items = len(y_pred.shape) - self.loss._categorical
            sample_weight = _squeezed(keras.ops.convert_to_tensor(sample_weight), items)
        shares = [
            weight * _share(loss, _called(loss, y_true, y_pred, sample_weight, mask))
            for weight, loss in self.loss.terms
        ]
        return sum(shares[1:], shares[0])

    def get_config(self) -> dict[str, Any]:
        """The name and arguments of the configured loss, as JSON has them."""
        return {"name": self.name, **_saved(self.loss)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> KerasLoss:
        """The same loss again."""
        return cls(_loaded(config), name=config["name"])


def _called(loss: Any, y_true: Array, y_pred: Array, sample_weight: Any, mask: Any) -> Array:
    y_true = _labels(loss, y_true, y_pred) if loss._categorical else _paired(y_true, y_pred)
    # Keras multiplies the loss before it differentiates: a half result would overflow there.
    if keras.backend.standardize_dtype(y_pred.dtype) in ("float16", "bfloat16"):
        loss = loss if loss.dtype is not None else replace(loss, dtype="float32")
    value: Array = loss(y_pred, y_true, sample_weight=sample_weight, mask=mask)
    return value


def _labels(loss: Any, y_true: Array, y_pred: Array) -> Array:
    """Class indices without their axis of length 1, in an integer dtype."""
    rank, axis = len(y_pred.shape), loss.axis
    if len(y_true.shape) == rank and y_true.shape[axis] == 1 != y_pred.shape[axis]:
        y_true = keras.ops.squeeze(y_true, axis=axis)
    if len(y_true.shape) != rank - 1 or not _is_floating(y_true):
        return y_true
    # A number between two labels names no class, and must not be cut to one.
    nowhere = -1 if getattr(loss, "ignore_index", None) != -1 else y_pred.shape[axis]
    whole = keras.ops.equal(y_true, keras.ops.floor(y_true))
    return keras.ops.cast(keras.ops.where(whole, y_true, nowhere), "int32")


def _share(loss: Any, value: Array) -> Array:
    """Under ``tf.distribute`` the gradients of replicas add up, so that means are divided."""
    if keras.backend.backend() != "tensorflow" or loss.reduction == "sum":
        return value
    import tensorflow as tf

    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    return value if replicas == 1 else value / replicas


def _saved(loss: Any) -> dict[str, Any]:
    """Its class and arguments, and those of its losses, as JSON has them."""
    given = {
        field.name: loss._arguments[field.name]
        for field in fields(loss)
        if getattr(loss, field.name) != field.default
    }
    if "losses" in given:
        given["losses"] = [_saved(own) for own in given["losses"]]
    return {"loss": type(loss).__name__, "arguments": _encoded(given)}


def _loaded(config: Mapping[str, Any]) -> Any:
    from wce_core import losses  # only to load: this adapter is asked for by losses

    arguments = _decoded(config["arguments"])
    if "losses" in arguments:
        arguments["losses"] = tuple(map(_loaded, arguments["losses"]))
    configured: Callable[..., Any] = getattr(losses, config["loss"])
    return configured(**arguments)


@keras.saving.register_keras_serializable(package="wce_core")
class DialectLoss(keras.losses.Loss):  # type: ignore[misc]  # no py.typed: Loss is Any
    """A class of ``wce_core.dialects.keras``, which takes Keras' weights and masks and reduces."""

    def __init__(self, loss: Any, name: str | None = None) -> None:
        if loss.reduction in ("none", None):
            raise ValueError(f"reduction={loss.reduction!r} gives no number for Keras to train on")
        super().__init__(name=name or loss.name, reduction="none")
        self.loss = loss

    def __call__(self, y_true: Array, y_pred: Array, sample_weight: Array | None = None) -> Array:
        """The loss, with what Keras passes put in its place."""
        mask = get_keras_mask(y_pred)
        y_true, y_pred = keras.ops.convert_to_tensor(y_true), keras.ops.convert_to_tensor(y_pred)
        if sample_weight is not None:
            sample_weight = keras.ops.convert_to_tensor(sample_weight)
        return self.loss(y_true, y_pred, sample_weight=sample_weight, mask=mask)

    def get_config(self) -> dict[str, Any]:
        """The name, class and arguments of the loss."""
        given = _encoded(vars(self.loss))
        return {"name": self.name, "loss": type(self.loss).__name__, "arguments": given}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> DialectLoss:
        """The same loss again."""
        from wce_core.dialects import keras as dialect  # only to load: dialects ask for this class

        own = getattr(dialect, config["loss"])
        return cls(own(**_decoded(config["arguments"])), name=config["name"])


def register(functions: Iterable[Callable[..., Any]]) -> None:
    """Losses that Keras takes as they are and saves by name: their module's and their own."""
    for function in functions:
        keras.saving.register_keras_serializable(package=function.__module__)(function)


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


def _snake_case(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")


def _encoded(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments as JSON has them."""
    return {name: _as_json(name, value) for name, value in arguments.items()}


def _as_json(name: str, value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, float, str, list, tuple)):
        return value
    if name == "dtype":
        return dtype_name(value)
    if isinstance(value, Convention):
        return {value.of: _encoded(asdict(value))}
    if isinstance(value, Mapping):  # whose keys JSON would make strings of
        return {"items": [[key, _as_json(name, item)] for key, item in value.items()]}
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    raise TypeError(
        f"{name} is {type(value).__name__}, which is not saved with a model: pass numbers, or "
        "load the model with compile=False and compile it again"
    )


def _decoded(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _from_json(value) for name, value in arguments.items()}


def _from_json(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    for convention in (Probabilities, Logits):
        if convention.of in value:
            return convention(**value[convention.of])
    return dict(value["items"])
