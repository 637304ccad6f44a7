"""How wide target masses have to be."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

from wce_core.frameworks.backend import Backend
from wce_core.types import Arrays

FEW = 2**14
"""Predictions up to which float64 masses take less time than a look at the weights."""


ORDINARY = 2.0**40
"""Weights up to it, and from its inverse on, keep their products with float32 masses in range."""


def mass_dtype(
    be: Backend,
    arrays: Arrays,
    given: Mapping[str, Any],
    weights: tuple[str, ...],
    compute: str,
    accumulate: str,
) -> str:
    """The dtype of target masses; ``weights`` name what multiplies them, ``given`` as they came."""
    if be.dtype_name(arrays["targets"]) == accumulate:
        return accumulate
    if be.readable(arrays["predictions"]) and prod(arrays["predictions"].shape) <= FEW:
        held = not any(name in arrays for name in weights)
    else:
        held = all(_ordinary(be, given[name]) for name in weights if name in arrays)
    return compute if held else accumulate


def _ordinary(be: Backend, given: Any) -> bool:
    """Are weights known to be neither huge nor tiny?"""
    values = be.known(given)
    if values is None:
        return _ordinary_numbers(given)
    size = values[values != 0]
    return not size.size or bool(size.min() >= 1.0 / ORDINARY and size.max() <= ORDINARY)


def _ordinary_numbers(given: Any) -> bool:
    """The same of Python's numbers, which compilers know, too."""
    if isinstance(given, Mapping):
        given = list(given.values())
    if isinstance(given, (list, tuple)):
        return all(map(_ordinary_numbers, given))
    return type(given) in (int, float) and (given == 0 or 1.0 / ORDINARY <= given <= ORDINARY)
