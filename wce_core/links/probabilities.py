"""Probabilities: exact logarithms; p = 0 under mass costs +inf."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..numerics import along, bounded
from ..types import Array, Namespace

if TYPE_CHECKING:
    from ..backend import Backend


def _clipped(xp: Namespace, p: Array, clip: float | None) -> Array:
    return p if clip is None else bounded(xp, p, clip, 1.0 - clip)


def _inside(xp: Namespace, p: Array, clip: float | None, gradient: Array) -> Array:
    if clip is None:
        return gradient
    return xp.where((p < clip) | (p > 1.0 - clip), 0.0, gradient)


def _ratio(xp: Namespace, slope: Array, p: Array) -> Array:
    """slope / p with 0 / 0 = 0."""
    return slope / xp.where((slope == 0) & (p == 0), 1.0, p)


class CategoricalProbabilityRows:
    """Rows of probabilities along a class axis, taken as they are: not renormalised."""

    def __init__(self, be: Backend, predictions: Array, axis: int, clip: float | None) -> None:
        self.be, self.xp, self.axis, self.clip = be, be.xp, axis, clip
        self.raw = predictions
        self.p = _clipped(self.xp, predictions, clip)

    def at(self, index: Array) -> Array:
        """log p of class ``index`` of each row."""
        return self.xp.log(self.xp.take_along_axis(self.p, index, axis=self.axis))

    def every(self, needed: Array) -> Array:
        """log p of every class."""
        unused = (self.p == 0) & ~needed
        return self.xp.log(self.xp.where(unused, 1.0, self.p))

    def pull_at(self, index: Array, slope: Array) -> Array:
        """slope / p at ``index``, 0 elsewhere."""
        classes = along(
            self.xp, self.be.arange(self.p.shape[self.axis], index), self.axis, self.p.ndim
        )
        return self.pull(self.xp.where(classes == index, slope, 0.0))

    def pull(self, slopes: Array) -> Array:
        """d_k / p_k; 0 where p is clipped."""
        return _inside(self.xp, self.raw, self.clip, _ratio(self.xp, slopes, self.p))


class BinaryProbabilityRows:
    """The probability of class 1."""

    def __init__(self, be: Backend, predictions: Array, clip: float | None) -> None:
        self.xp, self.clip = be.xp, clip
        self.raw = predictions
        self.p = _clipped(self.xp, predictions, clip)

    def pair(self, needed_one: Array, needed_zero: Array) -> tuple[Array, Array]:
        """(log p, log(1 − p))."""
        xp, p = self.xp, self.p
        one = xp.log(xp.where((p == 0) & ~needed_one, 1.0, p))
        zero = xp.log1p(-xp.where((p == 1) & ~needed_zero, 0.0, p))
        return one, zero

    def pull_pair(self, slope_one: Array, slope_zero: Array) -> Array:
        """d₁ / p − d₀ / (1 − p); 0 where p is clipped."""
        xp, p = self.xp, self.p
        gradient = _ratio(xp, slope_one, p) - _ratio(xp, slope_zero, 1.0 - p)
        return _inside(xp, self.raw, self.clip, gradient)


@dataclass(frozen=True)
class CategoricalProbabilities:
    """Link of multi-class probabilities, bounded to [clip, 1 − clip] first if asked to."""

    clip: float | None = None
    neutral: float = 0.5

    def rows(self, be: Backend, predictions: Array, axis: int) -> CategoricalProbabilityRows:
        """The rows of ``predictions`` along ``axis``."""
        return CategoricalProbabilityRows(be, predictions, axis, self.clip)


@dataclass(frozen=True)
class BinaryProbabilities:
    """Link of the probability of class 1, bounded to [clip, 1 − clip] first if asked to."""

    clip: float | None = None
    neutral: float = 0.5

    def rows(self, be: Backend, predictions: Array) -> BinaryProbabilityRows:
        """One item per element of ``predictions``."""
        return BinaryProbabilityRows(be, predictions, self.clip)
