"""Target mass: how much of an item belongs to each class, in its four representations.

``Index`` is a class per item (mass 1), ``Dense`` a row of masses, ``Pair`` the two masses of a
binary item, ``Label`` one that is all on one of the two. Item arrays have the rank of the
predictions, the class axis with length 1. Each knows how to weigh, smooth and score itself, so
nothing else asks which one it has.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from .links import BinaryRows, CategoricalRows, ClosedBinary, ClosedCategorical, ClosedLogits
from .numerics import along, divide_or, product_of_powers, total
from .terms import Term
from .types import Array, Smoothing

if TYPE_CHECKING:
    from .backend import Backend


class Mass(Protocol):
    """The mass of a block of items."""

    def total(self) -> Array:
        """M = Σ_k q_k, the items' full shape."""
        ...

    def smoothed(self, epsilon: float, rule: Smoothing) -> Mass:
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

    def loss(self, term: Term, rows: Any) -> Array:
        """Σ_k q_k·penalty(−log p_k)."""
        ...

    def gradient(self, term: Term, rows: Any, scale: Array, into: Array | None = None) -> Array:
        """scale · ∂loss / ∂predictions, in closed form; perhaps written to ``into``.

        ``scale`` has the dtype of the mass; only its product with the mass is narrowed.
        """
        ...


class SharedMass(Mass, Protocol):
    """Mass on more than one class, which class weights can weigh class by class."""

    def weighted(self, weights: Any) -> SharedMass:
        """w_k·q_k."""
        ...

    def scaled(self, by: Array) -> SharedMass:
        """All of it times a number."""
        ...


class CategoricalMass(Mass, Protocol):
    """Mass over C classes, which alone has a predicted class."""

    def expected_cost(self, costs: Array, predicted: Array, dtype: str) -> Array:
        """Σ_k r_k·A[k, predicted] in ``dtype``; A is looked up in its own dtype."""
        ...


def _steep(scale: Array, slope: Array | float) -> Array:
    """The product, without a visit for a slope that is 1 everywhere."""
    return scale if isinstance(slope, float) and slope == 1.0 else slope * scale


def _beside(be: Backend, mass: Array, value: Array) -> Array:
    """The value in the dtype of the mass that it meets."""
    return be.cast(value, be.dtype_name(mass))


def _slopes(
    be: Backend, mass: Array, scale: Array, slope: Array | float, surprisals: Array
) -> Array:
    """mass · scale · slope, multiplied in the dtype of the mass, then in that of the surprisals."""
    if not isinstance(slope, float):
        slope = _beside(be, mass, slope)
    return be.cast(mass * _steep(scale, slope), be.dtype_name(surprisals))


def _power(be: Backend, weight: Array, share: Array) -> Array:
    """weight ** share, 0⁰ = 1, also in the derivative.

    The derivative to a weight of 0 of a class that has a part of the mass is infinite. It is given
    as 0, since whatever else is 0 in the product would make NaN of it.
    """
    xp = be.xp
    flat = (weight == 0) & (share != 1)
    return xp.where(flat & (share > 0), 0.0, xp.pow(xp.where(flat, 1.0, weight), share))


class Index(NamedTuple):
    """Mass 1 on one class of each item. ``index`` has the class axis with length 1."""

    be: Backend
    index: Array
    axis: int
    classes: int
    dtype: str

    def total(self) -> Array:
        """1."""
        return self.be.xp.ones_like(self.index, dtype=self.be.dtype(self.dtype))

    def smoothed(self, epsilon: float, rule: Smoothing) -> Mass:
        """(1 − ε) on the class and ε spread; a row of masses that lives in the block only."""
        return self._row().smoothed(epsilon, rule)

    def _row(self) -> Dense:
        xp, be = self.be.xp, self.be
        classes = along(xp, be.arange(self.classes, self.index), self.axis, self.index.ndim)
        return Dense(be, be.cast(classes == self.index, self.dtype), self.axis)

    def mean_weight(self, weights: Array) -> Array:
        """w at the class: the share there is 1."""
        return self.be.lookup(weights, self.index, self.axis)

    def geometric_weight(self, weights: Array) -> Array:
        """w at the class."""
        return self.mean_weight(weights)

    def largest_share_weight(self, weights: Array) -> Array:
        """w at the class."""
        return self.mean_weight(weights)

    def expected_cost(self, costs: Array, predicted: Array, dtype: str) -> Array:
        """A[index, predicted]."""
        xp = self.be.xp
        cell = xp.reshape(self.index * self.classes + predicted, (-1,))
        found = xp.take(xp.reshape(costs, (-1,)), cell, axis=0)
        return self.be.cast(xp.reshape(found, self.be.sizes(self.index)), dtype)

    def loss(self, term: Term, rows: CategoricalRows) -> Array:
        """penalty(−log p) at the class."""
        return term.penalty(self.be.xp, rows.at(self.index))

    def gradient(
        self, term: Term, rows: ClosedCategorical, scale: Array, into: Array | None = None
    ) -> Array:
        """The slope at the class, pulled back."""
        slope = _steep(scale, term.slope(self.be.xp, rows.at(self.index)))
        return rows.pull_at(self.index, slope, into)


class Dense(NamedTuple):
    """A row of masses along ``axis``."""

    be: Backend
    mass: Array
    axis: int

    def total(self) -> Array:
        """Σ_k q_k."""
        return total(self.be.xp, self.mass, self.axis)

    def smoothed(self, epsilon: float, rule: Smoothing) -> Dense:
        """Uniform: (1−ε)·q + ε·M/C. Others: (1−ε)·q + ε·(M − q)/(C−1)."""
        classes, whole = self.mass.shape[self.axis], self.total()
        if rule == "others":
            spread = (whole - self.mass) * (epsilon / (classes - 1))
        else:
            spread = whole * (epsilon / classes)
        return self._replace(mass=(1.0 - epsilon) * self.mass + spread)

    def weighted(self, weights: Array) -> Dense:
        """w_k·q_k."""
        return self._replace(mass=self.be.cast(weights, self.be.dtype_name(self.mass)) * self.mass)

    def scaled(self, by: Array) -> Dense:
        """All of it times a number."""
        return self._replace(mass=self.mass * by)

    def _shares(self, like: Array) -> Array:
        mass = self.be.cast(self.mass, self.be.dtype_name(like))
        return divide_or(self.be.xp, mass, total(self.be.xp, mass, self.axis), 0.0)

    def mean_weight(self, weights: Array) -> Array:
        """Σ_k r_k·w_k."""
        return total(self.be.xp, self._shares(weights) * weights, self.axis)

    def geometric_weight(self, weights: Array) -> Array:
        """Π_k w_k^{r_k}."""
        power, shares = partial(_power, self.be), self._shares(weights)
        return product_of_powers(self.be, weights, shares, self.axis, power)

    def largest_share_weight(self, weights: Array) -> Array:
        """w at argmax_k r_k."""
        xp = self.be.xp
        top = self.be.argmax(self.mass, self.axis)
        chosen = along(
            xp, self.be.arange(self.mass.shape[self.axis], top), self.axis, self.mass.ndim
        )
        return total(xp, xp.where(chosen == top, weights, 0.0), self.axis)

    def expected_cost(self, costs: Array, predicted: Array, dtype: str) -> Array:
        """Σ_k r_k·A[k, predicted]."""
        xp, axis = self.be.xp, self.axis
        flat = (-1, self.mass.shape[axis])
        columns = xp.take(costs, xp.reshape(predicted, (-1,)), axis=1)
        laid = self.be.cast(xp.permute_dims(columns, (1, 0)), dtype)
        shares = xp.reshape(xp.moveaxis(self._shares(laid), axis, -1), flat)
        return xp.reshape(xp.sum(shares * laid, axis=-1), self.be.sizes(predicted))

    def loss(self, term: Term, rows: CategoricalRows) -> Array:
        """Σ_k q_k·penalty(−log p_k)."""
        xp = self.be.xp
        penalties = _beside(self.be, self.mass, term.penalty(xp, rows.every(self.mass)))
        return total(xp, self.be.times(self.mass, penalties), self.axis)

    def gradient(
        self, term: Term, rows: ClosedCategorical, scale: Array, into: Array | None = None
    ) -> Array:
        """All slopes, pulled back."""
        surprisals = rows.every(self.mass)
        slopes = term.slope(self.be.xp, surprisals)
        return rows.pull(_slopes(self.be, self.mass, scale, slopes, surprisals), into)


class Pair(NamedTuple):
    """The masses y of class 1 and 1 − y of class 0. Weights are (w₀, w₁); w₀ None is 1."""

    be: Backend
    one: Array
    zero: Array

    def total(self) -> Array:
        """Σ of both."""
        return self.one + self.zero

    def smoothed(self, epsilon: float, rule: Smoothing) -> Pair:
        """y ← (1−ε)·y + ε/2."""
        del rule
        half = epsilon / 2.0
        keep = 1.0 - epsilon
        return self._replace(one=keep * self.one + half, zero=keep * self.zero + half)

    def weighted(self, weights: tuple[Array | None, Array]) -> Pair:
        """(w₀·(1 − y), w₁·y)."""
        be, dtype = self.be, self.be.dtype_name(self.one)
        one = be.cast(weights[1], dtype) * self.one
        if weights[0] is None:
            return self._replace(one=one)
        return self._replace(one=one, zero=be.cast(weights[0], dtype) * self.zero)

    def scaled(self, by: Array) -> Pair:
        """All of it times a number."""
        return self._replace(one=self.one * by, zero=self.zero * by)

    def mean_weight(self, weights: tuple[Array | None, Array]) -> Array:
        """w₀·(1 − y) + w₁·y."""
        zero, one = self._shares(weights[1])
        return (zero if weights[0] is None else weights[0] * zero) + weights[1] * one

    def geometric_weight(self, weights: tuple[Array | None, Array]) -> Array:
        """w₀^(1−y)·w₁^y."""
        zero, one = self._shares(weights[1])
        power = _power(self.be, weights[1], one)
        return power if weights[0] is None else _power(self.be, weights[0], zero) * power

    def _shares(self, like: Array) -> tuple[Array, Array]:
        be, dtype = self.be, self.be.dtype_name(like)
        return be.cast(self.zero, dtype), be.cast(self.one, dtype)

    def largest_share_weight(self, weights: tuple[Array | None, Array]) -> Array:
        """w₁ where y > ½, else w₀."""
        zero = 1.0 if weights[0] is None else weights[0]
        return self.be.xp.where(self.one > self.zero, weights[1], zero)

    def loss(self, term: Term, rows: BinaryRows) -> Array:
        """Both masses times their penalties."""
        be, (one, zero) = self.be, rows.pair(self.one, self.zero)
        one = _beside(be, self.one, term.penalty(be.xp, one))
        zero = _beside(be, self.zero, term.penalty(be.xp, zero))
        return be.times(self.one, one, self.zero, zero)

    def gradient(
        self, term: Term, rows: ClosedBinary, scale: Array, into: Array | None = None
    ) -> Array:
        """Both slopes, pulled back."""
        be, (one, zero) = self.be, rows.pair(self.one, self.zero)
        slope_one = _slopes(be, self.one, scale, term.slope(be.xp, one), one)
        slope_zero = _slopes(be, self.zero, scale, term.slope(be.xp, zero), zero)
        return rows.pull_pair(slope_one, slope_zero, into)


class Label(NamedTuple):
    """All mass of a binary item on one class: y is 0 or 1. For closed forms of symmetric links."""

    be: Backend
    one: Array
    zero: Array
    sign: Array
    """1 where the class is 0, −1 where it is 1."""
    amount: Array | None = None
    """The mass, as class weights have made it. None: 1."""

    def _pair(self) -> Pair:
        return Pair(self.be, self.one, self.zero)

    def total(self) -> Array:
        """The mass."""
        return self.be.xp.ones_like(self.one) if self.amount is None else self.amount

    def smoothed(self, epsilon: float, rule: Smoothing) -> Pair:
        """No label any more."""
        return self._pair().smoothed(epsilon, rule)

    def weighted(self, weights: tuple[Array | None, Array]) -> Label:
        """w at the class."""
        return self._replace(amount=self._pair().weighted(weights).total())

    def scaled(self, by: Array) -> Label:
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
        penalty = term.penalty(self.be.xp, rows.at(self.sign))
        if self.amount is None:
            return penalty
        return self.be.times(self.amount, _beside(self.be, self.amount, penalty))

    def gradient(
        self, term: Term, rows: ClosedLogits, scale: Array, into: Array | None = None
    ) -> Array:
        """The slope at the class, pulled back."""
        be, surprisals = self.be, rows.at(self.sign)
        slope = term.slope(be.xp, surprisals)
        if self.amount is None:
            steep = self.sign * _steep(_beside(be, self.sign, scale), slope)
        else:
            steep = _slopes(be, self.amount, scale, slope, surprisals)
            steep = be.over(be.xp.multiply, steep, self.sign)
        return rows.pull_at(self.sign, steep, into)
