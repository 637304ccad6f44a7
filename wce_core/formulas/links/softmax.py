"""Logits of C classes: log p_k = x_k − log Σ_j exp(x_j)."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import ClassVar

from wce_core.arrays.cancellation import snapped, sum_of_others
from wce_core.arrays.chance import Chance
from wce_core.arrays.numerics import total
from wce_core.arrays.ops import ArrayOps
from wce_core.types import Array


class SoftmaxRows:
    """Everything is measured from the row's largest logit ``x_a``.

    With d_k = x_k − x_a and R = Σ_{j≠a} exp(d_j): log p_k = d_k − log1p(R). Confident rows keep
    their last bits because R never swallows the 1 of the largest class, and a shared offset
    cancels exactly. The difference is taken of ``x_a`` itself, not of a constant, so autodiff of
    this form gives −Σ_{j≠a} p_j at the largest class, never p_a − 1. ``narrowed``: float64 losses
    of float32 logits, which will be rounded to float32.
    """

    def __init__(
        self, ops: ArrayOps, predictions: Array, axis: int, *, narrowed: bool = False
    ) -> None:
        self.ops, self.axis, self.narrowed = ops, axis, narrowed
        xp = ops.xp
        self.top, self.largest = top, largest = ops.argmax_and_max(predictions, axis)
        # A largest logit of ±inf or NaN leaves no distribution: NaN, in this row alone.
        level = xp.where(xp.isfinite(largest), 0.0, xp.nan * xp.ones_like(largest))
        # Constant at the top: x_a − x_a would give autodiff two terms of size 1 that must cancel.
        self.shifted = ops.put_along_axis(predictions - (largest + level), top, level, axis)
        others = ops.put_along_axis(xp.exp(self.shifted), top, xp.zeros_like(level), axis)
        self.rest = total(xp, others, axis)
        self.log_sum = xp.log1p(self.rest)

    def at(self, index: Array) -> Array:
        """−log p of class ``index`` of each row."""
        difference = self.ops.take_along_axis(self.shifted, index, self.axis)
        return _sum(self.ops, self.log_sum, difference, self.narrowed)

    def every(self, mass: Array) -> Array:
        """−log p of every class."""
        del mass
        return self.log_sum - self.shifted


def _sum(ops: ArrayOps, log_sum: Array, difference: Array, narrowed: bool) -> Array:
    """log Σ e^d less d; ``narrowed``: with an odd last bit where nothing is left of the first.

    Of logits tens apart the difference is often the middle of two float32 numbers. What float64 has
    no digits for says then which of them is nearer (rounding to odd: S. Boldo and G. Melquiond,
    "Emulation of FMA and correctly rounded sums", IEEE TC 57(4), 2008).
    """
    surprisal = log_sum - difference
    if not narrowed:
        return surprisal
    found = ops.constant(surprisal)
    lost = (log_sum > 0) & (found == 0.0 - difference) & (found < inf)
    odd = ops.from_bits(ops.bits(found) | 1)
    return surprisal + ops.xp.where(lost, odd - found, 0.0)


class ClosedSoftmax:
    """The same R from the sum of all exponentials, with no search for the largest logit's place.

    A largest logit of ±inf or NaN makes x_a − x_a, and with it all of the row, NaN.
    """

    def __init__(
        self, ops: ArrayOps, predictions: Array, axis: int, *, narrowed: bool = False
    ) -> None:
        self.ops, self.axis, self.predictions, self.narrowed = ops, axis, predictions, narrowed
        found = ops.softmax_sums(predictions, axis)
        self.largest, self.exp, self.whole, self.rest = found
        self.log_sum = ops.log1p(self.rest)
        self.difference: Array = None
        self.surprisal: Array = None
        self.known: Chance | None = None

    def at(self, index: Array) -> Array:
        """−log p of class ``index`` of each row."""
        if self.surprisal is None:
            self.difference = (
                self.ops.take_along_axis(self.predictions, index, self.axis) - self.largest
            )
            self.surprisal = _sum(self.ops, self.log_sum, self.difference, self.narrowed)
        return self.surprisal

    def every(self, mass: Array) -> Array:
        """−log p of every class."""
        del mass
        if self.surprisal is None:
            self.surprisal = self.log_sum - (self.predictions - self.largest)
        return self.surprisal

    def chance_of(self, surprisal: Array) -> Chance:
        """p and 1 − p of the classes whose surprisal :meth:`at` or :meth:`every` gave."""
        del surprisal
        if self.known is None:
            own = self.exp if self.difference is None else self.ops.xp.exp(self.difference)
            self.known = Chance(own / self.whole, (self.rest + (1.0 - own)) / self.whole)
        return self.known

    def vjp_at(self, index: Array, slope: Array, into: Array | None = None) -> Array:
        """slope·p_j for j ≠ index, −slope·(1 − p_index) there, formed without cancelling."""
        share = slope / self.whole
        others = (self.ops.xp.exp(self.difference) - 1.0) - self.rest
        return self.ops.scaled(self.exp, share, index, share * others, self.axis, into)

    def vjp(self, slopes: Array, into: Array | None = None) -> Array:
        """p_j·Σ_{k≠j} d_k − d_j·(1 − p_j); exactly 0 where the two differ by rounding alone.

        Uniform logits under a uniform target have gradient 0, and which last bit a framework
        leaves there depends on its fused multiply-adds.
        """
        del into
        ops, axis = self.ops, self.axis
        steepest, _ = ops.argmax_and_max(ops.xp.abs(slopes), axis)
        p, rest = self.chance_of(slopes)
        own = slopes * rest
        return snapped(ops, p * sum_of_others(ops, slopes, axis, steepest), own)

    def curve(self, slopes: Array, bends: Array | None) -> Array:
        """p_j·(1 − p_j)·Σ_k d_k, and (1 − p_j)²·b_j + p_j²·Σ_{k≠j} b_k."""
        ops, axis = self.ops, self.axis
        p, rest = self.exp / self.whole, (self.rest + (1.0 - self.exp)) / self.whole
        curved = p * rest * total(ops.xp, slopes, axis)
        if bends is None:
            return curved
        steepest, _ = ops.argmax_and_max(ops.xp.abs(bends), axis)
        return curved + (rest * rest * bends + p * p * sum_of_others(ops, bends, axis, steepest))


@dataclass(frozen=True)
class Softmax:
    """Link of multi-class logits; ``narrowed``: of float32, whose losses are rounded to it."""

    narrowed: bool = False
    neutral: float = 0.0
    curves: ClassVar[bool] = True

    def rows(
        self, ops: ArrayOps, predictions: Array, axis: int, silent: Array | None = None
    ) -> SoftmaxRows:
        """The rows of ``predictions`` along ``axis``, differentiable: no slope is infinite."""
        del silent
        return SoftmaxRows(ops, predictions, axis, narrowed=self.narrowed)

    def closed(self, ops: ArrayOps, predictions: Array, axis: int) -> ClosedSoftmax:
        """The same with the way back, not differentiable."""
        return ClosedSoftmax(ops, predictions, axis, narrowed=self.narrowed)
