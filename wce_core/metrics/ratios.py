"""Quotients of sums, what 0/0 is, and their averages over classes."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import numpy as np

from wce_core.arrays.numerics import divide_or
from wce_core.compilers import do_not_convert
from wce_core.errors import choice_error
from wce_core.frameworks.backend import Backend
from wce_core.frameworks.registry import backend_of, numpy_backend
from wce_core.scalars import number
from wce_core.types import Array

Average: TypeAlias = Literal["macro", "micro", "weighted"] | None
AVERAGES: tuple[Average, ...] = (None, "macro", "micro", "weighted")


def framework_of(*sums: Any) -> tuple[Backend, tuple[Array, ...]]:
    """The backend of sums, and they as its arrays: Python's 0.0 are NumPy's."""
    be = backend_of(sums[0])
    if be is not None:
        return be, sums
    return numpy_backend(), tuple(np.float64(each) for each in sums)


@do_not_convert
def ratio(
    part: Any, whole: Any, true: Any, *, average: Average = None, empty: float = 0.0
) -> Array:
    """part / whole of each class, or an average over classes, which are the last axis.

    ``true`` is what weighs classes by how much there is of them.
    """
    if average not in AVERAGES:
        raise choice_error("average", average, AVERAGES)
    empty = float(number("empty", empty, "a number, or NaN"))
    be, (part, whole, true) = framework_of(part, whole, true)
    with be.scope():
        if average in ("macro", "weighted") and be.shape(whole):
            found = _mean(be, part, whole, true if average == "weighted" else None, empty)
        else:
            if average == "micro" and be.shape(whole):
                part, whole = _sum(be, part), _sum(be, whole)
            found = divide_or(be.xp, part, whole, empty)
    return found[()] if isinstance(found, np.ndarray) else found  # as NumPy's own functions


def _mean(be: Backend, part: Array, whole: Array, weight: Array | None, empty: float) -> Array:
    """Over all classes; where 0/0 is NaN, over those of which there is something."""
    xp = be.xp
    weight = xp.ones_like(whole) if weight is None else weight
    if empty != empty:
        weight = xp.where(whole == 0, xp.zeros_like(whole), weight)
    each = divide_or(xp, part, whole, 0.0 if empty != empty else empty)
    return divide_or(xp, _sum(be, each * weight), _sum(be, weight), empty)


def _sum(be: Backend, array: Array) -> Array:
    return be.xp.sum(array, axis=-1, dtype=array.dtype)
