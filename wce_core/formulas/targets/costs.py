"""Costs of classes: what an item pays for each class, whatever it belongs to."""

from __future__ import annotations

from typing import Any, NamedTuple

from wce_core.arrays.numerics import along
from wce_core.formulas.targets.class_indices import ClassIndices
from wce_core.formulas.targets.dense import DenseTargets
from wce_core.formulas.terms import Term
from wce_core.types import Array


class Costed(NamedTuple):
    """The costs c_j = Σ_t q_t·A[t, j] in the place of the mass q, which still weighs the item."""

    mass: ClassIndices | DenseTargets
    costs: DenseTargets

    def total(self) -> Array:
        """Σ_t q_t."""
        return self.mass.total()

    def for_each(self, factor: Array) -> bool:
        """As the mass says."""
        return isinstance(self.mass, ClassIndices) and self.mass.for_each(factor)

    def scaled(self, by: Array) -> Costed:
        """All of it times a number."""
        mass: Any = self.mass
        return Costed(mass.scaled(by), self.costs.scaled(by))

    def silenced(self, items: Array) -> Costed:
        """No derivative of these items to the costs of an infinite loss."""
        return self._replace(costs=self.costs.silenced(items))

    def loss(self, term: Term, rows: Any) -> Array:
        """Σ_j c_j times what the link reads of class j."""
        return self.costs.loss(term, rows)

    def gradient(self, term: Term, rows: Any, scale: Array, into: Array | None = None) -> Array:
        """All slopes, pulled back."""
        return self.costs.gradient(term, rows, scale, into)


def costed(mass: ClassIndices | DenseTargets, costs: Array, dtype: str, *, own: bool) -> Costed:
    """The costs of items of this mass; ``own``: does the true class pay as well?"""
    row = (_of_index if isinstance(mass, ClassIndices) else _of_mass)(mass, costs, dtype, own)
    return Costed(mass, DenseTargets(mass.ops, row, mass.axis))


def _of_index(mass: Any, costs: Array, dtype: str, own: bool) -> Array:
    """A[t, j]."""
    ops, xp, index = mass.ops, mass.ops.xp, mass.index
    classes = along(xp, ops.arange(mass.classes, index), mass.axis, index.ndim)
    cells = index * mass.classes + classes
    found = xp.take(xp.reshape(costs, (-1,)), xp.reshape(cells, (-1,)), axis=0)
    row = ops.cast(xp.reshape(found, ops.sizes(cells)), dtype)
    return row if own else xp.where(classes == index, 0.0, row)


def _of_mass(mass: Any, costs: Array, dtype: str, own: bool) -> Array:
    """Σ_t q_t·A[t, j]."""
    ops, xp, axis = mass.ops, mass.ops.xp, mass.axis
    matrix = ops.cast(costs, dtype)
    if not own:
        place = ops.arange(mass.mass.shape[axis], ops.cast(costs, ops.index_dtype))
        matrix = xp.where(along(xp, place, 0, 2) == along(xp, place, 1, 2), 0.0, matrix)
    return xp.moveaxis(ops.mixed(xp.moveaxis(mass.mass, axis, -1), matrix), -1, axis)
