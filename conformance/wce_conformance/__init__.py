"""Weighted cross-entropy, checked: an oracle, test vectors, and a runner for any implementation.

    from wce_conformance import check, load_vectors

has every vector and says whether an answer is right (see :func:`check`). With the plugin a Python
library's own pytest suite has a test for each (see :mod:`wce_conformance.pytest_plugin`); for other
languages there is ``python -m wce_conformance run --exec ./program``.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wce_conformance.pytest_check import check
    from wce_conformance.vectors import Vector, load_vectors

__version__ = "1.0.0"
"""The first number is that of the vectors' folder: v1."""

__all__ = ["Vector", "check", "load_vectors"]

_HOMES = {
    "check": "wce_conformance.pytest_check",
    "Vector": "wce_conformance.vectors",
    "load_vectors": "wce_conformance.vectors",
}


def __getattr__(name: str) -> Any:
    """Imported when asked for: the oracle below this package needs no NumPy."""
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
