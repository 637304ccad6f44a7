"""Keras 3 losses, on the backend that is active in this process (KERAS_BACKEND)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from wce_conformance.adapters import adapter
from wce_conformance.peers.asked import Asked
from wce_conformance.peers.base import Peer

_REDUCTIONS = {
    "none": "none",
    "sum": "sum",
    "mean": "sum_over_batch_size",
    "weighted_mean": "mean_with_sample_weight",
}


class Keras(Peer):
    """CategoricalCrossentropy, SparseCategoricalCrossentropy, BinaryCrossentropy."""

    version = keras.__version__
    notes: tuple[str, ...] = (
        "Every loss gets dtype= that of the predictions.",
        "The class axis is moved last; a single item becomes a batch of one; elements of a binary"
        " loss get an axis of length 1, over which Keras takes its mean.",
        "Multi-class probabilities are not offered: Keras divides them by their sum first,"
        " which is another function with another gradient.",
        "A mean of nothing is 0: offered only where 0 is asked for.",
    )

    def __init__(self) -> None:
        self.backend: str = keras.config.backend()
        self.name = f"keras.losses on {self.backend}"
        if self.backend == "numpy":
            self.notes = (*self.notes, "On NumPy there is a value and no gradient.")

    def empty_is_said(self, asked: Asked) -> bool:
        """A safe division."""
        return asked.empty_means("zero")

    def multiclass(self, asked: Asked) -> bool:
        """From logits; weights of samples, `ignore_class`, smoothing of dense targets."""
        return (
            asked.form == "logits"
            and asked.has_only("sample_weight", "ignore_index")
            and asked.uniform
            and (asked.smoothing == 0 or (asked.unit_mass and not asked.index))
            and (asked.reduction != "weighted_mean" or asked.unit_mass)
            and asked.reduction in _REDUCTIONS
            and asked.fits([] if asked.index else ["targets"])
            and asked.fits(["sample_weight"])
        )

    def binary(self, asked: Asked) -> bool:
        """From logits, or probabilities, which are clipped at `keras.config.epsilon()`."""
        return (
            asked.form in ("logits", "probabilities")
            and asked.clip in (None, keras.config.epsilon())
            and asked.has_only("sample_weight")
            and asked.reduction in _REDUCTIONS
            and asked.fits(["targets", "sample_weight"])
        )

    def answer(self, asked: Asked) -> tuple[Any, Any]:
        """By the backend's own way of differentiating."""
        value, gradient = _DIFFERENTIATED[self.backend](_function(asked), asked)
        shape = _item_shape(asked) if asked.reduction == "none" else np.shape(value)
        return np.reshape(value, shape), gradient


def _function(asked: Asked) -> Callable[[Any], Any]:
    """The loss as a function of the predictions, in the framework's arrays."""
    loss, targets = (_binary if asked.binary else _multiclass)(asked)
    weights = asked.sample_weight()
    single = asked.arrays["predictions"].ndim == (0 if asked.binary else 1)
    if single:
        targets = targets[None]
        weights = None if weights is None else weights[None]

    def function(predictions: Any) -> Any:
        laid_out: Any
        if asked.binary:
            laid_out = predictions[..., None]
        else:
            laid_out = keras.ops.moveaxis(predictions, asked.axis, -1)
        return loss(targets, laid_out[None] if single else laid_out, sample_weight=weights)

    return function


def _options(asked: Asked) -> dict[str, Any]:
    return {"reduction": _REDUCTIONS[asked.reduction], "dtype": asked.vector.dtype}


def _multiclass(asked: Asked) -> tuple[Any, np.ndarray]:
    if asked.index:
        ignored = asked.options.get("ignore_index")
        loss = keras.losses.SparseCategoricalCrossentropy(
            from_logits=True, ignore_class=ignored, **_options(asked)
        )
        return loss, asked.arrays["targets"]
    loss = keras.losses.CategoricalCrossentropy(
        from_logits=True, label_smoothing=asked.smoothing, **_options(asked)
    )
    return loss, np.moveaxis(asked.targets(), asked.axis, -1)


def _binary(asked: Asked) -> tuple[Any, np.ndarray]:
    loss = keras.losses.BinaryCrossentropy(
        from_logits=asked.form == "logits", label_smoothing=asked.smoothing, **_options(asked)
    )
    return loss, asked.targets()[..., None]


def _item_shape(asked: Asked) -> tuple[int, ...]:
    shape = list(asked.arrays["predictions"].shape)
    if not asked.binary:
        del shape[asked.axis]
    return tuple(shape)


def _by_jax(function: Callable[[Any], Any], asked: Asked) -> tuple[Any, Any]:
    import jax

    with jax.enable_x64(asked.vector.dtype == "float64"):
        return _by_framework("jax", function, asked)


def _by_framework(name: str, function: Callable[[Any], Any], asked: Asked) -> tuple[Any, Any]:
    own = adapter(name)
    x = own.array(asked.arrays["predictions"])

    def of(predictions: Any) -> Any:
        return function(predictions)

    value, gradient = own.differentiate("eager", of, {"predictions": x}, "predictions")
    return own.numpy(value), own.numpy(gradient)


def _by_numpy(function: Callable[[Any], Any], asked: Asked) -> tuple[Any, Any]:
    return np.asarray(function(asked.arrays["predictions"])), None


_DIFFERENTIATED: dict[str, Callable[[Callable[[Any], Any], Asked], tuple[Any, Any]]] = {
    "jax": _by_jax,
    "torch": lambda function, asked: _by_framework("torch", function, asked),
    "tensorflow": lambda function, asked: _by_framework("tensorflow", function, asked),
    "numpy": _by_numpy,
}
