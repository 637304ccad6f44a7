"""The losses of ``wce_core.dialects.keras`` and ``keras2``, as models are compiled with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import keras

from wce_core.compilers import do_not_convert
from wce_core.types import Array

from . import saved
from .inputs import Inputs, inputs
from .replicas import of_gathered, replica_context


@keras.saving.register_keras_serializable(package="wce_core")
class DialectLoss(keras.losses.Loss):  # type: ignore[misc]  # no py.typed: Loss is Any
    """A class of ``wce_core.dialects.keras``, which takes Keras' weights and masks and reduces."""

    def __init__(self, loss: Any, name: str | None = None) -> None:
        if loss.reduction in ("none", None):
            raise ValueError(f"reduction={loss.reduction!r} gives no number for Keras to train on")
        super().__init__(name=name or loss.name, reduction="none")
        self.loss = loss

    @do_not_convert
    def __call__(self, y_true: Array, y_pred: Array, sample_weight: Array | None = None) -> Array:
        """The loss, with what Keras passes put in its place."""
        given, context = inputs(y_true, y_pred, sample_weight), replica_context()
        return self._value(given) if context is None else of_gathered(context, self._value, given)

    def _value(self, given: Inputs) -> Array:
        weight, mask = given.sample_weight, given.mask
        return self.loss(given.targets, given.predictions, sample_weight=weight, mask=mask)

    def get_config(self) -> dict[str, Any]:
        """The name, class and arguments of the loss."""
        given = saved.encoded(vars(self.loss))
        return {"name": self.name, "loss": type(self.loss).__name__, "arguments": given}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> DialectLoss:
        """The same loss again."""
        from wce_core.dialects import keras as dialect  # only to load: dialects ask for this class

        own = getattr(dialect, config["loss"])
        return cls(own(**saved.decoded(config["arguments"])), name=config["name"])


def register(functions: Iterable[Callable[..., Any]]) -> None:
    """Losses that Keras takes as they are and saves by name: their module's and their own."""
    for function in functions:
        keras.saving.register_keras_serializable(package=function.__module__)(function)
