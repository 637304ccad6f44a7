"""p and 1 − p of binary items: what region losses read."""

from __future__ import annotations

from dataclasses import dataclass

from wce_core.arrays.chance import Chance
from wce_core.arrays.ops import ArrayOps
from wce_core.types import Array

from .base import Silent
from .chances import complement


class SigmoidChances:
    """σ(z) and σ(−z), each right to its last digits; by selections, as any sigmoid here."""

    def __init__(self, ops: ArrayOps, predictions: Array) -> None:
        xp = ops.xp
        positive = predictions >= 0
        small = xp.exp(xp.where(positive, -predictions, predictions))
        large = 1.0 / (1.0 + small)
        small = small * large
        self.found = Chance(xp.where(positive, large, small), xp.where(positive, small, large))

    def chances(self) -> Chance:
        """(σ(z), σ(−z))."""
        return self.found


class ClosedSigmoidChances:
    """The same with the way back."""

    def __init__(self, ops: ArrayOps, predictions: Array) -> None:
        self.ops = ops
        self.found = Chance(*ops.both_chances(predictions))

    def chances(self) -> Chance:
        """(σ(z), σ(−z))."""
        return self.found

    def vjp(self, slopes: Array, into: Array | None = None) -> Array:
        """d·p·(1 − p)."""
        ops, multiply = self.ops, self.ops.xp.multiply
        slopes = ops.in_place(multiply, slopes, self.found.p)
        return ops.in_place(multiply, slopes, self.found.rest, into=into)


class GivenBinaryChances:
    """Probabilities as they are, or e to the log-probabilities."""

    def __init__(self, ops: ArrayOps, predictions: Array, *, logarithms: bool) -> None:
        p = ops.xp.exp(predictions) if logarithms else predictions
        self.found = Chance(p, complement(ops, predictions, logarithms=logarithms))
        self.slope = p if logarithms else None

    def chances(self) -> Chance:
        """(p, 1 − p)."""
        return self.found

    def vjp(self, slopes: Array, into: Array | None = None) -> Array:
        """d, or d·p."""
        del into
        return slopes if self.slope is None else slopes * self.slope


@dataclass(frozen=True)
class BinaryLogitChances:
    """Link of logits."""

    neutral: float = 0.0
    symmetric: bool = False

    def rows(
        self, ops: ArrayOps, predictions: Array, silent: Silent | None = None
    ) -> SigmoidChances:
        """One item per element of ``predictions``, differentiable."""
        del silent
        return SigmoidChances(ops, predictions)

    def closed(self, ops: ArrayOps, predictions: Array) -> ClosedSigmoidChances:
        """The same with the way back, not differentiable."""
        return ClosedSigmoidChances(ops, predictions)


@dataclass(frozen=True)
class BinaryGivenChances:
    """Link of probabilities, or of log-probabilities."""

    logarithms: bool
    neutral: float = 0.0
    symmetric: bool = False

    def rows(
        self, ops: ArrayOps, predictions: Array, silent: Silent | None = None
    ) -> GivenBinaryChances:
        """One item per element of ``predictions``, differentiable."""
        del silent
        return GivenBinaryChances(ops, predictions, logarithms=self.logarithms)

    def closed(self, ops: ArrayOps, predictions: Array) -> GivenBinaryChances:
        """The same with the way back."""
        return GivenBinaryChances(ops, predictions, logarithms=self.logarithms)
