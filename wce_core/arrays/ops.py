"""The operations that the mathematics asks of arrays: :class:`ArrayOps`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from wce_core.dtypes import SMALLEST_NORMAL
from wce_core.types import Array, Arrays, Namespace

from .boundaries import HALF, SMALLEST_BITS, WITHOUT_SIGN
from .chance import Chance
from .numerics import along, times, total

Chunked: TypeAlias = Callable[[Arrays, Arrays], tuple[Arrays, tuple[Array, ...]]]
"""From sums so far and some rows to new sums and what there is of these rows."""


def has_rows(array: Array) -> bool:
    """Does it have rows of its own, and not one or none for all?"""
    return bool(array.ndim > 1 and array.shape[0] != 1)


class ArrayOps(ABC):
    """An array API namespace, and the primitives that the standard lacks.

    Each has a default in plain array API; a framework overrides what it does faster or otherwise.
    Formulas are written against this class alone.
    """

    name: str
    """The name in messages, tables and tests."""

    xp: Namespace
    """The array API namespace (standard 2024.12: the functions that ``wce_core`` uses)."""

    index_dtype: str = "int64"
    """The integer dtype in which class indices are compared and gathered."""

    contracts: bool = False
    """May a compiler join a product with a sum in one rounding?"""

    @abstractmethod
    def dtype_name(self, array: Array) -> str:
        """The dtype as the standard names it: ``"float32"``, ``"bfloat16"``, ``"int64"``, …"""

    def dtype(self, name: str) -> Any:
        """The namespace's dtype object of that name."""
        return getattr(self.xp, name)

    def cast(self, array: Array, dtype: str) -> Array:
        """The array in the dtype of that name; itself where it has it."""
        return self.xp.astype(array, self.dtype(dtype), copy=False)

    def has_float64(self, like: Array) -> bool:
        """Does the device of ``like`` compute in float64?"""
        del like
        return True

    def shape(self, array: Array) -> tuple[int | None, ...]:
        """The shape; None for a length that is not known while tracing."""
        return tuple(array.shape)

    def sizes(self, array: Array) -> Any:
        """The shape as ``reshape`` takes it, also where a length is not known while tracing."""
        return tuple(array.shape)

    def length(self, array: Array, axis: int) -> Any:
        """The length of an axis: a number, or an integer array where it is not known yet."""
        return array.shape[axis]

    def argmax(self, array: Array, axis: int) -> Array:
        """Indices of the first largest elements, or of the first NaN; ``axis`` kept, length 1."""
        top = self.xp.argmax(array, axis=axis, keepdims=True)
        return self.cast(top, self.index_dtype)

    def take_along_axis(self, array: Array, index: Array, axis: int) -> Array:
        """The element at ``index`` (length 1 along ``axis``) of each row."""
        return self.xp.take_along_axis(array, index, axis=axis)

    def argmax_and_max(self, array: Array, axis: int) -> tuple[Array, Array]:
        """``argmax`` and the element there; of equal ones any may be named."""
        index = self.argmax(array, axis)
        return index, self.take_along_axis(array, index, axis)

    def memory_order(self, predictions: Array, axis: int) -> Array:
        """A block of predictions in the order of memory in which rows are read fastest."""
        del axis
        return predictions

    def in_place(
        self, function: Callable[..., Array], array: Array, *more: Array, into: Array | None = None
    ) -> Array:
        """``function(array, *more)``, written over ``array``, or to ``into``, where it may be.

        ``array`` is a temporary that the caller gives up; all have the result's shape and dtype.
        """
        del into
        return function(array, *more)

    def times(self, weight: Array, value: Array, *more: Array) -> Array:
        """``weight * value`` plus the products of further pairs.

        0 · ±∞ = 0, forward and backward; 0 · NaN stays NaN.
        """
        product = times(self.xp, weight, value)
        return product + self.times(*more) if more else product

    def at_most(self, array: Array, bound: float) -> Array:
        """The smaller of each element and a number; NaN stays. Not differentiable."""
        return self.xp.minimum(array, self.scalar(bound, self.dtype_name(array), array))

    def focal_slope(
        self, surprisal: Array, chance: Chance, power: Array, gamma: float, bound: float
    ) -> Array:
        """``(rest + gamma * p * surprisal) * power``, a larger surprisal than the bound as that."""
        odds = self.in_place(self.xp.multiply, self.at_most(surprisal, bound), chance.p)
        odds = self.in_place(self.xp.multiply, odds, gamma)
        steep = self.in_place(self.xp.add, odds, chance.rest)
        return self.in_place(self.xp.multiply, steep, power)

    def lerp(self, start: Array, end: Array, weight: Array) -> Array:
        """``start * (1 - weight) + end * weight``, exact at both ends."""
        return start * (1.0 - weight) + end * weight

    def total(self, values: Array, dtype: str, result: str, axis: int | None = None) -> Array:
        """The sum of all, or along an axis, in that dtype, which will be rounded to ``result``."""
        del result
        return self.xp.sum(values, axis=axis, dtype=self.dtype(dtype))

    def running_sum(self, values: Array) -> Array:
        """The sum up to each element, along the last axis."""
        return self.xp.cumulative_sum(values, axis=-1)

    def permuted(self, values: Array, order: Array, back: Array) -> Array:
        """Along the last axis in another order; ``back`` is the order that leads back."""
        del back
        return self.xp.take_along_axis(values, order, axis=-1)

    def softplus(self, array: Array) -> tuple[Array, Array]:
        """log(1 + exp(array)), and what :meth:`sigmoid` makes σ(array) of. Not differentiable.

        ``array`` is a temporary that the caller gives up.
        """
        log_sum, state = self.log_sum(array)
        above = self.in_place(self.xp.maximum, array, self.xp.zeros_like(array))
        return self.in_place(self.xp.add, above, log_sum), state

    def both_softplus(self, array: Array) -> tuple[Array, Array, Any]:
        """log(1 + exp(−array)), log(1 + exp(array)), and a state for :meth:`sigmoids`."""
        xp, zero = self.xp, self.xp.zeros_like(array)
        log_sum, state = self.log_sum(array)
        above = self.in_place(xp.add, xp.maximum(array, zero), log_sum)
        return log_sum - xp.minimum(array, zero), above, state

    def sigmoid(self, state: Any) -> Array:
        """σ, from the state that :meth:`softplus` gave."""
        return self.sigmoids(state)[0]

    def both_sigmoids(self, state: Any) -> tuple[Array, Array]:
        """(σ(array), σ(−array)), from the state that :meth:`softplus` gave."""
        return self.sigmoids(state)

    def both_chances(self, array: Array) -> tuple[Array, Array]:
        """(σ(array), σ(−array)). Not differentiable."""
        return self.sigmoids(self._state(array))

    def log1p(self, array: Array) -> Array:
        """log(1 + x) of x from 0 on. Not differentiable."""
        return self.xp.log1p(array)

    def log_sum(self, array: Array) -> tuple[Array, Any]:
        """log(1 + exp(−|array|)), and what :meth:`sigmoids` makes σ(±array) of."""
        odds = self._state(array)
        return self.in_place(self.xp.log1p, self.xp.minimum(*odds)), odds

    def sigmoids(self, state: Any) -> tuple[Array, Array]:
        """(σ(array), σ(−array)), from the state that :meth:`log_sum` gave.

        1 / (1 + E) and 1 / (1 + 1/E) are right where E overflows, too.
        """
        odds, other = state
        return 1.0 / (1.0 + odds), 1.0 / (1.0 + other)

    def _state(self, array: Array) -> tuple[Array, Array]:
        """E = exp(−array) and 1/E, of which the smaller is exp(−|array|): nothing is selected."""
        odds = self.in_place(self.xp.exp, -array)
        return odds, 1.0 / odds

    def all_zero(self, array: Array) -> bool:
        """Are numbers, none of them negative, all 0? False where asking would mean to wait."""
        del array
        return False

    def divides(self, number: Array) -> bool:
        """Is it neither 0, infinite nor NaN? False where asking would mean to wait."""
        del number
        return False

    def flushed(self, array: Array) -> Array:
        """A float64 temporary with 0 for what is below float32's normal numbers."""
        return self.xp.where(self.xp.abs(array) < SMALLEST_NORMAL, 0.0, array)

    def exponentials(
        self, predictions: Array, largest: Array, axis: int
    ) -> tuple[Array, Array, Array]:
        """exp(x − largest), their sum along ``axis``, and that without one that is of the largest.

        What is below 1 is summed by itself, however little it is. Rows whose largest is infinite
        or NaN are NaN.
        """
        xp = self.xp
        exponentials = self.in_place(xp.exp, predictions - largest)
        whole = total(xp, exponentials, axis)
        fractions = total(xp, exponentials - xp.floor(exponentials), axis)
        return exponentials, whole, xp.where(whole >= 2, whole - 1.0, fractions)

    def softmax_sums(self, predictions: Array, axis: int) -> tuple[Array, Array, Array, Array]:
        """The largest of each row, and :meth:`exponentials` of it."""
        largest = self.xp.max(predictions, axis=axis, keepdims=True)
        return largest, *self.exponentials(predictions, largest, axis)

    def scaled(
        self,
        rows: Array,
        share: Array,
        index: Array,
        value: Array,
        axis: int,
        into: Array | None = None,
    ) -> Array:
        """``rows * share``, and ``value`` at ``index`` of each row; perhaps written to ``into``.

        ``rows`` is a temporary that the caller gives up; what is not it has length 1 along
        ``axis``.
        """
        product = self.in_place(self.xp.multiply, rows, share, into=into)
        return self.put_along_axis(product, index, value, axis)

    def empty(self, shape: tuple[int, ...], dtype: str, like: Array) -> Array:
        """Memory for results, on the device of ``like``."""
        return self.xp.empty(shape, dtype=self.dtype(dtype), device=like.device)

    def put_along_axis(self, array: Array, index: Array, value: Any, axis: int) -> Array:
        """``array`` with ``value`` at ``index`` of each row; where it may, it writes to ``array``.

        ``array`` is a temporary that the caller gives up; ``index`` and ``value`` have length 1
        along ``axis``.
        """
        places = self.arange(array.shape[axis], index)
        laid = along(self.xp, places, axis, array.ndim)
        return self.xp.where(laid == index, value, array)

    def take(self, row: Array, index: Array, axis: int) -> Array:
        """The elements of one row, laid along ``axis``, at ``index`` (length 1 along ``axis``)."""
        del axis
        flat = self.xp.reshape(row, (-1,))
        found = self.xp.take(flat, self.xp.reshape(index, (-1,)), axis=0)
        return self.xp.reshape(found, self.sizes(index))

    def occurrences(self, index: Array, classes: int) -> Array:
        """How many class indices are k, for each of the classes; what names none is not counted.

        Rank 1, in :attr:`index_dtype`. Not differentiable.
        """
        xp, flat = self.xp, self.xp.reshape(index, (1, -1))
        found = xp.reshape(self.arange(classes, flat), (-1, 1)) == flat
        return xp.sum(
            self.cast(found, self.index_dtype), axis=-1, dtype=self.dtype(self.index_dtype)
        )

    def summed_by(self, index: Array, values: Array, count: int) -> Array:
        """The sums of the values of each index 0 … count − 1: all of rank 1. Not differentiable."""
        xp = self.xp
        found = xp.reshape(self.arange(count, index), (-1, 1)) == xp.reshape(index, (1, -1))
        each = xp.where(found, xp.reshape(values, (1, -1)), 0.0)
        return xp.sum(each, axis=-1, dtype=values.dtype)

    def leading(self, array: Array, count: int, axis: int) -> Array:
        """Indices of the ``count`` largest elements, in descending order along the last axis.

        ``axis`` is moved there. Of equal ones the lowest index comes first. Not differentiable.
        """
        moved = self.xp.moveaxis(array, axis, -1)
        order = self.xp.argsort(moved, axis=-1, descending=True, stable=True)
        return self.cast(order[..., :count], self.index_dtype)

    def mixed(self, shares: Array, rows: Array) -> Array:
        """Σ_t shares[…, t]·rows[t, j]."""
        return self.xp.matmul(shares, rows)

    def affine(
        self, rows: Array, matrix: Array, offset: Array | None, into: Array | None = None
    ) -> Array:
        """rows · matrixᵀ + offset; where it may, written to ``into``."""
        del into
        product = self.xp.matmul(rows, self.xp.permute_dims(matrix, (1, 0)))
        return product if offset is None else product + offset

    def plus_product(self, array: Array, left: Array, right: Array) -> Array:
        """``array`` + leftᵀ · right; where it may, it writes to ``array``."""
        return array + self.xp.matmul(self.xp.permute_dims(left, (1, 0)), right)

    def in_chunks(
        self, body: Chunked, carry: Arrays, arrays: Arrays, rows: int
    ) -> tuple[Arrays, tuple[Array, ...]]:
        """``body`` of ``carry`` and about so many rows of the arrays, until all had their turn.

        It gives a new carry, and arrays with a row for each of these, which are joined in the
        arrays' order. Arrays of one row, and those without rows, are the same each time.
        """
        count, found = arrays["predictions"].shape[0], []
        for start in range(0, max(count, 1), rows):
            cut = slice(start, min(start + rows, count))
            part = {n: a[cut, ...] if has_rows(a) else a for n, a in arrays.items()}
            carry, own = body(carry, part)
            found.append(own)
        if len(found) == 1:
            return carry, found[0]
        return carry, tuple(self.xp.concat(each) for each in zip(*found, strict=True))

    def arange(self, count: int, like: Array) -> Array:
        """0 … count−1 in the dtype and on the device of ``like``."""
        return self.xp.arange(count, dtype=like.dtype, device=like.device)

    def scalar(self, value: Any, dtype: str, like: Array) -> Array:
        """A number or a rank-0 array as a rank-0 array of that dtype on the device of ``like``."""
        if isinstance(value, (int, float)):
            return self.xp.asarray(value, dtype=self.dtype(dtype), device=like.device)
        return self.cast(value, dtype)

    @abstractmethod
    def asarray(self, value: np.ndarray, like: Array) -> Array:
        """A NumPy array as an array of this framework on the device of ``like``, same dtype."""

    def undecided(self, array: Array, ulps: Array) -> Array:
        """Where float64 numbers that are right to so many ulps, below ``HALF``, are undecided.

        That is next to the middle between two float32 numbers, or to the smallest normal one, below
        which results are 0. By operations on integers alone.
        """
        bits = self.bits(array)
        middle = ((bits + (ulps - HALF)) & (2 * HALF - 1)) <= 2 * ulps
        beyond = (bits & WITHOUT_SIGN) - SMALLEST_BITS
        return middle | ((beyond <= ulps) & (beyond >= -ulps))

    def flushed_and_undecided(self, array: Array, ulps: Array, axis: int) -> tuple[Array, Array]:
        """:meth:`flushed`, and the rows along ``axis``, which stays, with something undecided."""
        asked = self.xp.any(self.undecided(array, ulps), axis=axis, keepdims=True)
        return self.flushed(array), asked

    def looks_again(self, like: Array) -> bool:
        """Can values be asked for in a call, so that what is undecided is evaluated again?"""
        del like
        return False

    @property
    def host(self) -> ArrayOps:
        """What evaluates a few items again, on the same memory where it has another framework's."""
        return self

    def to_host(self, array: Array) -> Array:
        """An array as :attr:`host` has it."""
        return array

    def from_host(self, array: Array) -> Array:
        """The other way."""
        return array

    def decided(self, asked: Array, again: Callable[[], Any], first: Any) -> Any:
        """``again()`` if that is asked for, else what is there already, of the same structure."""
        return again() if bool(asked) else first

    def again(
        self,
        asked: Array,
        rows: Callable[[Array], tuple[Array, ...]],
        results: tuple[Array, ...],
        most: int,
    ) -> tuple[Array, ...]:
        """The results with those rows of them that are asked for, at most so many at a time.

        ``rows`` takes their numbers. The results are temporaries that the caller gives up.
        """
        (index,) = self.xp.nonzero(asked)
        for start in range(0, index.shape[0], most):
            part = index[start : min(start + most, index.shape[0])]
            pairs = zip(results, rows(part), strict=True)
            results = tuple(self.put_rows(array, part, own) for array, own in pairs)
        return results

    def put_rows(self, array: Array, index: Array, rows: Array) -> Array:
        """``array`` with other rows at ``index``, which ascends; it may be written to."""
        xp, count = self.xp, index.shape[0]
        numbers = self.arange(array.shape[0], index)
        place = xp.minimum(xp.searchsorted(index, numbers), xp.asarray(count - 1))
        here = xp.take(index, place, axis=0) == numbers
        laid = xp.reshape(here, (-1,) + (1,) * (array.ndim - 1))
        return xp.where(laid, xp.take(rows, place, axis=0), array)

    def sum_roundings(self, count: int) -> int:
        """How many roundings a number meets at most in a sum of so many, or of sums of those."""
        return count

    @abstractmethod
    def bits(self, array: Array) -> Array:
        """The bits of float64 numbers as int64: sign, 11 bits of exponent, 52 of fraction."""

    @abstractmethod
    def from_bits(self, bits: Array) -> Array:
        """The float64 numbers of these bits."""

    def constant(self, array: Array) -> Array:
        """``array``, through which no derivative flows."""
        return array

    def flushing(self, array: Array) -> Array:
        """``array``, whose gradient by autodiff is 0 where it is below float32's normal numbers.

        Only for a framework that differentiates ``plain`` where it promises exact bits.
        """
        return array
