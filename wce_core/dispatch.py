"""Array → backend, by the type of the array; importing no framework that is not loaded yet."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from .backend import Backend
from .errors import STEPS, ragged_error
from .interchange import as_numpy
from .opaque import settled
from .types import Array


def numpy_backend() -> Backend:
    """NumPy's, which is always there."""
    from wce_backends.numpy import BACKEND

    return BACKEND


def _torch() -> Backend:
    from wce_backends.torch import BACKEND

    return BACKEND


def _jax() -> Backend:
    from wce_backends.jax import BACKEND

    return BACKEND


def _tensorflow() -> Backend:
    from wce_backends.tensorflow import BACKEND

    return BACKEND


BUILT_IN: dict[str, Callable[[], Backend]] = {
    "numpy": numpy_backend,
    "torch": _torch,
    "jax": _jax,
    "tensorflow": _tensorflow,
}
"""Module that must be loaded for an array of its framework to exist → its backend.

Plain ``import`` statements: ``importlib`` inside ``torch.compile(fullgraph=True)`` is refused.
"""

PLAIN = (bool, int, float, complex, str, bytes, list, tuple, dict, set, range, type(None))
"""What is no array of any framework: nothing is searched for it, least of all while tracing."""

_KEYS: dict[type, str] = {}
_BACKENDS: dict[str, Backend] = {}
"""Of all types seen. In two steps, because Dynamo guards a dictionary of types as a whole, and
would compile anew for each new type; of names it guards the one that was asked for."""
_THIRD_PARTY: dict[str, Any] | None = None


def backend_of(array: object) -> Backend | None:
    """The backend that owns an array; None for anything that is no array of a framework."""
    kind = type(array)
    key = _key(kind)
    if key is not None:
        return _BACKENDS[key]
    found = None if kind in PLAIN else _search(array)
    return found and _remembered(kind, found)


@settled
def _key(kind: type) -> str | None:
    """The key of the backend that owned such an array before, or that owns all of its type."""
    key = _KEYS.get(kind)
    if key is None:
        load = BUILT_IN.get(kind.__module__.partition(".")[0])
        if load is not None and issubclass(kind, load().array_types):
            _remembered(kind, load())
            key = _KEYS[kind]
    return key


def _remembered(kind: type, backend: Backend) -> Backend:
    key = _KEYS[kind] = f"{backend.name} {len(_BACKENDS)}"
    _BACKENDS[key] = backend
    return backend


def _search(array: object) -> Backend | None:
    named: Backend | None = getattr(type(array), "wce_backend", None)
    if named is not None:
        return named
    for module, load in BUILT_IN.items():
        if module in sys.modules:
            backend = load()
            if backend.owns(array):
                return backend
    return _third_party(array) or _generic(array)


def _third_party(array: object) -> Backend | None:
    global _THIRD_PARTY  # noqa: PLW0603  # scanned once: reading metadata of every distribution
    if _THIRD_PARTY is None:
        from importlib.metadata import entry_points  # half of the time that importing us takes

        _THIRD_PARTY = {point.name: point for point in entry_points(group="wce_core.backends")}
    point = _THIRD_PARTY.get(type(array).__module__.partition(".")[0])
    if point is None:
        return None
    backend: Backend = point.load()
    return backend if backend.owns(array) else None


def _generic(array: object) -> Backend | None:
    from wce_backends.generic import backend_for

    return backend_for(array)


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
