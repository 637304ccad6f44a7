"""Dense targets: a row of masses per item."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

from wce_core.arrays.numerics import along, divide_or, total
from wce_core.arrays.ops import ArrayOps
from wce_core.arrays.powers import product_of_powers
from wce_core.formulas.links import ClassRows, ClosedClassRows, CurvedCategorical
from wce_core.formulas.targets.base import _bent, _beside, _finite, _power, _slopes
from wce_core.formulas.terms import Term, penalty_of, slope_of
from wce_core.types import Array, Smoothing


class DenseTargets(NamedTuple):
    """A row of masses along ``axis``."""

    ops: ArrayOps
    mass: Array
    axis: int
    silent: Array | None = None

    def total(self) -> Array:
        """Σ_k q_k."""
        return total(self.ops.xp, self.mass, self.axis)

    def occurrences(self, included: Array | None, dtype: str, result: str) -> Array:
        """Σ q_k over items."""
        xp, mass = self.ops.xp, self.ops.cast(self.mass, dtype)
        mass = mass if included is None else xp.where(included, mass, 0.0)
        rows = xp.reshape(xp.moveaxis(mass, self.axis, 0), (mass.shape[self.axis], -1))
        return self.ops.total(rows, dtype, result, axis=-1)

    def smoothed(self, epsilon: float, rule: Smoothing) -> DenseTargets:
        """Uniform: (1−ε)·q + ε·M/C. Others: (1−ε)·q + ε·(M − q)/(C−1)."""
        classes, whole = self.mass.shape[self.axis], self.total()
        if rule == "others":
            spread = (whole - self.mass) * (epsilon / (classes - 1))
        else:
            spread = whole * (epsilon / classes)
        return self._replace(mass=(1.0 - epsilon) * self.mass + spread)

    def weighted(self, weights: Array) -> DenseTargets:
        """w_k·q_k."""
        return self._replace(
            mass=self.ops.cast(weights, self.ops.dtype_name(self.mass)) * self.mass
        )

    def scaled(self, by: Array) -> DenseTargets:
        """All of it times a number."""
        return self._replace(mass=self.mass * by)

    def silenced(self, items: Array) -> DenseTargets:
        """No derivative of these items to the mass of an infinite loss."""
        return self._replace(silent=items)

    def _shares(self, like: Array) -> Array:
        mass = self.ops.cast(self.mass, self.ops.dtype_name(like))
        return divide_or(self.ops.xp, mass, total(self.ops.xp, mass, self.axis), 0.0)

    def mean_weight(self, weights: Array) -> Array:
        """Σ_k r_k·w_k."""
        return total(self.ops.xp, self._shares(weights) * weights, self.axis)

    def geometric_weight(self, weights: Array) -> Array:
        """Π_k w_k^{r_k}."""
        power, shares = partial(_power, self.ops), self._shares(weights)
        return product_of_powers(self.ops, weights, shares, self.axis, power)

    def largest_share_weight(self, weights: Array) -> Array:
        """w at argmax_k r_k."""
        xp = self.ops.xp
        top = self.ops.argmax(self.mass, self.axis)
        chosen = along(
            xp, self.ops.arange(self.mass.shape[self.axis], top), self.axis, self.mass.ndim
        )
        return total(xp, xp.where(chosen == top, weights, 0.0), self.axis)

    def expected_cost(self, costs: Array, predicted: Array, dtype: str) -> Array:
        """Σ_k r_k·A[k, predicted]."""
        xp, axis = self.ops.xp, self.axis
        flat = (-1, self.mass.shape[axis])
        columns = xp.take(costs, xp.reshape(predicted, (-1,)), axis=1)
        laid = self.ops.cast(xp.permute_dims(columns, (1, 0)), dtype)
        shares = xp.reshape(xp.moveaxis(self._shares(laid), axis, -1), flat)
        return xp.reshape(xp.sum(shares * laid, axis=-1), self.ops.sizes(predicted))

    def loss(self, term: Term, rows: ClassRows) -> Array:
        """Σ_k q_k·penalty(−log p_k)."""
        xp = self.ops.xp
        costs = penalty_of(self.ops, term, rows, rows.every(self.mass))
        penalties = _beside(self.ops, self.mass, costs)
        mass = _finite(self.ops, self.mass, penalties, self.silent)
        return total(xp, self.ops.times(mass, penalties), self.axis)

    def gradient(
        self, term: Term, rows: ClosedClassRows, scale: Array, into: Array | None = None
    ) -> Array:
        """All slopes, pulled back."""
        surprisals = rows.every(self.mass)
        slopes = slope_of(self.ops, term, rows, surprisals)
        return rows.vjp(_slopes(self.ops, self.mass, scale, slopes, surprisals), into)

    def curvature(
        self, term: Term, rows: CurvedCategorical, scale: Array, *, positive: bool
    ) -> Array:
        """All slopes, and what bends them, curved."""
        surprisals = rows.every(self.mass)
        return rows.curve(*_bent(self.ops, self.mass, scale, term, surprisals, positive=positive))
