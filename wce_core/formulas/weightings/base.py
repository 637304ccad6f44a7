"""The contract of a weighting and the state that weightings build up."""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from wce_core.arrays.ops import ArrayOps
from wce_core.errors import dtype_error, value_error
from wce_core.formulas.layout import Layout
from wce_core.formulas.targets.base import Targets
from wce_core.types import Array

UNSIGNED = {1: np.uint8, 2: np.uint16, 4: np.uint32, 8: np.uint64}


class Weighing(NamedTuple):
    """What the weightings of a block of items have come to so far."""

    ops: ArrayOps
    predictions: Array
    axis: int | None
    mass: Targets
    dtype: str
    """In which weights are multiplied."""
    class_weights: Any = None
    """(C,) laid along the class axis; binary: (w₀, w₁). None: all 1."""
    factor: Array | None = None
    """One factor per item. None: 1."""
    included: Array | None = None
    """Boolean items that take part. None: all."""
    costs: Array | None = None
    """What each class costs an item of each class. None: items pay for their own mass."""

    def wide(self, array: Array) -> Array:
        """Weights in the dtype in which they are multiplied."""
        return self.ops.cast(array, self.dtype)

    def times(self, factor: Array) -> Array:
        """The item factor so far, times another."""
        return factor if self.factor is None else self.factor * factor


class Weighting(ABC):
    """One way to weigh or exclude items, found by the name of its argument.

    A weighting reads targets and its own array, and the predictions only through an argmax. It is
    stateless; all that it needs travels in the array under :attr:`name`.
    """

    name: str
    per_item: bool = False
    """Does it say something of each item, so that what it says of an excluded one is no error?"""
    categorical: bool = True
    """Do categorical losses take it?"""
    binary: bool = True
    """Do binary ones?"""
    sliced: bool = True
    """Does the array have the predictions' rank, so that a block of items takes its part of it?"""

    @abstractmethod
    def prepare(self, ops: ArrayOps, layout: Layout, value: Any) -> Array | None:
        """Check shape and dtype, lay out with the predictions' rank; None if it does nothing."""

    def check(self, layout: Layout, values: np.ndarray, included: Any) -> None:
        """Raise ValueError for the first impossible value; ``included`` items only count."""
        del layout, values, included

    def check_signed(self, layout: Layout, values: np.ndarray, included: Any) -> None:
        """The same where ``negative_weights=True`` was given: most weights take none even then."""
        self.check(layout, values, included)

    def included(self, ops: ArrayOps, array: Array, targets: Array) -> Array | None:
        """Boolean items that take part; None: all."""
        del ops, array, targets
        return None

    def apply(self, weighing: Weighing, array: Array) -> Weighing:
        """The state with this weighting multiplied in."""
        del array
        return weighing


def require_real(ops: ArrayOps, name: str, array: Array) -> None:
    """Weights are numbers: not booleans, not complex."""
    dtype = ops.dtype_name(array)
    if dtype == "bool" or dtype.startswith("complex"):
        hint = " (a boolean array that excludes items is mask=)" if dtype == "bool" else ""
        raise dtype_error(name, dtype, f"a real dtype{hint}")


def check_weights(
    name: str,
    values: np.ndarray,
    included: Any = None,
    as_given: Callable[[np.ndarray], np.ndarray] = lambda array: array,
    *,
    signed: bool = False,
    hint: Callable[[Any], str] | None = None,
) -> None:
    """Weights are finite and, unless ``signed``, not negative.

    ``as_given`` undoes what was done to the shape; ``hint`` of the first wrong one is a next step.
    """
    most = largest_finite(values)
    if within(values, -most if signed else 0, most):
        return
    wrong = ~((values >= (-most if signed else 0)) & (values < float("inf")))
    if included is not None:
        wrong = wrong & included
    if wrong.any():
        expected = "a finite weight" + ("" if signed else " that is not negative")
        raise_first(name, as_given(values), as_given(wrong), expected, hint)


def largest_finite(values: np.ndarray) -> Any:
    """The largest finite number of a dtype, which a float need not hold."""
    return np.finfo(values.dtype).max if values.dtype.kind == "f" else np.inf


def within(values: np.ndarray, low: Any, high: Any) -> bool:
    """Is all of it in [low, high]? No, perhaps, of −0.

    From 0 on one visit tells: read as unsigned integers, numbers of all dtypes keep their order,
    and what is negative or NaN is larger than they all.
    """
    if values.size == 0:
        return True
    dtype, unsigned = values.dtype, UNSIGNED.get(values.dtype.itemsize)
    ordered = dtype.isnative and dtype.kind in "fiub"  # not so of ml_dtypes' int4
    if low != 0 or unsigned is None or not ordered:
        return bool(values.min() >= low and values.max() <= high)
    return bool(np.maximum.reduce(values.view(unsigned), None) <= _bits(dtype, high))


@functools.lru_cache(maxsize=64)
def _bits(dtype: np.dtype[Any], high: Any) -> int:
    """``high``, or the largest number of the dtype, read as an unsigned integer."""
    if dtype.kind == "f":
        return int(np.array(high, dtype).view(UNSIGNED[dtype.itemsize]))
    largest = 1 if dtype.kind == "b" else int(np.iinfo(dtype).max)
    return largest if high >= largest else int(high)


def raise_first(
    name: str,
    values: np.ndarray,
    wrong: np.ndarray,
    expected: str,
    hint: Callable[[Any], str] | None = None,
) -> None:
    """ValueError naming the first position at which ``wrong`` holds; ``hint`` of what is there."""
    position = tuple(map(int, np.argwhere(wrong)[0]))
    value = values[tuple(i if n > 1 else 0 for i, n in zip(position, values.shape, strict=True))]
    raise value_error(name, position, value, expected + (hint(value) if hint else ""))
