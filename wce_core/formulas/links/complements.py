"""−log(1 − p_k), of every class: what :func:`pairwise_cost` reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from wce_core.arrays.cancellation import snapped, sum_of_others
from wce_core.arrays.missing import of_nan
from wce_core.arrays.numerics import along, log_complement, total
from wce_core.arrays.ops import ArrayOps
from wce_core.types import Array

from .base import BinaryLink, BinaryRows, Silent
from .log_probabilities import BinaryLogProbabilities
from .parts import Odds, Part, part_of, shares, whole_logits
from .probabilities import BinaryProbabilities, Probabilities


class SoftmaxComplements:
    """Of logits. With a = argmax x, p_k ≤ ½ for k ≠ a, and 1 − p_k loses nothing.

    1 − p_a is the share of all others, measured from the largest of them: −log(1 − p_a) is right
    where p_a is rounded to 1.
    """

    def __init__(self, ops: ArrayOps, predictions: Array, axis: int) -> None:
        self.ops, self.axis = ops, axis
        xp = ops.xp
        self.top, largest = ops.argmax_and_max(predictions, axis)
        classes = along(xp, ops.arange(predictions.shape[axis], self.top), axis, predictions.ndim)
        self.is_top = classes == self.top
        self.others = part_of(ops, predictions, ~self.is_top, axis)
        certain = Part(largest, xp.ones_like(largest), None, None, None)
        self.odds = Odds.against(self.others, certain)
        # Constant at the top: x_a − x_a would give autodiff two terms of size 1 that must cancel.
        below = xp.where(self.is_top, 0.0, predictions - largest)
        self.exp = xp.where(self.is_top, 0.0, xp.exp(below))
        self.rest = total(xp, self.exp, axis)

    def every(self, mass: Array) -> Array:
        """−log(1 − p) of every class."""
        del mass
        xp = self.ops.xp
        others = 0.0 - log_complement(xp, self.exp / (1.0 + self.rest))
        return xp.where(self.is_top, self.odds.surprisal(xp), others)


class ClosedSoftmaxComplements(SoftmaxComplements):
    """The same with the way back."""

    def vjp(self, slopes: Array, into: Array | None = None) -> Array:
        """d_j·p_j − p_j·Σ_{k≠j} d_k·p_k / (1 − p_k).

        p_j / (1 − p_a) is the share of j among all but a, which needs no division by what may be 0.
        """
        del into
        ops, xp, axis = self.ops, self.ops.xp, self.axis
        certain = self.odds.rest(xp)
        p = xp.where(self.is_top, certain, self.exp / (1.0 + self.rest))
        odds = slopes * self.exp / ((1.0 + self.rest) - self.exp)
        steepest, _ = ops.argmax_and_max(xp.abs(odds), axis)
        at_top = ops.take_along_axis(slopes, self.top, axis) * certain
        cross = p * sum_of_others(ops, odds, axis, steepest)
        cross = cross + at_top * shares(ops, self.others, axis)
        return snapped(ops, slopes * p, cross)


class ComplementRows:
    """Of probabilities and log-probabilities: what a binary link makes of each for class 0."""

    def __init__(self, ops: ArrayOps, predictions: Array, axis: int, rows: BinaryRows) -> None:
        self.xp, self.rows = ops.xp, rows
        self.level = of_nan(ops, predictions, axis)

    def every(self, mass: Array) -> Array:
        """−log(1 − p) of every class that has mass."""
        return self.rows.pair(self.xp.zeros_like(mass), mass)[1] + self.level

    def vjp(self, slopes: Array, into: Array | None = None) -> Array:
        """d_k / (1 − p_k), and times p_k of log-probabilities."""
        del into
        rows: Any = self.rows
        gradient: Array = rows.vjp_pair(self.xp.zeros_like(slopes), slopes)
        return gradient + self.level


@dataclass(frozen=True)
class LogitComplements:
    """Link of logits."""

    neutral: float = 0.0
    own: bool = False

    def rows(
        self, ops: ArrayOps, predictions: Array, axis: int, silent: Array | None = None
    ) -> SoftmaxComplements:
        """The rows of ``predictions`` along ``axis``, differentiable: no slope is infinite."""
        del silent
        return SoftmaxComplements(ops, whole_logits(ops, predictions, axis), axis)

    def closed(self, ops: ArrayOps, predictions: Array, axis: int) -> ClosedSoftmaxComplements:
        """The same with the way back."""
        return ClosedSoftmaxComplements(ops, whole_logits(ops, predictions, axis), axis)


@dataclass(frozen=True)
class GivenComplements:
    """Link of probabilities, or of log-probabilities."""

    link: BinaryLink
    own: bool = False

    @property
    def neutral(self) -> float:
        """That of the link."""
        return self.link.neutral

    def rows(
        self, ops: ArrayOps, predictions: Array, axis: int, silent: Array | None = None
    ) -> ComplementRows:
        """The rows of ``predictions`` along ``axis``."""
        # A product, so that autodiff finds NaN at each class of a row that has it at one.
        given = predictions * (1.0 + of_nan(ops, predictions, axis))
        return ComplementRows(ops, given, axis, self.link.rows(ops, given, Silent(silent, silent)))

    def closed(self, ops: ArrayOps, predictions: Array, axis: int) -> ComplementRows:
        """The same with the way back."""
        return ComplementRows(ops, predictions, axis, self.link.closed(ops, predictions))


COMPLEMENTS_OF_PROBABILITIES = GivenComplements(BinaryProbabilities(Probabilities()))
COMPLEMENTS_OF_LOGARITHMS = GivenComplements(BinaryLogProbabilities())
