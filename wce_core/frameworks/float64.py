"""Whether a program that is traced may use float64, beside what its device has."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_USED: ContextVar[bool] = ContextVar("float64 is used", default=True)


def is_used() -> bool:
    """Not inside of :func:`without_float64`."""
    return _USED.get()


@contextmanager
def without_float64() -> Iterator[None]:
    """TensorFlow programs that are traced inside have no float64: sums are taken in float32.

    For runtimes that have none, as TensorFlow Lite. Predictions are float32 or a half type. It is
    also a decorator. Other frameworks know by themselves where there is no float64.

    >>> with without_float64():
    ...     print(is_used())
    False
    >>> is_used()
    True
    """
    token = _USED.set(False)
    try:
        yield
    finally:
        _USED.reset(token)
