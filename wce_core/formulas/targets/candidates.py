"""Sets of candidates: any class of its set is right for an item."""

from __future__ import annotations

from typing import Any, NamedTuple

from wce_core.arrays.numerics import total
from wce_core.arrays.ops import ArrayOps
from wce_core.formulas.targets.base import _steep
from wce_core.formulas.targets.dense import DenseTargets
from wce_core.formulas.terms import Term
from wce_core.types import Array


class CandidateSets(NamedTuple):
    """Mass 1 on a set of classes of each item, as on one class: a boolean row along ``axis``.

    Which of them it is is not known. So class weights are their mean over the set, a factor of the
    item; nothing in the loss is a sum over classes that they could weigh one by one. A set has no
    mass to smooth, and no shares.
    """

    ops: ArrayOps
    candidates: Array
    axis: int
    dtype: str

    def total(self) -> Array:
        """1."""
        own = self.ops.xp.any(self.candidates, axis=self.axis, keepdims=True)
        return self.ops.xp.ones_like(own, dtype=self.ops.dtype(self.dtype))

    def for_each(self, factor: Array) -> bool:
        """Is there a factor for each item, and not one for many?"""
        shape = list(self.ops.shape(self.candidates))
        shape[self.axis] = 1
        return None not in shape and list(self.ops.shape(factor)) == shape

    def _equal(self, dtype: str) -> DenseTargets:
        """The same share on each candidate."""
        own = self.ops.cast(self.candidates, dtype)
        return DenseTargets(self.ops, own / total(self.ops.xp, own, self.axis), self.axis)

    def occurrences(self, included: Array | None, dtype: str, result: str) -> Array:
        """Each set counts as one item, of which each candidate has the same share."""
        return self._equal(dtype).occurrences(included, dtype, result)

    def mean_weight(self, weights: Array) -> Array:
        """The mean of w over the set."""
        return self._equal(self.ops.dtype_name(weights)).mean_weight(weights)

    def loss(self, term: Term, rows: Any) -> Array:
        """penalty(−log p) of the set."""
        return term.penalty(self.ops.xp, rows.among(self.candidates))

    def gradient(self, term: Term, rows: Any, scale: Array, into: Array | None = None) -> Array:
        """The slope of the set, pulled back."""
        del into
        surprisal = rows.among(self.candidates)
        return rows.vjp_among(_steep(scale, term.slope(self.ops.xp, surprisal)))
