"""Steps of closed forms, which nobody differentiates: run one by one, or fused by a compiler."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wce_core.backend import Backend
from wce_core.numerics import product, total
from wce_core.types import Array


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
        """By whole and fractional parts: a 1 is of the largest, or as good as it."""
        xp = self.xp
        exponentials = self.over(xp.exp, predictions - largest)
        ones = xp.floor(exponentials)
        count = total(xp, ones, axis)
        fractions = total(xp, self.over(xp.subtract, ones, exponentials), axis)
        return exponentials, count - fractions, (count - 1.0) - fractions

    def divided(self, array: Array, number: Array, fallback: float) -> Array:
        """Asked, not selected."""
        if number == 0:
            return self.xp.zeros_like(array) + fallback
        return array / number

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

    def times(self, weight: Array, value: Array, *more: Array) -> Array:
        """Selected last: XLA does not vectorize a sum of what is selected first."""
        first = product(self.xp, weight, value)
        return first + self.times(*more) if more else first
