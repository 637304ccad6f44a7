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
    """For labels, softplus and σ of the logit of the other class.

    For soft targets softplus(±z) = max(±z, 0) + log1p(exp(−|z|)), and both probabilities.
    """

    def __init__(self, be: Backend, predictions: Array) -> None:
        self.be, self.predictions = be, predictions
        self.surprisals: tuple[Array, Array] | None = None
        self.surprisal: Array = None

    def at(self, sign: Array) -> Array:
        """softplus(±z)."""
        if self.surprisal is None:
            self.surprisal, self.state = self.be.softplus(sign * self.predictions)
        return self.surprisal

    def pull_at(self, sign: Array, slope: Array, into: Array | None = None) -> Array:
        """slope·σ(±z)."""
        del sign
        be = self.be
        return be.over(be.xp.multiply, be.sigmoid(self.state), slope, into=into)

    def pair(self, one: Array, zero: Array) -> tuple[Array, Array]:
        """(softplus(−z), softplus(z))."""
        del one, zero
        if self.surprisals is None:
            be, xp, z = self.be, self.be.xp, self.predictions
            log_sum, self.state = be.log_sum(z)
            nothing = xp.zeros_like(z)
            above = be.over(xp.add, xp.maximum(z, nothing), log_sum)
            self.surprisals = log_sum - xp.minimum(z, nothing), above
        return self.surprisals

    def pull_pair(self, slope_one: Array, slope_zero: Array, into: Array | None = None) -> Array:
        """d₀·σ(z) − d₁·σ(−z); in float64, exactly 0 where the two differ by rounding alone."""
        be, multiply = self.be, self.be.xp.multiply
        p_one, p_zero = be.sigmoids(self.state)
        zero, one = be.over(multiply, p_one, slope_zero), be.over(multiply, p_zero, slope_one)
        return snapped(be, zero, one, into)


@dataclass(frozen=True)
class Sigmoid:
    """Link of binary and multi-label logits."""

    neutral: float = 0.0
    symmetric: bool = True

    def rows(self, be: Backend, predictions: Array) -> SigmoidRows:
        """One item per element of ``predictions``, differentiable."""
        return SigmoidRows(be, predictions)

    def closed(self, be: Backend, predictions: Array) -> ClosedSigmoid:
        """The same with the way back, not differentiable."""
        return ClosedSigmoid(be, predictions)
