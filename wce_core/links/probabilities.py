"""Probabilities: exact logarithms; p = 0 under mass costs +inf."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, log, log1p
from typing import TYPE_CHECKING

from ..numerics import along, log_complement
from ..types import Array, Namespace

if TYPE_CHECKING:
    from ..backend import Backend


def _bounded(
    xp: Namespace, p: Array, clip: float | None, log_p: Array, *, mirrored: bool = False
) -> Array:
    """``log_p``, or the logarithm of the bound that p is clipped to: 1 − clip is never rounded.

    ``mirrored``: the logarithm is that of 1 − p.
    """
    if clip is None:
        return log_p
    low, high = log(clip) if clip else -inf, log1p(-clip)
    if mirrored:
        low, high = high, low
    return xp.where(p < clip, low, xp.where(p > 1.0 - clip, high, log_p))


def _safe(xp: Namespace, p: Array, clip: float | None) -> Array:
    """Clipped probabilities out of the logarithm's way, so that its derivative stays finite."""
    if clip is None:
        return p
    return xp.where((p < clip) | (p > 1.0 - clip), 0.5, p)


def _inside(xp: Namespace, p: Array, clip: float | None, gradient: Array) -> Array:
    """The gradient, 0 where p is clipped."""
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
        self.p = predictions

    def at(self, index: Array) -> Array:
        """log p of class ``index`` of each row."""
        p = self.be.pick(self.p, index, self.axis)
        return _bounded(self.xp, p, self.clip, self.xp.log(_safe(self.xp, p, self.clip)))

    def every(self, needed: Array) -> Array:
        """log p of every class."""
        xp, p = self.xp, _safe(self.xp, self.p, self.clip)
        log_p = xp.log(xp.where((p == 0) & ~needed, 1.0, p))
        return _bounded(xp, self.p, self.clip, log_p)

    def pull_at(self, index: Array, slope: Array) -> Array:
        """slope / p at ``index``, 0 elsewhere."""
        classes = along(
            self.xp, self.be.arange(self.p.shape[self.axis], index), self.axis, self.p.ndim
        )
        return self.pull(self.xp.where(classes == index, slope, 0.0))

    def pull(self, slopes: Array) -> Array:
        """d_k / p_k; 0 where p is clipped."""
        p = _safe(self.xp, self.p, self.clip)
        return _inside(self.xp, self.p, self.clip, _ratio(self.xp, slopes, p))


class BinaryProbabilityRows:
    """The probability of class 1."""

    def __init__(self, be: Backend, predictions: Array, clip: float | None) -> None:
        self.xp, self.clip = be.xp, clip
        self.p = predictions

    def pair(self, needed_one: Array, needed_zero: Array) -> tuple[Array, Array]:
        """(log p, log(1 − p))."""
        xp, p = self.xp, _safe(self.xp, self.p, self.clip)
        one = xp.log(xp.where((p == 0) & ~needed_one, 1.0, p))
        zero = log_complement(xp, xp.where((p == 1) & ~needed_zero, 0.0, p))
        return (
            _bounded(xp, self.p, self.clip, one),
            _bounded(xp, self.p, self.clip, zero, mirrored=True),
        )

    def pull_pair(self, slope_one: Array, slope_zero: Array) -> Array:
        """d₁ / p − d₀ / (1 − p); 0 where p is clipped."""
        xp, p = self.xp, _safe(self.xp, self.p, self.clip)
        gradient = _ratio(xp, slope_one, p) - _ratio(xp, slope_zero, 1.0 - p)
        return _inside(xp, self.p, self.clip, gradient)


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
