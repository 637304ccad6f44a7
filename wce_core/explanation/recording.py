"""How an explanation learns what is made of a batch: by handles, as ``value_and_grad`` does."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np

from wce_core.call.arguments import as_predictions
from wce_core.call.describe import described
from wce_core.call.handles import Predictions, Tracked, TrackedItems
from wce_core.evaluation.options import Options
from wce_core.evaluation.spec import LossSpec
from wce_core.frameworks.registry import backend_of, numpy_backend

from ..types import Array, Arrays

PREDICTIONS = ("predictions", "logits", "input", "scores", "y_proba", "y_pred", "raw_prediction")
"""What functions of this library and its dialects call their predictions."""


class Followed(NamedTuple):
    """What a function made of its item losses."""

    factors: Array | None
    """What each was multiplied with, in the items' shape; None if that is not one number each."""
    denominator: float | None = None
    """What their sum was divided by, where it is known."""
    value: float | None = None
    """The result; None: it is no scalar."""


class Asked(NamedTuple):
    """The first evaluation, and what was made of its item losses if they are its result."""

    spec: LossSpec
    arrays: Arrays
    label_axis: int | None
    """Of a multi-label loss, counted in the predictions."""
    followed: Followed | None


class _Known(Exception):  # noqa: N818  # not an error: it ends the call where all is known
    pass


class _Recorder:
    """In the place of a handle's backend: NumPy's, which notes the first evaluation."""

    def __init__(self) -> None:
        self.call: tuple[LossSpec, Arrays] | None = None
        self.label_axis: int | None = None
        self.begun = False
        self.cotangent: Array | None = None
        self.sums: list[tuple[Tracked, int]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(numpy_backend(), name)

    def fast_path(
        self, options: Options, arguments: Mapping[str, Any], *, gradient: bool = False
    ) -> Any:
        """Evaluate as NumPy's does; a call that gives no item losses is all there is to know."""
        del gradient
        be = numpy_backend()
        own = {name: _numpy(value) for name, value in arguments.items()}
        spec, arrays = described(be, options, own)
        if self.call is None:
            self.call = spec, arrays
            self.label_axis = _label_axis(options, arrays["predictions"].shape)
            if spec.reduction != "none" or arrays["predictions"].ndim == (spec.axis is not None):
                raise _Known
        return (spec, *be.fused(spec, arrays))

    def noting(self, pull: Callable[[Array], Array]) -> Callable[[Array], Array]:
        """``pull``, noting the cotangent that arrives at the first item losses."""

        def noted(cotangent: Array) -> Array:
            self.cotangent = cotangent
            return pull(cotangent)

        return noted


class _Handle(Predictions):
    """A handle of a recorder."""

    __slots__ = ()

    def items(self, values: Array, pull: Callable[[Array], Array]) -> TrackedItems:
        """The first ones are followed."""
        record: Any = self.backend
        if record.begun:
            return TrackedItems(self, values, pull)
        record.begun = True
        return _Items(self, values, record.noting(pull))


class _Items(TrackedItems):
    """Item losses, or means of ``averaged`` of them each; their sum is noted."""

    __slots__ = ("averaged",)

    def __init__(
        self,
        predictions: Predictions,
        values: Array,
        pull: Callable[[Array], Array],
        averaged: int = 1,
    ) -> None:
        super().__init__(predictions, values, pull)
        self.averaged = averaged

    def derived(
        self,
        predictions: Predictions,
        values: Array,
        pull: Callable[[Array], Array],
        averaged: int = 1,
    ) -> TrackedItems:
        """Followed like these."""
        return _Items(predictions, values, pull, self.averaged * averaged)

    def sum(self, dtype: Any = None) -> Tracked:
        """Σℓ, noted."""
        record: Any = self.predictions.backend
        total = super().sum(dtype)
        record.sums.append((total, self.averaged))
        return total

    def mean(self, axis: int | tuple[int, ...] | None = None) -> TrackedItems | Tracked:
        """Of all items it notes their sum."""
        found = super().mean(axis)
        if isinstance(found, Tracked):
            self.sum()
        return found


def asked(loss: Callable[..., Any], args: Any, kwargs: Any) -> Asked:
    """What ``loss(*args, **kwargs)`` evaluates first, its arrays NumPy's, in float64."""
    record = _Recorder()
    backend: Any = record
    call = _call(loss, tuple(map(_numpy, args)), {n: _numpy(each) for n, each in kwargs.items()})
    result = None
    with np.errstate(all="ignore"):
        with suppress(_Known):
            result = call(lambda predictions: _Handle(backend, _wide(predictions)))
        if record.call is None:
            raise TypeError("explain needs a loss of wce_core, or a function that calls one")
        return Asked(*record.call, record.label_axis, _followed(record, result))


def _call(
    loss: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Callable[[Callable[[Any], Predictions]], Any]:
    """The call, to be made with something else in the place of the predictions."""
    if _home(loss) == "wce_core":
        bound = inspect.signature(loss).bind(*args, **kwargs)
        name = next((name for name in PREDICTIONS if name in bound.arguments), None)
        if name is not None:
            arguments = bound.arguments

            def named(replace: Callable[[Any], Predictions]) -> Any:
                arguments[name] = replace(arguments[name])
                return loss(*bound.args, **bound.kwargs)

            return named
    if args:
        return lambda replace: loss(replace(args[0]), *args[1:], **kwargs)
    raise TypeError("explain needs the predictions as the first argument of the function")


def _home(loss: Any) -> str:
    """The package that a function, or the class of an object that is called, comes from."""
    while isinstance(loss, functools.partial):
        loss = loss.func
    module = getattr(loss, "__module__", None) or type(loss).__module__
    return str(module).partition(".")[0]


def _wide(predictions: Any) -> np.ndarray:
    return np.asarray(as_predictions(predictions)[1]).astype(np.float64)


def _followed(record: _Recorder, result: Any) -> Followed | None:
    """By the last sum of items that the result is a multiple of."""
    if isinstance(result, TrackedItems):
        result.sum()
    if not record.sums:
        return None
    if not isinstance(result, Tracked):
        return Followed(_factors(record, *record.sums[-1])[0])
    value, gradient = float(result.value), result.gradient
    for total, averaged in reversed(record.sums):
        factors, whole = _factors(record, total, averaged)
        under = _quotient(whole, gradient)
        if under is not None:
            return Followed(factors, under, value)
    return Followed(None, None, value)


def _factors(record: _Recorder, total: Tracked, averaged: int) -> tuple[Array, Array]:
    """What each item was multiplied with in a sum, and the gradient of that sum."""
    gradient = total.gradient * averaged
    assert record.cotangent is not None
    return record.cotangent * averaged, gradient


def _quotient(whole: np.ndarray, gradient: np.ndarray) -> float | None:
    """D with gradient = whole / D; 0, over which all is 0, where the gradient is nothing."""
    sizes = np.abs(np.where(np.isfinite(gradient), gradient, 0.0))
    if not sizes.any():
        return 0.0
    largest = np.unravel_index(np.argmax(sizes), sizes.shape)
    under = float(whole[largest] / gradient[largest])
    noise = 1e-9 * sizes.max() * abs(under)
    alike = np.allclose(gradient * under, whole, rtol=1e-9, atol=noise, equal_nan=True)
    return under if alike else None


def _label_axis(options: Options, shape: tuple[int, ...]) -> int | None:
    if options.categorical or len(shape) < 2:
        return None
    axis = (-1 if options.axis is None else int(options.axis)) % len(shape)
    return axis if shape[axis] > 1 else None


def _numpy(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _numpy(each) for name, each in value.items()}
    backend = backend_of(value)
    if backend is None or backend is numpy_backend():
        return value
    return backend.to_numpy(value)
