"""Steps of closed forms, which nobody differentiates: run one by one, or fused by a compiler."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from wce_core.backend import Backend
from wce_core.numerics import product, total
from wce_core.types import Array, Namespace

FEW_CLASSES = 32
"""Classes up to which whole parts are summed, which spares a selection among the rows."""
LONGEST = 32
"""Classes of a piece."""
FEW = 2**14
"""Elements up to which a visit to each costs less than a question, whose answer would be a guard of
a call that is replayed."""


class OneByOne(Backend):
    """Each operation runs as it is called, on arrays that may be written to.

    Nothing is selected: a mask that nobody can predict takes ten times as long as an addition.
    """

    def over(
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
        fractions = total(xp, self.over(xp.subtract, ones, exponentials), axis)
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
        return self.over(self.xp.exp, array)

    def fractions(self, array: Array) -> Array:
        """x − floor(x)."""
        whole = self.xp.floor(array)
        return self.over(self.xp.subtract, array, whole, into=whole)

    def divides(self, number: Array) -> bool:
        """By one quotient."""
        return bool(number / number == 1)

    def log_sum(self, array: Array) -> tuple[Array, Any]:
        """By E = exp(−array), since exp(−|array|) = min(E, 1/E)."""
        xp = self.xp
        odds = self.over(xp.exp, -array)
        other = 1.0 / odds
        return self.over(xp.log1p, xp.minimum(odds, other)), (odds, other)

    def sigmoids(self, state: Any) -> tuple[Array, Array]:
        """1 / (1 + E) and 1 / (1 + 1/E), which are right where E overflows, too."""
        odds, other = (self.over(self.xp.add, each, 1.0) for each in state)
        return self.over(self.xp.reciprocal, odds), self.over(self.xp.reciprocal, other)

    def sigmoid(self, state: Any) -> Array:
        """1 / (1 + E)."""
        return self.over(self.xp.reciprocal, self.over(self.xp.add, state[0], 1.0))


class Fused(Backend):
    """A compiler makes one loop of many operations."""

    many_classes: int
    """Classes from which a row is summed in pieces."""

    def times(self, weight: Array, value: Array, *more: Array) -> Array:
        """Selected last: XLA does not vectorize a sum of what is selected first."""
        first = product(self.xp, weight, value)
        return first + self.times(*more) if more else first

    def exponentials(
        self, predictions: Array, largest: Array, axis: int
    ) -> tuple[Array, Array, Array]:
        """Of many classes in one visit, where two would make all exponentials twice."""
        shape = self.shape(predictions)
        classes, last = shape[axis] or 0, axis == len(shape) - 1 and None not in shape
        length = _piece(classes) if last and classes >= self.many_classes else 1
        if length > 1:
            return self._in_pieces(predictions, largest, length)
        if not 0 < classes <= FEW_CLASSES:
            return super().exponentials(predictions, largest, axis)
        xp = self.xp
        exponentials = xp.exp(predictions - largest)
        rest = _rest(xp, exponentials, axis)
        return exponentials, rest + 1.0, rest

    def _in_pieces(
        self, predictions: Array, largest: Array, length: int
    ) -> tuple[Array, Array, Array]:
        """A sum for each piece of a row: only the one with a 1 in it is then summed again."""
        xp, (*items, classes) = self.xp, predictions.shape
        pieces = (*items, classes // length, length)
        exponentials = xp.exp(predictions - largest)
        sums = xp.sum(xp.reshape(exponentials, pieces), axis=-1)
        place = self.argmax(sums, len(items))
        others = total(xp, self.put(sums, place, 0.0, len(items)), -1)
        index = xp.broadcast_to(xp.expand_dims(place, axis=-1), (*items, 1, length))
        own = self.pick(xp.reshape(predictions, pieces), index, len(items))
        own = xp.exp(xp.reshape(own, (*items, length)) - largest)
        rest = others + _rest(xp, own, -1)
        return exponentials, rest + 1.0, rest


def _piece(classes: int) -> int:
    """The length of the pieces of a row; 1: it cannot be cut."""
    return max(n for n in range(1, LONGEST + 1) if classes % n == 0)


def _rest(xp: Namespace, values: Array, axis: int) -> Array:
    """The sum less 1, of whole and fractional parts."""
    whole = xp.floor(values)
    return total(xp, values - whole, axis) + (total(xp, whole, axis) - 1.0)
