"""Logits of two classes: log p₁ = −softplus(−z), log p₀ = −softplus(z)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..numerics import snapped
from ..types import Array

if TYPE_CHECKING:
    from ..backend import Backend


class SigmoidRows:
    """softplus(±z) = max(±z, 0) + log1p(exp(−|z|)).

    Maximum and absolute value are written as selections by the sign of z: at z = 0 the autodiff of
    ``abs`` and ``max`` follows different conventions and can lose the gradient altogether.
    """

    def __init__(self, be: Backend, predictions: Array) -> None:
        xp = be.xp
        positive = predictions >= 0
        log_sum = xp.log1p(xp.exp(xp.where(positive, -predictions, predictions)))
        below = xp.where(positive, 0.0, predictions)
        above = xp.where(positive, predictions, 0.0)
        self.surprisals = log_sum - below, log_sum + above

    def pair(self, one: Array, zero: Array) -> tuple[Array, Array]:
        """(softplus(−z), softplus(z))."""
        del one, zero
        return self.surprisals


class ClosedSigmoid:
    """softplus(±z) = max(±z, 0) + log1p(e), p₁ = 1 / (1 + E) and p₀ = 1 / (1 + 1/E).

    E = exp(−z) and e = min(E, 1/E) = exp(−|z|): one exponential, and no selection by sign, which
    mispredicts a branch at every second element. Where E overflows or underflows, both
    probabilities still round to what they are.
    """

    def __init__(self, be: Backend, predictions: Array) -> None:
        xp = self.xp = be.xp
        self.odds_zero = be.over(xp.exp, -predictions)
        self.odds_one = 1.0 / self.odds_zero
        log_sum = be.over(xp.log1p, xp.minimum(self.odds_zero, self.odds_one))
        nothing = xp.zeros_like(predictions)
        below, above = xp.minimum(predictions, nothing), xp.maximum(predictions, nothing)
        self.surprisals = log_sum - below, log_sum + above

    def pair(self, one: Array, zero: Array) -> tuple[Array, Array]:
        """(softplus(−z), softplus(z))."""
        del one, zero
        return self.surprisals

    def pull_pair(self, slope_one: Array, slope_zero: Array) -> Array:
        """d₀·σ(z) − d₁·σ(−z); exactly 0 where the two differ by rounding alone."""
        xp = self.xp
        one, zero = slope_one / (1.0 + self.odds_one), slope_zero / (1.0 + self.odds_zero)
        return snapped(xp, zero, one)


@dataclass(frozen=True)
class Sigmoid:
    """Link of binary and multi-label logits."""

    neutral: float = 0.0

    def rows(self, be: Backend, predictions: Array) -> SigmoidRows:
        """One item per element of ``predictions``, differentiable."""
        return SigmoidRows(be, predictions)

    def closed(self, be: Backend, predictions: Array) -> ClosedSigmoid:
        """The same with the way back, not differentiable."""
        return ClosedSigmoid(be, predictions)
