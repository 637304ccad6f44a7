"""Steps of closed forms where each operation runs as it is called."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from wce_core.arrays.numerics import FEW_CLASSES
from wce_core.arrays.ops import ArrayOps
from wce_core.types import Array

from .numerics import total

FEW = 2**14
"""Elements up to which a visit to each costs less than a question, whose answer would be a guard of
a call that is replayed."""


class OneByOne(ArrayOps):
    """Each operation runs as it is called, on arrays that may be written to.

    Nothing is selected: a mask that nobody can predict takes ten times as long as an addition.
    """

    def in_place(
        self, function: Callable[..., Array], array: Array, *more: Array, into: Array | None = None
    ) -> Array:
        """By ``out=``: no new memory. What has no axes may be a scalar, which has none to give."""
        if not array.ndim:
            return function(array, *more)
        return function(array, *more, out=array if into is None else into)

    def exponentials(
        self, predictions: Array, largest: Array, axis: int
    ) -> tuple[Array, Array, Array]:
        """By two sums, or of many classes by one."""
        exponentials = self.exp_of_negatives(predictions - largest, largest)
        shape = predictions.shape
        few = shape[axis] < FEW_CLASSES or prod(shape) <= FEW
        whole, rest = (self._by_parts if few else self._by_one_sum)(exponentials, axis)
        return exponentials, whole, rest

    def _by_parts(self, exponentials: Array, axis: int) -> tuple[Array, Array]:
        """Whole and fractional parts: a 1 is of the largest, or as good as it."""
        xp = self.xp
        ones = xp.floor(exponentials)
        count = total(xp, ones, axis)
        fractions = total(xp, self.in_place(xp.subtract, ones, exponentials), axis)
        return count - fractions, (count - 1.0) - fractions

    def _by_one_sum(self, exponentials: Array, axis: int) -> tuple[Array, Array]:
        """Less 1, which loses nothing unless one class has more than half of its row."""
        xp = self.xp
        whole = total(xp, exponentials, axis)
        rest, confident = whole - 1.0, whole < 2.0
        if not self.all_zero(confident):
            rest = xp.where(confident, total(xp, self.fractions(exponentials), axis), rest)
        return whole, rest

    def exp_of_negatives(self, array: Array, largest: Array) -> Array:
        """exp of a temporary x − largest, which is not positive, but NaN where that is infinite."""
        del largest
        return self.in_place(self.xp.exp, array)

    def fractions(self, array: Array) -> Array:
        """x − floor(x)."""
        whole = self.xp.floor(array)
        return self.in_place(self.xp.subtract, array, whole, into=whole)

    def put_rows(self, array: Array, index: Array, rows: Array) -> Array:
        """In place."""
        array[index] = rows
        return array

    def divides(self, number: Array) -> bool:
        """By one quotient."""
        return bool(number / number == 1)

    def sigmoids(self, state: Any) -> tuple[Array, Array]:
        """In place."""
        odds, other = (self.in_place(self.xp.add, each, 1.0) for each in state)
        return self.in_place(self.xp.reciprocal, odds), self.in_place(self.xp.reciprocal, other)

    def sigmoid(self, state: Any) -> Array:
        """One of them alone."""
        return self.in_place(self.xp.reciprocal, self.in_place(self.xp.add, state[0], 1.0))
