"""Logits of two classes: log p₁ = −softplus(−z), log p₀ = −softplus(z)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..types import Array

if TYPE_CHECKING:
    from ..backend import Backend


class SigmoidRows:
    """softplus(±z) = max(±z, 0) + log1p(exp(−|z|)).

    Maximum and absolute value are written as selections by the sign of z: at z = 0 the autodiff of
    ``abs`` and ``max`` follows different conventions and can lose the gradient altogether.
    """

    def __init__(self, be: Backend, predictions: Array) -> None:
        xp = self.xp = be.xp
        self.positive = predictions >= 0
        self.small = xp.exp(xp.where(self.positive, -predictions, predictions))
        log_sum = xp.log1p(self.small)
        below = xp.where(self.positive, 0.0, predictions)
        above = xp.where(self.positive, predictions, 0.0)
        self.logs = below - log_sum, -above - log_sum

    def pair(self, needed_one: Array, needed_zero: Array) -> tuple[Array, Array]:
        """(−softplus(−z), −softplus(z))."""
        del needed_one, needed_zero
        return self.logs

    def pull_pair(self, slope_one: Array, slope_zero: Array) -> Array:
        """d₁·σ(−z) − d₀·σ(z); exactly 0 where the two differ by rounding alone."""
        xp = self.xp
        whole = 1.0 + self.small
        p_one = xp.where(self.positive, 1.0, self.small) / whole
        p_zero = xp.where(self.positive, self.small, 1.0) / whole
        own, cross = slope_one * p_zero, slope_zero * p_one
        gradient = own - cross
        noise = 4.0 * float(xp.finfo(gradient.dtype).eps) * xp.abs(own)
        return xp.where(xp.abs(gradient) <= noise, 0.0, gradient)


@dataclass(frozen=True)
class Sigmoid:
    """Link of binary and multi-label logits."""

    neutral: float = 0.0

    def rows(self, be: Backend, predictions: Array) -> SigmoidRows:
        """One item per element of ``predictions``."""
        return SigmoidRows(be, predictions)
