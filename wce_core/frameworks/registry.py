"""Array → backend, by the type of the array; importing no framework that is not loaded yet."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable

from wce_core.compilers import assume_constant_result
from wce_core.imports import named

from .backend import Backend

BUILT_IN: dict[str, Callable[[], Backend]] = {
    name: functools.partial(named, f"wce_backends.{name}:BACKEND")
    for name in ("numpy", "torch", "jax", "tensorflow")
}
"""Module that must be loaded for an array of its framework to exist → what loads its backend."""
GENERIC = "wce_backends.generic:backend_for"
"""What makes a backend for any other array of the standard."""

PLAIN = (bool, int, float, complex, str, bytes, list, tuple, dict, set, range, type(None))
"""What is no array of any framework: nothing is searched for it, least of all while tracing."""


_KEYS: dict[type, str] = {}


_BACKENDS: dict[str, Backend] = {}
"""Of all types seen. In two steps, because Dynamo guards a dictionary of types as a whole, and
would compile anew for each new type; of names it guards the one that was asked for."""


_THIRD_PARTY: dict[str, str] | None = None
GROUP = "wce_core.backends"
"""Of entry points: how another distribution offers a backend."""


@assume_constant_result
def numpy_backend() -> Backend:
    """NumPy's, which is always there."""
    return BUILT_IN["numpy"]()


def backend_of(array: object) -> Backend | None:
    """The backend that owns an array; None for anything that is no array of a framework."""
    kind = type(array)
    key = _key(kind)
    if key is not None:
        return _BACKENDS[key]
    found = None if kind in PLAIN else _search(array)
    return found and _remembered(kind, found)


@assume_constant_result
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

        _THIRD_PARTY = {point.name: point.value for point in entry_points(group=GROUP)}
    path = _THIRD_PARTY.get(type(array).__module__.partition(".")[0])
    if path is None:
        return None
    backend: Backend = named(path)
    return backend if backend.owns(array) else None


def _generic(array: object) -> Backend | None:
    found: Backend | None = named(GENERIC)(array)
    return found
