"""Targets of binary items: the masses of their two classes, or all of it on one of them."""

from __future__ import annotations

from typing import NamedTuple

from wce_core.arrays.ops import ArrayOps
from wce_core.formulas.links import (
    BinaryRows,
    ClosedBinary,
    ClosedLogits,
    CurvedBinary,
)
from wce_core.formulas.targets.base import _bent, _beside, _finite, _power, _slopes, _steep
from wce_core.formulas.terms import AnyTerm, Term, penalty_of, sides, slope_of
from wce_core.types import Array, Smoothing


class BinaryTargets(NamedTuple):
    """The masses y of class 1 and 1 − y of class 0. Weights are (w₀, w₁); w₀ None is 1."""

    ops: ArrayOps
    one: Array
    zero: Array
    silent: Array | None = None

    def total(self) -> Array:
        """Σ of both."""
        return self.one + self.zero

    def occurrences(self, included: Array | None, dtype: str, result: str) -> Array:
        """Σ(1 − y) and Σy over items."""
        ops, xp = self.ops, self.ops.xp
        masses = (ops.cast(self.zero, dtype), ops.cast(self.one, dtype))
        if included is not None:
            masses = (xp.where(included, masses[0], 0.0), xp.where(included, masses[1], 0.0))
        return xp.stack([ops.total(each, dtype, result) for each in masses])

    def smoothed(self, epsilon: float, rule: Smoothing) -> BinaryTargets:
        """y ← (1−ε)·y + ε/2."""
        del rule
        half = epsilon / 2.0
        keep = 1.0 - epsilon
        return self._replace(one=keep * self.one + half, zero=keep * self.zero + half)

    def weighted(self, weights: tuple[Array | None, Array]) -> BinaryTargets:
        """(w₀·(1 − y), w₁·y)."""
        ops, dtype = self.ops, self.ops.dtype_name(self.one)
        one = ops.cast(weights[1], dtype) * self.one
        if weights[0] is None:
            return self._replace(one=one)
        return self._replace(one=one, zero=ops.cast(weights[0], dtype) * self.zero)

    def scaled(self, by: Array) -> BinaryTargets:
        """All of it times a number."""
        return self._replace(one=self.one * by, zero=self.zero * by)

    def silenced(self, items: Array) -> BinaryTargets:
        """No derivative of these items to the mass of an infinite loss."""
        return self._replace(silent=items)

    def mean_weight(self, weights: tuple[Array | None, Array]) -> Array:
        """w₀·(1 − y) + w₁·y."""
        zero, one = self._shares(weights[1])
        return (zero if weights[0] is None else weights[0] * zero) + weights[1] * one

    def geometric_weight(self, weights: tuple[Array | None, Array]) -> Array:
        """w₀^(1−y)·w₁^y."""
        zero, one = self._shares(weights[1])
        power = _power(self.ops, weights[1], one)
        return power if weights[0] is None else _power(self.ops, weights[0], zero) * power

    def _shares(self, like: Array) -> tuple[Array, Array]:
        ops, dtype = self.ops, self.ops.dtype_name(like)
        return ops.cast(self.zero, dtype), ops.cast(self.one, dtype)

    def largest_share_weight(self, weights: tuple[Array | None, Array]) -> Array:
        """w₁ where y > ½, else w₀."""
        zero = 1.0 if weights[0] is None else weights[0]
        return self.ops.xp.where(self.one > self.zero, weights[1], zero)

    def loss(self, term: AnyTerm, rows: BinaryRows) -> Array:
        """Both masses times their penalties."""
        ops, own, (one, zero) = self.ops, sides(term), rows.pair(self.one, self.zero)
        one = _beside(ops, self.one, penalty_of(ops, own.one, rows, one))
        zero = _beside(ops, self.zero, penalty_of(ops, own.zero, rows, zero))
        mass_one = _finite(ops, self.one, one, self.silent)
        mass_zero = _finite(ops, self.zero, zero, self.silent)
        return ops.times(mass_one, one, mass_zero, zero)

    def gradient(
        self, term: AnyTerm, rows: ClosedBinary, scale: Array, into: Array | None = None
    ) -> Array:
        """Both slopes, pulled back."""
        ops, own, (one, zero) = self.ops, sides(term), rows.pair(self.one, self.zero)
        slope_one = _slopes(ops, self.one, scale, slope_of(ops, own.one, rows, one), one)
        slope_zero = _slopes(ops, self.zero, scale, slope_of(ops, own.zero, rows, zero), zero)
        return rows.vjp_pair(slope_one, slope_zero, into)

    def curvature(
        self, term: AnyTerm, rows: CurvedBinary, scale: Array, *, positive: bool
    ) -> Array:
        """Both slopes, and what bends them, curved."""
        masses, terms = (self.one, self.zero), (sides(term).one, sides(term).zero)
        each = zip(masses, terms, rows.pair(self.one, self.zero), strict=True)
        bent = [
            _bent(self.ops, mass, scale, own, surprisals, positive=positive)
            for mass, own, surprisals in each
        ]
        (slope_one, bend_one), (slope_zero, bend_zero) = bent
        return rows.curve_pair((slope_one, slope_zero), (bend_one, bend_zero))


class BinaryLabels(NamedTuple):
    """All mass of a binary item on one class: y is 0 or 1. For closed forms of symmetric links."""

    ops: ArrayOps
    one: Array
    zero: Array
    sign: Array
    """1 where the class is 0, −1 where it is 1."""
    amount: Array | None = None
    """The mass, as class weights have made it. None: 1."""

    def _pair(self) -> BinaryTargets:
        return BinaryTargets(self.ops, self.one, self.zero)

    def total(self) -> Array:
        """The mass."""
        return self.ops.xp.ones_like(self.one) if self.amount is None else self.amount

    def occurrences(self, included: Array | None, dtype: str, result: str) -> Array:
        """How many items are of each class."""
        return self._pair().occurrences(included, dtype, result)

    def smoothed(self, epsilon: float, rule: Smoothing) -> BinaryTargets:
        """No label any more."""
        return self._pair().smoothed(epsilon, rule)

    def weighted(self, weights: tuple[Array | None, Array]) -> BinaryLabels:
        """w at the class."""
        return self._replace(amount=self._pair().weighted(weights).total())

    def scaled(self, by: Array) -> BinaryLabels:
        """All of it times a number."""
        return self._replace(amount=self.total() * by)

    def mean_weight(self, weights: tuple[Array | None, Array]) -> Array:
        """w at the class: the share there is 1."""
        return self._pair().mean_weight(weights)

    def geometric_weight(self, weights: tuple[Array | None, Array]) -> Array:
        """w at the class."""
        return self.mean_weight(weights)

    def largest_share_weight(self, weights: tuple[Array | None, Array]) -> Array:
        """w at the class."""
        return self.mean_weight(weights)

    def loss(self, term: Term, rows: ClosedLogits) -> Array:
        """penalty(−log p) at the class, times the mass."""
        penalty = penalty_of(self.ops, term, rows, rows.at(self.sign))
        if self.amount is None:
            return penalty
        return self.ops.times(self.amount, _beside(self.ops, self.amount, penalty))

    def gradient(
        self, term: Term, rows: ClosedLogits, scale: Array, into: Array | None = None
    ) -> Array:
        """The slope at the class, pulled back."""
        ops, surprisals = self.ops, rows.at(self.sign)
        slope = slope_of(ops, term, rows, surprisals)
        if self.amount is None:
            steep = self._signed(_beside(ops, self.sign, scale), slope)
        else:
            steep = _slopes(ops, self.amount, scale, slope, surprisals)
            steep = ops.in_place(ops.xp.multiply, steep, self.sign)
        return rows.vjp_at(self.sign, steep, into)

    def _signed(self, scale: Array, slope: Array | float) -> Array:
        """The product of all three; an array of slopes is given up."""
        ops, multiply = self.ops, self.ops.xp.multiply
        if isinstance(slope, float):
            return self.sign * _steep(scale, slope)
        return ops.in_place(multiply, ops.in_place(multiply, slope, scale), self.sign)

    def curvature(self, term: Term, rows: CurvedBinary, scale: Array, *, positive: bool) -> Array:
        """That of both masses, one of which is 0."""
        pair = self._pair() if self.amount is None else self._pair().scaled(self.amount)
        return pair.curvature(term, rows, scale, positive=positive)
