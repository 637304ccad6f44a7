"""Arguments as arrays of the predictions' framework."""

from __future__ import annotations

from typing import Any

import numpy as np

from wce_core.errors import STEPS, ragged_error
from wce_core.frameworks.backend import Backend
from wce_core.frameworks.registry import PLAIN, backend_of, numpy_backend
from wce_core.interchange import as_numpy
from wce_core.types import Array


def as_predictions(value: object) -> tuple[Backend, Array]:
    """The backend of the predictions; numbers and lists of them become NumPy float64."""
    backend = backend_of(value)
    if backend is not None:
        return backend, value
    numpy = numpy_backend()
    if isinstance(value, (bool, int, float, list, tuple)):
        array = as_companion(numpy, value, np.zeros(()), "predictions")
        return numpy, array.astype(np.float64) if array.dtype.kind in "biuf" else array
    array = _foreign(value, "predictions")
    if array is not None:
        return numpy, array
    raise TypeError(
        f"predictions are {type(value).__name__}; expected a floating array of NumPy, JAX, "
        "PyTorch, TensorFlow or the array API standard, or a list of numbers"
    )


def as_companion(backend: Backend, value: Any, predictions: Array, name: str) -> Array:
    """Another argument as an array of the predictions' framework, on their device."""
    if backend.owns(value):
        return value
    owner = backend_of(value)
    if owner is not None and owner.name != "numpy":
        raise TypeError(
            f"{name} is an array of {owner.name}, the predictions are of {backend.name}; "
            "convert one of them"
        )
    array = value if owner is not None else _foreign(value, name)
    if array is not None:
        return backend.asarray(_readable(array, name), predictions)
    numbers = _numbers(backend, value, name)
    try:
        return backend.from_python(numbers, predictions)
    except ValueError as error:
        raise ragged_error(name) from error
    except OverflowError as error:
        raise ValueError(f"{name} holds a number that is beyond float64") from error


def _foreign(value: object, name: str) -> np.ndarray | None:
    """The numbers of what is neither an array of a framework nor one of Python's own kinds."""
    return None if type(value) in PLAIN else as_numpy(value, name)


def _readable(array: np.ndarray, name: str) -> np.ndarray:
    """The same, or a scalar of NumPy's, as every framework can read it."""
    reason = numpy_backend().refusal(array)
    if reason is not None:
        raise TypeError(f"{name} is {reason}")
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def _numbers(backend: Backend, value: object, name: str) -> object:
    """A number or nested lists of numbers; anything else is no argument of a loss."""
    if isinstance(value, (list, tuple)):
        for item in value:
            _numbers(backend, item, name)
    elif not isinstance(value, (bool, int, float)):
        owner = backend_of(value)
        if owner is None:
            step = f": {STEPS['text']}" if isinstance(value, (str, bytes)) else ""
            raise TypeError(f"{name} holds {type(value).__name__}; expected numbers{step}")
        if owner.name != "numpy":
            raise TypeError(
                f"{name} is a list that holds arrays; stack them into one array of {backend.name}"
            )
    return value
