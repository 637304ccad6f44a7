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
    own = [name for name in weights if name in arrays]
    if be.readable(arrays["predictions"]) and prod(arrays["predictions"].shape) <= FEW:
        return accumulate if own else compute
    unknown = [name for name in own if not _ordinary(be, given[name])]
    # One weight that cannot be looked at and is no wider than the masses is multiplied as it is:
    # beside float64 compilers take up to twice the time.
    alone = len(unknown) == 1 and _narrow(be, given[unknown[0]], arrays[unknown[0]], accumulate)
    return compute if alone or not unknown else accumulate


def _narrow(be: Backend, given: Any, array: Any, accumulate: str) -> bool:
    return be.owns(given) and be.known(given) is None and be.dtype_name(array) != accumulate


def _ordinary(be: Backend, given: Any) -> bool:
    """Are weights known to be neither huge nor tiny?"""
    values = be.known(given)
    if values is None:
        return _ordinary_numbers(given)
    size = values[values != 0].astype("float64")
    return not size.size or bool(size.min() >= 1.0 / ORDINARY and size.max() <= ORDINARY)


def _ordinary_numbers(given: Any) -> bool:
    """The same of Python's numbers, which compilers know, too."""
    if isinstance(given, Mapping):
        given = list(given.values())
    if isinstance(given, (list, tuple)):
        return all(map(_ordinary_numbers, given))
    return type(given) in (int, float) and (given == 0 or 1.0 / ORDINARY <= given <= ORDINARY)
