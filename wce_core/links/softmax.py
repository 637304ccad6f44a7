"""Logits of C classes: log p_k = x_k − log Σ_j exp(x_j)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..numerics import along, sum_of_others, total
from ..types import Array

if TYPE_CHECKING:
    from ..backend import Backend


class SoftmaxRows:
    """Everything is measured from the row's largest logit ``x_a``.

    With d_k = x_k − x_a and R = Σ_{j≠a} exp(d_j): log p_k = d_k − log1p(R). Confident rows keep
    their last bits because R never swallows the 1 of the largest class, and a shared offset
    cancels exactly. The difference is taken of ``x_a`` itself, not of a constant, so autodiff of
    this form gives −Σ_{j≠a} p_j at the largest class, never p_a − 1.
    """

    def __init__(self, be: Backend, predictions: Array, axis: int) -> None:
        self.be = be
        xp = self.xp = be.xp
        self.axis = axis
        top = be.argmax(predictions, axis)
        largest = be.pick(predictions, top, axis)
        # A largest logit of ±inf or NaN leaves no distribution: NaN, in this row alone.
        level = xp.where(xp.isfinite(largest), 0.0, xp.nan * xp.ones_like(largest))
        classes = be.arange(predictions.shape[axis], top)
        self.classes = along(xp, classes, axis, predictions.ndim)
        self.is_top = self.classes == top
        # Constant at the top: x_a − x_a would give autodiff two terms of size 1 that must cancel.
        self.shifted = xp.where(self.is_top, level, predictions - (largest + level))
        self.exp = xp.exp(self.shifted)
        self.rest = total(xp, xp.where(self.is_top, 0.0, self.exp), axis)
        self.log_sum = xp.log1p(self.rest)

    def at(self, index: Array) -> Array:
        """log p of class ``index`` of each row."""
        return self.be.pick(self.shifted, index, self.axis) - self.log_sum

    def every(self, needed: Array) -> Array:
        """log p of every class."""
        del needed
        return self.shifted - self.log_sum

    def _complement(self) -> Array:
        """S·(1 − p_k) with S = 1 + R, formed without cancelling."""
        return self.xp.where(self.is_top, self.rest, (1.0 + self.rest) - self.exp)

    def pull_at(self, index: Array, slope: Array) -> Array:
        """−slope·p_j for j ≠ index, slope·(1 − p_index) there."""
        share = slope / (1.0 + self.rest)
        complement = self._complement()
        return self.xp.where(self.classes == index, share * complement, -share * self.exp)

    def pull(self, slopes: Array) -> Array:
        """d_j·(1 − p_j) − p_j·Σ_{k≠j} d_k; exactly 0 where the two differ by rounding alone.

        Uniform logits under a uniform target have gradient 0, and which last bit a framework
        leaves there depends on its fused multiply-adds.
        """
        xp, axis = self.xp, self.axis
        steepest = self.be.argmax(xp.abs(slopes), axis)
        others = sum_of_others(xp, slopes, axis, self.classes == steepest)
        whole = 1.0 + self.rest
        own = slopes * (self._complement() / whole)
        cross = (self.exp / whole) * others
        gradient = own - cross
        noise = 4.0 * float(xp.finfo(gradient.dtype).eps) * xp.abs(own)
        return xp.where(xp.abs(gradient) <= noise, 0.0, gradient)


@dataclass(frozen=True)
class Softmax:
    """Link of multi-class logits."""

    neutral: float = 0.0

    def rows(self, be: Backend, predictions: Array, axis: int) -> SoftmaxRows:
        """The rows of ``predictions`` along ``axis``."""
        return SoftmaxRows(be, predictions, axis)
