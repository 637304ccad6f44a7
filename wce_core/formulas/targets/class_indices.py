"""Class indices: mass 1 on one class of each item."""

from __future__ import annotations

from typing import NamedTuple

from wce_core.arrays.numerics import along
from wce_core.arrays.ops import ArrayOps
from wce_core.formulas.links import (
    CategoricalRows,
    ClosedCategorical,
    CurvedCategorical,
)
from wce_core.formulas.targets.base import Targets, _steep
from wce_core.formulas.targets.dense import DenseTargets
from wce_core.formulas.terms import Term, penalty_of, slope_of
from wce_core.types import Array, Smoothing


class ClassIndices(NamedTuple):
    """Mass 1 on one class of each item. ``index`` has the class axis with length 1."""

    ops: ArrayOps
    index: Array
    axis: int
    classes: int
    dtype: str

    def total(self) -> Array:
        """1."""
        return self.ops.xp.ones_like(self.index, dtype=self.ops.dtype(self.dtype))

    def occurrences(self, included: Array | None, dtype: str, result: str) -> Array:
        """How many items are of each class: integers, of which no digit is lost."""
        del result
        ops = self.ops
        index = self.index if included is None else ops.xp.where(included, self.index, self.classes)
        return ops.cast(ops.occurrences(index, self.classes), dtype)

    def for_each(self, factor: Array) -> bool:
        """Is there a factor for each item, and not one for many?"""
        shape = self.ops.shape(factor)
        return None not in shape and shape == self.ops.shape(self.index)

    def smoothed(self, epsilon: float, rule: Smoothing) -> Targets:
        """(1 − ε) on the class and ε spread; a row of masses that lives in the block only."""
        return self._row().smoothed(epsilon, rule)

    def is_own(self) -> Array:
        """Is it the class of the item? Boolean, for every class."""
        places = self.ops.arange(self.classes, self.index)
        return along(self.ops.xp, places, self.axis, self.index.ndim) == self.index

    def _row(self) -> DenseTargets:
        return DenseTargets(self.ops, self.ops.cast(self.is_own(), self.dtype), self.axis)

    def mean_weight(self, weights: Array) -> Array:
        """w at the class: the share there is 1."""
        return self.ops.take(weights, self.index, self.axis)

    def geometric_weight(self, weights: Array) -> Array:
        """w at the class."""
        return self.mean_weight(weights)

    def largest_share_weight(self, weights: Array) -> Array:
        """w at the class."""
        return self.mean_weight(weights)

    def expected_cost(self, costs: Array, predicted: Array, dtype: str) -> Array:
        """A[index, predicted]."""
        xp = self.ops.xp
        cell = xp.reshape(self.index * self.classes + predicted, (-1,))
        found = xp.take(xp.reshape(costs, (-1,)), cell, axis=0)
        return self.ops.cast(xp.reshape(found, self.ops.sizes(self.index)), dtype)

    def loss(self, term: Term, rows: CategoricalRows) -> Array:
        """penalty(−log p) at the class."""
        return penalty_of(self.ops, term, rows, rows.at(self.index))

    def gradient(
        self, term: Term, rows: ClosedCategorical, scale: Array, into: Array | None = None
    ) -> Array:
        """The slope at the class, pulled back."""
        slope = _steep(scale, slope_of(self.ops, term, rows, rows.at(self.index)))
        return rows.vjp_at(self.index, slope, into)

    def curvature(
        self, term: Term, rows: CurvedCategorical, scale: Array, *, positive: bool
    ) -> Array:
        """That of a row of masses: it is a row anyway."""
        return self._row().curvature(term, rows, scale, positive=positive)
