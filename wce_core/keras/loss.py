"""Configured losses as ``keras.losses.Loss``, on whichever backend Keras runs."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, ClassVar, cast

import keras

from wce_core.compilers import do_not_convert
from wce_core.formulas.weightings.balanced import is_balanced
from wce_core.losses.configured import Configured, ConfiguredItems
from wce_core.losses.further import documented_by
from wce_core.types import Array

from . import saved
from .inputs import Inputs, inputs, is_half, laid_out
from .replicas import of_gathered, of_parts, replica_context

PACKAGE = "wce_core"
AT_CALL = ("predictions", "targets", "sample_weight", "mask", "normalizer")
"""What Keras passes, or never does: no options of a class."""
_DOCUMENTATION = """{summary}

    The options are those of ``wce_core.losses.{kind}``, and what is computed is its loss in its own
    reduction. ``sample_weight``, ``class_weight`` of ``fit`` and Keras masks count in it as
    ``sample_weight`` and ``mask``.

{formula}

    Parameters
    ----------
    name
        In Keras. None: ``"{name}"``.

    Returns
    -------
    When called, a scalar tensor of Keras' backend, in the dtype of ``y_pred``; float32 for half
    predictions without ``dtype``, since Keras scales losses. A dtype policy gives its compute
    dtype.

    See Also
    --------
    KerasLoss : what all of these classes have in common.
    """


class KerasLoss(keras.losses.Loss):  # type: ignore[misc]  # no py.typed: Loss is Any
    """What all losses for Keras are: called as ``(y_true, y_pred, sample_weight=None)``.

    They reduce by themselves, over the items that take part, and so give one number. Labels that
    Keras delivers as floats are taken as class indices, and so is a label axis of length 1.
    ``loss`` is the configured loss inside. A model is saved with it if its weights are numbers, and
    loaded in any process that imports ``wce_core``, without ``custom_objects``.

    In one of several replicas of ``tf.distribute`` it has the loss of the whole batch, with the
    denominators of the whole batch, over the number of replicas; gradients of replicas add up.

    >>> import numpy as np
    >>> import wce_core.keras
    >>> loss = wce_core.keras.CrossEntropy(class_weight=[1.0, 3.0], reduction="weighted_mean")
    >>> round(float(loss(np.array([0, 1]), np.zeros((2, 2), np.float32))), 4)
    0.6931
    >>> loss.name, loss.get_config()["class_weight"]
    ('cross_entropy', [1.0, 3.0])
    """

    _kind: ClassVar[type[Configured[Any]] | None] = None

    def __init__(self, *, name: str | None = None, **options: Any) -> None:
        if self._kind is None:
            raise TypeError("KerasLoss() is no loss; expected one of its classes, or loss.keras()")
        if "dtype" in options:
            options["dtype"] = saved.dtype_of(options["dtype"])
        self.loss = self._kind(**options)
        _check_number(self.loss)
        name = name or saved.snake_case(type(self.loss).__name__)
        super().__init__(name=name, reduction="none", dtype=options.get("dtype"))
        self.reduction = getattr(self.loss, "reduction", None)

    @do_not_convert
    def __call__(self, y_true: Array, y_pred: Array, sample_weight: Array | None = None) -> Array:
        """The loss of this library, with what Keras passes put in its place."""
        given = inputs(y_true, y_pred, sample_weight)
        shares = [weight * _in_replica(loss, given) for weight, loss in self.loss.terms]
        return sum(shares[1:], shares[0])

    def get_config(self) -> dict[str, Any]:
        """The name and those options that are no defaults, as JSON has them."""
        given = {
            field.name: self.loss._arguments[field.name]
            for field in fields(self.loss)
            if getattr(self.loss, field.name) != field.default
        }
        if "losses" in given:
            given["losses"] = [_registered(of(own)) for own in given["losses"]]
        return {"name": self.name, **saved.encoded(given)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> KerasLoss:
        """The same loss again."""
        given = dict(config)
        if "losses" in given:
            given["losses"] = tuple(_loaded(*own).loss for own in given["losses"])
        return cls(**saved.decoded(given))

    def __reduce__(self) -> Any:
        """Copied and pickled as the configured loss is."""
        return _made, (type(self), self.loss, self.name)


@functools.cache
def loss_class(kind: type[Configured[Any]]) -> type[KerasLoss]:
    """The class of Keras losses of a kind of configured losses, registered with Keras.

    Those of the library are attributes of ``wce_core.keras``. For one of your own, keep what this
    returns under the name of the kind, in the module of the kind, if it is to be pickled, and call
    this before a model with such a loss is loaded.
    """
    own = kind.__module__.startswith(f"{PACKAGE}.")
    home, package = (f"{PACKAGE}.keras", PACKAGE) if own else (kind.__module__, kind.__module__)
    names = {
        "_kind": kind,
        "__module__": home,
        "__doc__": _documentation(kind),
        "__signature__": _signature(kind),  # which inspect looks for
    }
    made = cast(type[KerasLoss], type(kind.__name__, (KerasLoss,), names))
    documented_by(_function(kind), without=AT_CALL)(made)
    keras.saving.register_keras_serializable(package=package)(made)
    return made


def of(loss: Configured[Any], name: str | None = None) -> KerasLoss:
    """A configured loss for Keras."""
    return _made(loss_class(type(loss)), loss, name)


def _made(kind: type[KerasLoss], loss: Any, name: str | None) -> KerasLoss:
    return kind(name=name, **loss._arguments)


def _registered(loss: KerasLoss) -> list[Any]:
    """The name that Keras knows its class by, and its config.

    Keras would take two objects that are there one after the other, at one address, for the same.
    """
    return [keras.saving.get_registered_name(type(loss)), loss.get_config()]


def _loaded(name: str, config: Mapping[str, Any]) -> KerasLoss:
    kind = cast(type[KerasLoss], keras.saving.get_registered_object(name))
    return kind.from_config(config)


def _check_number(loss: Any) -> None:
    for _, own in loss.terms:
        if own.reduction in ("none", "parts"):
            raise ValueError(
                f"reduction={own.reduction!r} gives no single number for Keras to train on; "
                "expected another reduction, or call the loss itself"
            )


def _in_replica(loss: Any, given: Inputs) -> Array:
    """The loss; in one of several replicas its share of that of the whole batch."""
    # Keras multiplies the loss before it differentiates: a half result would overflow there.
    if loss.dtype is None and is_half(given.predictions):
        loss = replace(loss, dtype="float32")
    context = replica_context()
    if context is None:
        return _value(loss, given)
    if _adds_up(loss):
        found = of_parts(context, _value(replace(loss, reduction="parts"), given), loss.reduction)
        return found if loss.dtype is None else keras.ops.cast(found, saved.dtype_of(loss.dtype))
    return of_gathered(context, functools.partial(_value, loss), given)


def _adds_up(loss: Any) -> bool:
    """Whether its parts of replicas do: not those of regions, nor of weights of each batch."""
    if not isinstance(loss, ConfiguredItems) or loss.empty != "zero":
        return False
    return not is_balanced(loss.class_weight)


def _value(loss: Any, given: Inputs) -> Any:
    ignored = getattr(loss, "ignore_index", None)
    categorical = loss._categorical
    own = laid_out(given, categorical=categorical, axis=loss.axis, ignored=ignored)
    return loss(own.predictions, own.targets, sample_weight=own.sample_weight, mask=own.mask)


def _function(kind: type[Configured[Any]]) -> Any:
    """What documents the options of a kind."""
    return getattr(kind, "_function", kind)


def _documentation(kind: type[Configured[Any]]) -> str:
    formula = (inspect.getdoc(_function(kind)) or "").partition("\nParameters\n")[0].rstrip()
    summary = f"``wce_core.losses.{kind.__name__}`` as a ``keras.losses.Loss``."
    return _DOCUMENTATION.format(
        summary=summary,
        kind=kind.__name__,
        formula="\n".join(f"    {line}".rstrip() for line in formula.splitlines()),
        name=saved.snake_case(kind.__name__),
    )


def _signature(kind: type[Configured[Any]]) -> inspect.Signature:
    """The options of a kind, and a name."""
    signature = inspect.signature(kind)
    name = inspect.Parameter("name", inspect.Parameter.KEYWORD_ONLY, default=None)
    return signature.replace(parameters=[name, *signature.parameters.values()])
