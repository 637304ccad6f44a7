"""Logits of two classes: log p₁ = −softplus(−z), log p₀ = −softplus(z)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from wce_core.arrays.cancellation import snapped
from wce_core.arrays.chance import Chance
from wce_core.arrays.ops import ArrayOps
from wce_core.types import Array

from .base import Silent


class SigmoidRows:
    """softplus(±z) = max(±z, 0) + log1p(exp(−|z|)).

    Maximum and absolute value are written as selections by the sign of z: at z = 0 the autodiff of
    ``abs`` and ``max`` follows different conventions and can lose the gradient altogether.
    """

    def __init__(self, ops: ArrayOps, predictions: Array) -> None:
        xp = ops.xp
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

    def __init__(self, ops: ArrayOps, predictions: Array) -> None:
        self.ops, self.predictions = ops, predictions
        self.surprisals: tuple[Array, Array] | None = None
        self.surprisal: Array = None
        self.chances: tuple[Array, Array] | None = None

    def at(self, sign: Array) -> Array:
        """softplus(±z)."""
        if self.surprisal is None:
            self.surprisal, self.state = self.ops.softplus(sign * self.predictions)
        return self.surprisal

    def vjp_at(self, sign: Array, slope: Array, into: Array | None = None) -> Array:
        """slope·σ(±z)."""
        del sign
        ops = self.ops
        other = ops.sigmoid(self.state) if self.chances is None else self.chances[0]
        return ops.in_place(ops.xp.multiply, other, slope, into=into)

    def pair(self, one: Array, zero: Array) -> tuple[Array, Array]:
        """(softplus(−z), softplus(z))."""
        del one, zero
        if self.surprisals is None:
            *surprisals, self.state = self.ops.both_softplus(self.predictions)
            self.surprisals = surprisals[0], surprisals[1]
        return self.surprisals

    def chance_of(self, surprisal: Array) -> Chance:
        """p and 1 − p of the class whose surprisal :meth:`at` or :meth:`pair` gave."""
        if self.chances is None:
            paired = self.surprisals is not None
            self.chances = (self.ops.sigmoids if paired else self.ops.both_sigmoids)(self.state)
        above, below = self.chances
        one = self.surprisals is not None and surprisal is self.surprisals[0]
        return Chance(above, below) if one else Chance(below, above)

    def vjp_pair(self, slope_one: Array, slope_zero: Array, into: Array | None = None) -> Array:
        """d₀·σ(z) − d₁·σ(−z); in float64, exactly 0 where the two differ by rounding alone."""
        ops, multiply = self.ops, self.ops.xp.multiply
        p_one, p_zero = ops.sigmoids(self.state) if self.chances is None else self.chances
        zero, one = (
            ops.in_place(multiply, p_one, slope_zero),
            ops.in_place(multiply, p_zero, slope_one),
        )
        return snapped(ops, zero, one, into)

    def curve_pair(
        self, slopes: tuple[Array, Array], bends: tuple[Array | None, Array | None]
    ) -> Array:
        """p·(1 − p)·(d₁ + d₀), and (1 − p)²·b₁ + p²·b₀."""
        one, zero = self.ops.sigmoids(self.state)
        curved = one * zero * (slopes[0] + slopes[1])
        for p, bend in zip((zero, one), bends, strict=True):
            if bend is not None:
                curved = curved + p * p * bend
        return curved


@dataclass(frozen=True)
class Sigmoid:
    """Link of binary and multi-label logits."""

    neutral: float = 0.0
    symmetric: bool = True
    curves: ClassVar[bool] = True

    def rows(self, ops: ArrayOps, predictions: Array, silent: Silent | None = None) -> SigmoidRows:
        """One item per element of ``predictions``, differentiable: no slope is infinite."""
        del silent
        return SigmoidRows(ops, predictions)

    def closed(self, ops: ArrayOps, predictions: Array) -> ClosedSigmoid:
        """The same with the way back, not differentiable."""
        return ClosedSigmoid(ops, predictions)
