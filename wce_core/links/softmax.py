"""Logits of C classes: log p_k = x_k − log Σ_j exp(x_j)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..numerics import sum_of_others, total
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
        self.top, largest = be.top(predictions, axis)
        # A largest logit of ±inf or NaN leaves no distribution: NaN, in this row alone.
        level = xp.where(xp.isfinite(largest), 0.0, xp.nan * xp.ones_like(largest))
        # Constant at the top: x_a − x_a would give autodiff two terms of size 1 that must cancel.
        self.shifted = be.put(predictions - (largest + level), self.top, level, axis)
        self.exp = be.put(xp.exp(self.shifted), self.top, xp.zeros_like(level), axis)
        """exp(d_k), but 0 at the top."""
        self.rest = total(xp, self.exp, axis)
        self.log_sum = xp.log1p(self.rest)

    def at(self, index: Array) -> Array:
        """log p of class ``index`` of each row."""
        return self.be.pick(self.shifted, index, self.axis) - self.log_sum

    def every(self, needed: Array) -> Array:
        """log p of every class."""
        del needed
        return self.shifted - self.log_sum

    def pull_at(self, index: Array, slope: Array) -> Array:
        """−slope·p_j for j ≠ index, slope·(1 − p_index) there, formed without cancelling."""
        be, xp, axis, whole = self.be, self.xp, self.axis, 1.0 + self.rest
        share = slope / whole
        others = xp.where(index == self.top, self.rest, whole - be.pick(self.exp, index, axis))
        gradient = be.put(self.exp * -share, self.top, -share, axis)
        return be.put(gradient, index, share * others, axis)

    def pull(self, slopes: Array) -> Array:
        """d_j·(1 − p_j) − p_j·Σ_{k≠j} d_k; exactly 0 where the two differ by rounding alone.

        Uniform logits under a uniform target have gradient 0, and which last bit a framework
        leaves there depends on its fused multiply-adds.
        """
        be, xp, axis, whole = self.be, self.xp, self.axis, 1.0 + self.rest
        steepest, _ = be.top(xp.abs(slopes), axis)
        complement = be.put(whole - self.exp, self.top, self.rest, axis)
        own = slopes * (complement / whole)
        p = be.put(self.exp / whole, self.top, 1.0 / whole, axis)
        gradient = own - p * sum_of_others(be, slopes, axis, steepest)
        noise = 4.0 * float(xp.finfo(gradient.dtype).eps) * xp.abs(own)
        return xp.where(xp.abs(gradient) <= noise, 0.0, gradient)


@dataclass(frozen=True)
class Softmax:
    """Link of multi-class logits."""

    neutral: float = 0.0

    def rows(self, be: Backend, predictions: Array, axis: int) -> SoftmaxRows:
        """The rows of ``predictions`` along ``axis``."""
        return SoftmaxRows(be, predictions, axis)
