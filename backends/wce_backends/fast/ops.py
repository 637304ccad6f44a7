"""Operations of NumPy's arrays by compiled loops, where they are in use and know the arrays."""

from __future__ import annotations

import functools
from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from wce_core.arrays.chance import Chance
from wce_core.arrays.ops import ArrayOps
from wce_core.dtypes import SMALLEST_NORMAL
from wce_core.types import Array

from .switch import followed, in_use
from .threads import shared

FEW_CLASSES = 32
"""Below that, items are read side by side; from there on, the classes of each."""
KNOWN = (np.dtype("float32"), np.dtype("float64"))


def _loop(name: str, array: np.ndarray) -> Callable[..., None]:
    return _compiled(name, array.dtype)


@functools.cache
def _compiled(name: str, dtype: np.dtype[Any]) -> Callable[..., None]:
    from . import loops  # which imports Numba

    return loops.compiled(getattr(loops, name), dtype)


class LoopedOps(ArrayOps):
    """What visits each element more than once otherwise."""

    def looped(self, function: Callable[..., Any], *args: Any) -> Any:
        """A function that runs loops, as one operation."""
        return function(*args)

    def memory_order(self, predictions: Array, axis: int) -> Array:
        """As loops read it: in order, or classes innermost."""
        if not _known(predictions):
            return super().memory_order(predictions, axis)
        if predictions.shape[axis] < FEW_CLASSES:
            return predictions if _in_order(predictions) else predictions.copy("C")
        moved = np.moveaxis(predictions, axis, -1)
        return predictions if _in_order(moved) else np.moveaxis(moved.copy("C"), -1, axis)

    def softmax_sums(self, predictions: Array, axis: int) -> tuple[Array, Array, Array, Array]:
        """In one visit."""
        if not (_known(predictions) and _laid(predictions, axis)):
            return super().softmax_sums(predictions, axis)
        found: tuple[Array, Array, Array, Array] = self.looped(_sums, predictions, axis)
        return found

    def scaled(
        self,
        rows: Array,
        share: Array,
        index: Array,
        value: Array,
        axis: int,
        into: Array | None = None,
    ) -> Array:
        """In one visit."""
        alike = share.shape == index.shape == value.shape and share.dtype == value.dtype
        items = alike and prod(share.shape) * rows.shape[axis] == rows.size
        if not (items and _known(rows) and share.dtype == rows.dtype and _laid(rows, axis)):
            return super().scaled(rows, share, index, value, axis, into)
        if into is not None and not (into.dtype == rows.dtype and into.strides == rows.strides):
            into = None
        return self.looped(_scaled, rows, share, index, value, axis, into)

    def softplus(self, array: Array) -> tuple[Array, Any]:
        """In one visit."""
        if not _flat(array):
            return super().softplus(array)
        found: tuple[Array, Any] = self.looped(_softplus, array)
        return found

    def log_sum(self, array: Array) -> tuple[Array, Any]:
        """In one visit."""
        if not _flat(array):
            return super().log_sum(array)
        found: tuple[Array, Any] = self.looped(_log_sum, array)
        return found

    def both_chances(self, array: Array) -> tuple[Array, Array]:
        """In one visit."""
        if not _flat(array):
            return super().both_chances(array)
        found: tuple[Array, Array] = self.looped(_pair, "chances", array)
        return found

    def sigmoids(self, state: Any) -> tuple[Array, Array]:
        """In one visit."""
        if isinstance(state, tuple):  # of an array that loops do not know
            return super().sigmoids(state)
        found: tuple[Array, Array] = self.looped(_pair, "sigmoids", state)
        return found

    def sigmoid(self, state: Any) -> Array:
        """In one visit."""
        return super().sigmoid(state) if isinstance(state, tuple) else self.looped(_sigmoid, state)

    def focal_slope(
        self, surprisal: Array, chance: Chance, power: Array, gamma: float, bound: float
    ) -> Array:
        """In one visit."""
        arrays = (surprisal, *chance, power)
        if not all(_flat(each) for each in arrays) or not _alike(*arrays):
            return super().focal_slope(surprisal, chance, power, gamma, bound)
        return self.looped(_focal_slope, *arrays, gamma, bound)

    def flushed(self, array: Array) -> Array:
        """In one visit."""
        return self.looped(_flushed, array) if _flat(array) else super().flushed(array)


def _known(array: Array) -> bool:
    if followed() or not in_use():
        return False
    return bool(array.dtype in KNOWN and array.ndim and array.size)


def _in_order(array: Array) -> bool:
    return bool(array.flags.c_contiguous and array.flags.aligned)


def _laid(array: Array, axis: int) -> bool:
    """Is it as :meth:`LoopedOps.memory_order` leaves it?"""
    return _in_order(array) or _in_order(np.moveaxis(array, axis, -1))


def _flat(array: Array) -> bool:
    """Has it memory of its own kind without gaps, in whichever order?"""
    return _known(array) and (
        _in_order(array) or (array.flags.f_contiguous and array.flags.aligned)
    )


def _alike(first: np.ndarray, *others: np.ndarray) -> bool:
    """Are they laid out the same?"""
    same = (first.dtype, first.shape, first.strides)
    return all((each.dtype, each.shape, each.strides) == same for each in others)


def _in_memory(array: np.ndarray) -> np.ndarray:
    """All elements as they stand in memory."""
    return array.reshape(-1) if array.flags.c_contiguous else array.T.reshape(-1)


def _as_rows(array: np.ndarray, axis: int) -> np.ndarray:
    """Axes before, along and behind the classes: three."""
    if axis == array.ndim - 1 == 1 and array.flags.c_contiguous:
        return array[:, :, None]
    if not array.flags.c_contiguous:
        array, axis = np.moveaxis(array, axis, -1), array.ndim - 1
    shape, axis = array.shape, axis % array.ndim
    return array.reshape(prod(shape[:axis]), shape[axis], prod(shape[axis + 1 :]))


def _sums(predictions: np.ndarray, axis: int) -> tuple[np.ndarray, ...]:
    exponentials, dtype = np.empty_like(predictions), predictions.dtype
    shape = list(predictions.shape)
    shape[axis] = 1
    largest, whole, rest = np.empty(shape, dtype), np.empty(shape, dtype), np.empty(shape, dtype)
    own, made = _as_rows(predictions, axis), _as_rows(exponentials, axis)
    outer, classes, inner = own.shape
    sums = [largest, whole, rest]
    if largest.shape != (outer, inner):
        sums = [each.reshape(outer, inner) for each in sums]
    if classes < FEW_CLASSES:
        loop = _loop("columns", predictions)
    else:
        loop, own, made = _loop("rows", predictions), own[:, :, 0], made[:, :, 0]
    shared(loop, [own, made, *sums], predictions.size)
    return largest, exponentials, whole, rest


def _scaled(
    rows: np.ndarray,
    share: np.ndarray,
    index: np.ndarray,
    value: np.ndarray,
    axis: int,
    into: np.ndarray | None,
) -> np.ndarray:
    into = rows if into is None else into
    own, made = _as_rows(rows, axis), _as_rows(into, axis)
    outer, _, inner = own.shape
    items = [share, index, value]
    if share.shape != (outer, inner):
        items = [each.reshape(outer, inner) for each in items]
    shared(_loop("scaled", rows), [own, *items, made], rows.size)
    return into


def _softplus(array: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    odds = np.empty_like(array)
    shared(_loop("softplus", array), [_in_memory(array), _in_memory(odds)], array.size)
    return array, odds


def _log_sum(array: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    odds, found = np.empty_like(array), np.empty_like(array)
    arrays = [_in_memory(each) for each in (array, odds, found)]
    shared(_loop("log_sum", array), arrays, array.size)
    return found, odds


def _pair(name: str, array: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    one, zero = np.empty_like(array), np.empty_like(array)
    arrays = [_in_memory(each) for each in (array, one, zero)]
    shared(_loop(name, array), arrays, array.size)
    return one, zero


def _sigmoid(odds: np.ndarray) -> np.ndarray:
    shared(_loop("sigmoid", odds), [_in_memory(odds)], odds.size)
    return odds


def _focal_slope(
    surprisal: np.ndarray,
    p: np.ndarray,
    rest: np.ndarray,
    power: np.ndarray,
    gamma: float,
    bound: float,
) -> np.ndarray:
    found, loop = np.empty_like(surprisal), _loop("focal_slope", surprisal)
    arrays = [_in_memory(each) for each in (surprisal, p, rest, power, found)]
    shared(lambda *own: loop(*own, gamma, bound), arrays, surprisal.size)
    return found


def _flushed(array: np.ndarray) -> np.ndarray:
    flat, loop = _in_memory(array), _loop("flushed", array)
    shared(lambda own: loop(own, SMALLEST_NORMAL), [flat], array.size)
    return array
