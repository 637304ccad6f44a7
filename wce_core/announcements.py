"""Frameworks that have to know of configured losses before one of them is called.

JAX must know of a type before it flattens one, and Keras of a class before it loads a model.
"""

import functools
import importlib

from .imports import when_imported

ROOMS = {"jax": "wce_core.jax", "keras": "wce_core.keras"}
"""Framework → the module that makes the losses known to it."""


def announce() -> None:
    """Each is told as soon as somebody has imported it."""
    for framework, room in ROOMS.items():
        when_imported(framework, functools.partial(importlib.import_module, room))
