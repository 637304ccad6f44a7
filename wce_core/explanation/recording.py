"""How an explanation learns what a loss was asked to compute: as ``value_and_grad`` does."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from ..dispatch import as_predictions, backend_of, numpy_backend
from ..evaluate import Spec
from ..handles import Predictions
from ..types import Arrays


class _Asked(Exception):  # noqa: N818  # not an error: it ends the call where all is known
    def __init__(self, spec: Spec, arrays: Arrays) -> None:
        self.spec, self.arrays = spec, arrays


class _Recorder:
    """In the place of a handle's backend: NumPy's, which does not evaluate."""

    def __getattr__(self, name: str) -> Any:
        return getattr(numpy_backend(), name)

    def whole_call(self, *args: object, **kwargs: object) -> None:
        """Every call is described."""

    def fused(self, spec: Spec, arrays: Arrays) -> NoReturn:
        """Instead of evaluating, say what would be evaluated."""
        raise _Asked(spec, arrays)


def asked(loss: Any, predictions: Any, args: Any, kwargs: Any) -> tuple[Spec, Arrays]:
    """The first evaluation within ``loss(predictions, …)``, its arrays NumPy's, in float64."""
    backend, own = as_predictions(predictions)
    wide = backend.to_numpy(own).astype(np.float64)
    handle = Predictions(_Recorder(), wide)  # type: ignore[arg-type]  # what it lacks it takes from NumPy's
    try:
        loss(handle, *map(_numpy, args), **{name: _numpy(each) for name, each in kwargs.items()})
    except _Asked as call:
        return call.spec, call.arrays
    raise TypeError("explain needs a loss of wce_core, or a function that calls one")


def _numpy(value: Any) -> Any:
    backend = backend_of(value)
    if backend is None or backend is numpy_backend():
        return value
    return backend.to_numpy(value)
