"""−log p of a set of candidates, any of which is right: what :func:`any_of_cross_entropy` reads.

Three rules say what the surprisal of a set S is. With a the likeliest candidate, the first of equal
ones, and n the number of candidates:

* ``"marginal"``: −log Σ_{k∈S} p_k.
* ``"max"``: −log p_a, as if a were the target.
* ``"pinned"``: every candidate counts as much as a does. Of softmax that is the cross-entropy of
  mass 1 on each candidate after the logits of all candidates were set to that of a:
  n·log(n + Σ_{k∉S} exp(x_k − x_a)); of probabilities n·log((1 + Σ_{k∈S} (p_a − p_k)) / p_a),
  which is the same.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import inf
from typing import Any

from wce_core.arrays.missing import of_nan
from wce_core.arrays.numerics import along, complement_of_exp, log_of, total
from wce_core.arrays.ops import ArrayOps
from wce_core.types import Array, CandidateRule

from .base import CategoricalLink
from .parts import Odds, part_of, shares, size, whole_logits


def best(ops: ArrayOps, predictions: Array, candidates: Array, axis: int) -> Array:
    """The index of the likeliest candidate, of equal ones the first."""
    xp = ops.xp
    least = float(xp.finfo(predictions.dtype).min)
    # A candidate of −∞ is above a class that is none.
    given = xp.where(predictions < least, least, predictions)
    return ops.argmax(ops.constant(xp.where(candidates, given, -inf)), axis)


def only(ops: ArrayOps, index: Array, classes: int, axis: int) -> Array:
    """Is a class of a row that of ``index``?"""
    return along(ops.xp, ops.arange(classes, index), axis, index.ndim) == index


class Sets(ABC):
    """Rows of which a set of classes is read, once."""

    def __init__(
        self,
        ops: ArrayOps,
        predictions: Array,
        axis: int,
        rule: CandidateRule,
        silent: Array | None = None,
    ) -> None:
        self.ops, self.predictions, self.axis, self.rule = ops, predictions, axis, rule
        self.silent, self.surprisal = silent, None

    def among(self, candidates: Array) -> Array:
        """−log p of the set."""
        if self.surprisal is None:
            self.index = best(self.ops, self.predictions, candidates, self.axis)
            self.number = size(self.ops, candidates, self.axis, self.predictions)
            read = self._marginal if self.rule == "marginal" else self._pinned
            self.surprisal = read(candidates)
        return self.surprisal

    def _without_best(self, own: Array) -> Array:
        """The sum of a row, its likeliest candidate left out."""
        ops, axis = self.ops, self.axis
        zero = ops.xp.zeros_like(ops.take_along_axis(own, self.index, axis))
        return total(ops.xp, ops.put_along_axis(own + 0.0, self.index, zero, axis), axis)

    @abstractmethod
    def _marginal(self, candidates: Array) -> Array: ...

    @abstractmethod
    def _pinned(self, candidates: Array) -> Array: ...

    @abstractmethod
    def vjp_among(self, slope: Array) -> Array:
        """Gradient to the predictions, given ∂ℓ/∂(−log p) of the set."""


class SoftmaxSets(Sets):
    """Of logits: the candidates against all others, each part measured from its own largest."""

    def _marginal(self, candidates: Array) -> Array:
        self.others = part_of(self.ops, self.predictions, ~candidates, self.axis)
        self.own = part_of(self.ops, self.predictions, candidates, self.axis)
        self.odds = Odds.against(self.own, self.others)
        return self.odds.surprisal(self.ops.xp)

    def _pinned(self, candidates: Array) -> Array:
        ops, xp = self.ops, self.ops.xp
        self.others = part_of(ops, self.predictions, ~candidates, self.axis)
        pinned = ops.take_along_axis(self.predictions, self.index, self.axis)
        pinned = xp.where(pinned == inf, xp.nan, pinned)  # which leaves no distribution
        self.odds = Odds(self.others.level - pinned, self.others.sum / self.number)
        return self.number * (xp.log(self.number) + self.odds.surprisal(xp))

    def vjp_among(self, slope: Array) -> Array:
        """slope·(1 − p_S)·(the shares of the others, less those of the candidates)."""
        ops, axis = self.ops, self.axis
        steep = slope * self.odds.rest(ops.xp)
        others = shares(ops, self.others, axis)
        if self.rule == "marginal":
            return steep * (others - shares(ops, self.own, axis))
        steep = steep * self.number
        return ops.put_along_axis(steep * others, self.index, 0.0 - steep, axis)


class LogProbabilitySets(Sets):
    """Of log-probabilities, which are taken as they are: no other class is read."""

    def _marginal(self, candidates: Array) -> Array:
        self.own = part_of(self.ops, self.predictions, candidates, self.axis)
        return self._level() - (self.own.level + self.ops.xp.log(self.own.sum))

    def _pinned(self, candidates: Array) -> Array:
        ops, xp = self.ops, self.ops.xp
        log_p = ops.take_along_axis(self.predictions, self.index, self.axis)
        below = xp.where(candidates & (log_p != -inf), self.predictions - log_p, 0.0)
        gap = total(xp, xp.exp(log_p) * complement_of_exp(xp, below), self.axis)
        self.candidates, self.whole = candidates, 1.0 + gap
        return self._level() + self.number * (xp.log1p(gap) - log_p)

    def _level(self) -> Array:
        return of_nan(self.ops, self.predictions, self.axis)

    def vjp_among(self, slope: Array) -> Array:
        """Marginal: −slope times the shares of the candidates.

        Pinned: −n·slope·p_k / (1 + gap), with 1 − Σ p of all other candidates in the place of p_a.
        """
        ops, xp, axis = self.ops, self.ops.xp, self.axis
        if self.rule == "marginal":
            return self._level() - slope * shares(ops, self.own, axis)
        steep = self.number * slope / self.whole
        p = xp.where(self.candidates, xp.exp(self.predictions), 0.0)
        at_best = steep * (1.0 - self._without_best(p))
        return self._level() - ops.put_along_axis(steep * p, self.index, at_best, axis)


class ProbabilitySets(Sets):
    """Of probabilities, which are taken as they are: no other class is read."""

    def _marginal(self, candidates: Array) -> Array:
        self._read(candidates)
        excess = self.others - (1.0 - self.p)
        return self._level() - log_of(self.ops.xp, self.p + self.others, excess)

    def _pinned(self, candidates: Array) -> Array:
        xp, own = self.ops.xp, self._read(candidates)
        gap = total(xp, xp.where(candidates, self.p - own, 0.0), self.axis)
        self.whole = 1.0 + gap
        log_p = log_of(xp, self.p, self.p - 1.0)
        return self._level() + self.number * (xp.log1p(gap) - log_p)

    def _read(self, candidates: Array) -> Array:
        ops, xp, axis = self.ops, self.ops.xp, self.axis
        own = xp.where(candidates, self.predictions, 0.0)
        if self.silent is not None:  # log 0, of which nothing is asked, has no slope
            none = total(xp, ops.constant(own), axis) == 0
            own = xp.where(self.silent & none, ops.constant(own), own)
        self.candidates, self.p = candidates, ops.take_along_axis(own, self.index, axis)
        self.others = self._without_best(own)
        return own

    def _level(self) -> Array:
        return of_nan(self.ops, self.predictions, self.axis)

    def vjp_among(self, slope: Array) -> Array:
        """Marginal: −slope / p_S.

        Pinned: −n·slope / (1 + gap), and at a that times (1 − Σ p of all other candidates) / p_a.
        """
        ops, xp, axis = self.ops, self.ops.xp, self.axis
        if self.rule == "marginal":
            own = slope / self._divisor(slope, self.p + self.others)
            return self._level() - xp.where(self.candidates, own, 0.0)
        steep = self.number * slope / self.whole
        at_best = steep * ((1.0 - self.others) / self._divisor(slope, self.p))
        pulled = xp.where(self.candidates, steep, 0.0)
        return self._level() - ops.put_along_axis(pulled, self.index, at_best, axis)

    def _divisor(self, slope: Array, p: Array) -> Array:
        """p, with 0 / 0 = 0."""
        return self.ops.xp.where((slope == 0) & (p == 0), 1.0, p)


class BestRows:
    """The rows of any link, read at the likeliest candidate."""

    def __init__(self, ops: ArrayOps, predictions: Array, axis: int, rows: Any) -> None:
        self.ops, self.predictions, self.axis, self.rows = ops, predictions, axis, rows

    def among(self, candidates: Array) -> Array:
        """−log p of the likeliest."""
        self.index = best(self.ops, self.predictions, candidates, self.axis)
        surprisal: Array = self.rows.at(self.index)
        return surprisal

    def vjp_among(self, slope: Array) -> Array:
        """That of its rows, there."""
        gradient: Array = self.rows.vjp_at(self.index, slope)
        return gradient


@dataclass(frozen=True)
class LogitCandidates:
    """Reads sets of candidates in logits."""

    rule: CandidateRule
    neutral: float = 0.0

    def rows(
        self, ops: ArrayOps, predictions: Array, axis: int, silent: Array | None = None
    ) -> SoftmaxSets:
        """The rows of ``predictions`` along ``axis``: no slope is infinite."""
        del silent
        return self.closed(ops, whole_logits(ops, predictions, axis), axis)

    def closed(self, ops: ArrayOps, predictions: Array, axis: int) -> SoftmaxSets:
        """The same: their slopes need nothing that autodiff could not follow."""
        return SoftmaxSets(ops, predictions, axis, self.rule)


@dataclass(frozen=True)
class LogProbabilityCandidates:
    """Reads sets of candidates in log-probabilities."""

    rule: CandidateRule
    neutral: float = -1.0

    def rows(
        self, ops: ArrayOps, predictions: Array, axis: int, silent: Array | None = None
    ) -> LogProbabilitySets:
        """The rows of ``predictions`` along ``axis``: no slope is infinite."""
        del silent
        return self.closed(ops, _whole(ops, predictions, axis), axis)

    def closed(self, ops: ArrayOps, predictions: Array, axis: int) -> LogProbabilitySets:
        """The same."""
        return LogProbabilitySets(ops, predictions, axis, self.rule)


@dataclass(frozen=True)
class ProbabilityCandidates:
    """Reads sets of candidates in probabilities."""

    rule: CandidateRule
    neutral: float = 0.5

    def rows(
        self, ops: ArrayOps, predictions: Array, axis: int, silent: Array | None = None
    ) -> ProbabilitySets:
        """The rows of ``predictions`` along ``axis``."""
        whole = _whole(ops, predictions, axis)
        return ProbabilitySets(ops, whole, axis, self.rule, silent)

    def closed(self, ops: ArrayOps, predictions: Array, axis: int) -> ProbabilitySets:
        """The same."""
        return ProbabilitySets(ops, predictions, axis, self.rule)


def _whole(ops: ArrayOps, predictions: Array, axis: int) -> Array:
    """A product, so that autodiff finds NaN at each class of a row that has it at one."""
    return predictions * (1.0 + of_nan(ops, predictions, axis))


@dataclass(frozen=True)
class BestCandidate:
    """Reads the likeliest candidate alone, by a link of classes."""

    link: CategoricalLink

    @property
    def neutral(self) -> float:
        """That of the link."""
        return self.link.neutral

    def rows(
        self, ops: ArrayOps, predictions: Array, axis: int, silent: Array | None = None
    ) -> BestRows:
        """The rows of the link."""
        return BestRows(ops, predictions, axis, self.link.rows(ops, predictions, axis, silent))

    def closed(self, ops: ArrayOps, predictions: Array, axis: int) -> BestRows:
        """The same with the way back."""
        return BestRows(ops, predictions, axis, self.link.closed(ops, predictions, axis))
