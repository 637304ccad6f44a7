"""Steps of closed forms for a compiler, which makes one loop of many operations."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from wce_core.arrays.numerics import FEW_CLASSES
from wce_core.types import Array, Namespace

from .approximations import log1p_up_to_one, reciprocal_up_to_one
from .by_sign import BySign
from .numerics import product, total

LONGEST = 32
"""Classes of a piece."""


class Fused(BySign):
    """A compiler makes one loop of many operations."""

    many_classes: int
    """Classes from which a row is summed in pieces."""

    def times(self, weight: Array, value: Array, *more: Array) -> Array:
        """Selected last: XLA does not vectorize a sum of what is selected first.

        Of two products at most one has an infinite value.
        """
        if not more:
            return product(self.xp, weight, value)
        xp, pairs = self.xp, ((weight, value), more)
        whole = self._added(pairs)
        finite = self._added([(w, xp.where(xp.abs(v) == xp.inf, 0.0, v)) for w, v in pairs])
        return xp.where(whole == whole, whole, finite)

    def _added(self, pairs: Iterable[Any]) -> Array:
        (weight, value), (other, rest) = pairs
        return weight * value + other * rest

    def log1p(self, array: Array) -> Array:
        """By a logarithm where adding 1 loses nothing that shows."""
        few = self._log1p_up_to_one(array)
        return self.xp.where(array < 1.0, few, self.xp.log(1.0 + array))

    def at_most(self, array: Array, bound: float) -> Array:
        """By a selection: a minimum that keeps NaN takes longer."""
        return self.xp.where(array > bound, bound, array)

    def _log1p_up_to_one(self, u: Array) -> Array:
        return log1p_up_to_one(self.dtype_name(u), u)

    def _reciprocal_up_to_one(self, u: Array) -> Array:
        return reciprocal_up_to_one(self.dtype_name(u), u)

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
        others = total(xp, self.put_along_axis(sums, place, 0.0, len(items)), -1)
        index = xp.broadcast_to(xp.expand_dims(place, axis=-1), (*items, 1, length))
        own = self.take_along_axis(xp.reshape(predictions, pieces), index, len(items))
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
