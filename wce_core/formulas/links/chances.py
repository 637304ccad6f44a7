"""p_k itself, of every class: what :func:`expected_cost` reads, and region losses."""

from __future__ import annotations

from dataclasses import dataclass

from wce_core.arrays.chance import Chance
from wce_core.arrays.missing import of_nan
from wce_core.arrays.numerics import shares, smooth_complement_of_exp
from wce_core.arrays.ops import ArrayOps
from wce_core.types import Array

from .softmax import ClosedSoftmax, SoftmaxRows


class SoftmaxChances(SoftmaxRows):
    """exp(d_k) over (1 + R): each is right to its last digits, however small."""

    def every(self, mass: Array) -> Array:
        """p of every class."""
        del mass
        return self.ops.xp.exp(self.shifted) / (1.0 + self.rest)

    def chances(self) -> Chance:
        """p and 1 − p of every class."""
        own = self.ops.xp.exp(self.shifted)
        return Chance(*shares(self.ops.xp, own, self.rest + (1.0 - own)))


class ClosedSoftmaxChances(ClosedSoftmax):
    """The same with the way back."""

    def every(self, mass: Array) -> Array:
        """p of every class."""
        del mass
        return self.exp / self.whole

    def chances(self) -> Chance:
        """p and 1 − p of every class."""
        return self.chance_of(self.exp)

    def vjp(self, slopes: Array, into: Array | None = None) -> Array:
        """p_j·(d_j·(1 − p_j) − Σ_{k≠j} d_k p_k): as for −log p of slopes −d_k p_k."""
        return super().vjp((0.0 - slopes) * (self.exp / self.whole), into)


def complement(ops: ArrayOps, predictions: Array, *, logarithms: bool) -> Array:
    """1 − p of probabilities, or of log-probabilities."""
    if not logarithms:
        return 1.0 - predictions
    rest = smooth_complement_of_exp(ops.xp, predictions)
    # Rounding may leave a log-probability a few eps above 0: certain, with the slope it has there.
    return ops.xp.where(predictions > 0, rest - ops.constant(rest), rest)


class ChanceRows:
    """Probabilities as they are, or e to the log-probabilities."""

    def __init__(self, ops: ArrayOps, predictions: Array, axis: int, *, logarithms: bool) -> None:
        self.level = of_nan(ops, predictions, axis)
        self.p = ops.xp.exp(predictions) if logarithms else predictions
        self.rest = complement(ops, predictions, logarithms=logarithms)
        self.slope = self.p if logarithms else 1.0

    def every(self, mass: Array) -> Array:
        """p of every class."""
        del mass
        return self.p + self.level

    def chances(self) -> Chance:
        """p and 1 − p of every class."""
        return Chance(self.p + self.level, self.rest + self.level)

    def vjp(self, slopes: Array, into: Array | None = None) -> Array:
        """d_k, or d_k·p_k."""
        del into
        return slopes * self.slope + self.level


@dataclass(frozen=True)
class LogitChances:
    """Link of logits."""

    neutral: float = 0.0
    own: bool = True

    def rows(
        self, ops: ArrayOps, predictions: Array, axis: int, silent: Array | None = None
    ) -> SoftmaxChances:
        """The rows of ``predictions`` along ``axis``, differentiable."""
        del silent
        return SoftmaxChances(ops, predictions, axis)

    def closed(self, ops: ArrayOps, predictions: Array, axis: int) -> ClosedSoftmaxChances:
        """The same with the way back, not differentiable."""
        return ClosedSoftmaxChances(ops, predictions, axis)


@dataclass(frozen=True)
class GivenChances:
    """Link of probabilities, or of log-probabilities."""

    logarithms: bool
    neutral: float = 0.5
    own: bool = True

    def rows(
        self, ops: ArrayOps, predictions: Array, axis: int, silent: Array | None = None
    ) -> ChanceRows:
        """The rows of ``predictions`` along ``axis``."""
        del silent
        # A product, so that autodiff finds NaN at each class of a row that has it at one.
        missing = of_nan(ops, predictions, axis)
        return self.closed(ops, predictions * (1.0 + missing), axis)

    def closed(self, ops: ArrayOps, predictions: Array, axis: int) -> ChanceRows:
        """The same with the way back."""
        return ChanceRows(ops, predictions, axis, logarithms=self.logarithms)
