"""The contract of targets: how much mass of an item belongs to each class.

Item arrays have the rank of the predictions, the class axis with length 1. Each representation
knows how to weigh, smooth and score itself, so nothing else asks which one it has.
"""

from __future__ import annotations

from math import inf
from typing import Any, Protocol

from wce_core.arrays.ops import ArrayOps
from wce_core.formulas.terms import Bent, Term
from wce_core.types import Array, Smoothing


class Targets(Protocol):
    """The mass of a block of items."""

    def total(self) -> Array:
        """M = Σ_k q_k, the items' full shape."""
        ...

    def occurrences(self, included: Array | None, dtype: str, result: str) -> Array:
        """How much there is of each class in the items that are included.

        Added up in ``dtype``, for a result of another.
        """
        ...

    def smoothed(self, epsilon: float, rule: Smoothing) -> Targets:
        """Label smoothing; M stays."""
        ...

    def mean_weight(self, weights: Any) -> Array:
        """Σ_k r_k·w_k over the shares r = q / M."""
        ...

    def geometric_weight(self, weights: Any) -> Array:
        """Π_k w_k^{r_k}, 0⁰ = 1."""
        ...

    def largest_share_weight(self, weights: Any) -> Array:
        """w of the class with the largest share, ties to the lowest index."""
        ...

    def loss(self, term: Any, rows: Any) -> Array:
        """Σ_k q_k·penalty(−log p_k)."""
        ...

    def gradient(self, term: Any, rows: Any, scale: Array, into: Array | None = None) -> Array:
        """scale · ∂loss / ∂predictions, in closed form; perhaps written to ``into``.

        ``scale`` has the dtype of the mass; only its product with the mass is narrowed.
        """
        ...

    def curvature(self, term: Any, rows: Any, scale: Array, *, positive: bool) -> Array:
        """scale · ∂²loss / ∂predictions², the diagonal; ``positive``: its surrogate."""
        ...


class SoftTargets(Targets, Protocol):
    """Mass on more than one class, which class weights can weigh class by class."""

    def weighted(self, weights: Any) -> SoftTargets:
        """w_k·q_k."""
        ...

    def scaled(self, by: Array) -> SoftTargets:
        """All of it times a number."""
        ...

    def silenced(self, items: Array) -> SoftTargets:
        """The same, of which these items have no derivative to the mass of an infinite loss."""
        ...


class CategoricalTargets(Targets, Protocol):
    """Mass over C classes, which alone has a predicted class."""

    def expected_cost(self, costs: Array, predicted: Array, dtype: str) -> Array:
        """Σ_k r_k·A[k, predicted] in ``dtype``; A is looked up in its own dtype."""
        ...


def _steep(scale: Array, slope: Array | float) -> Array:
    """The product, without a visit for a slope that is 1 everywhere."""
    return scale if isinstance(slope, float) and slope == 1.0 else slope * scale


def _finite(ops: ArrayOps, mass: Array, penalty: Array, silent: Array | None) -> Array:
    """The mass, through which no derivative flows where it is silent under infinite penalty."""
    if silent is None:
        return mass
    lost = silent & (ops.xp.abs(penalty) == inf)
    return ops.xp.where(lost, ops.constant(mass), mass)


def _beside(ops: ArrayOps, mass: Array, value: Array) -> Array:
    """The value in the dtype of the mass that it meets."""
    return ops.cast(value, ops.dtype_name(mass))


def _slopes(
    ops: ArrayOps, mass: Array, scale: Array, slope: Array | float, surprisals: Array
) -> Array:
    """mass · scale · slope, multiplied in the dtype of the mass, then in that of the surprisals."""
    if not isinstance(slope, float):
        slope = _beside(ops, mass, slope)
    return ops.cast(mass * _steep(scale, slope), ops.dtype_name(surprisals))


def _bent(
    ops: ArrayOps, mass: Array, scale: Array, term: Term, surprisals: Array, *, positive: bool
) -> tuple[Array, Array | None]:
    """mass · scale times the term's slope, and its second derivative; ``positive``: not below 0.

    None: 0. A term without second derivatives is taken as straight.
    """
    xp = ops.xp
    bend = term.bend(xp, surprisals) if isinstance(term, Bent) else 0.0
    straight = isinstance(bend, float) and bend == 0.0
    slopes = _slopes(ops, mass, scale, term.slope(xp, surprisals), surprisals)
    bends = None if straight else _slopes(ops, mass, scale, bend, surprisals)
    if not positive:
        return slopes, bends
    return _not_negative(ops, slopes), None if bends is None else _not_negative(ops, bends)


def _not_negative(ops: ArrayOps, array: Array) -> Array:
    return ops.xp.where(array < 0, 0.0, array)


def _power(ops: ArrayOps, weight: Array, share: Array) -> Array:
    """weight ** share, 0⁰ = 1, also in the derivative.

    The derivative to a weight of 0 of a class that has a part of the mass is infinite. It is given
    as 0, since whatever else is 0 in the product would make NaN of it.
    """
    xp = ops.xp
    flat = (weight == 0) & (share != 1)
    return xp.where(flat & (share > 0), 0.0, xp.pow(xp.where(flat, 1.0, weight), share))
