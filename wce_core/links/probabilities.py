"""Probabilities: exact logarithms; p = 0 under mass costs +inf. Other conventions by option."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, inf, log, log1p
from typing import TYPE_CHECKING, Literal

from ..numerics import along, log_complement, total
from ..scalars import number
from ..types import Array, Namespace

if TYPE_CHECKING:
    from ..backend import Backend

NUMBERS = {
    "clip": "a number in [0, 0.5)",
    "offset": "a finite number from 0 on",
    "floor": "a finite number below 0",
}
"""What is expected of each."""


@dataclass(frozen=True)
class Probabilities:
    """What ``form="probabilities"`` means, with the conventions of other libraries.

    Without arguments it is ``form="probabilities"`` itself: exact logarithms of the predictions as
    they are. Where a convention makes the logarithm constant, its gradient is 0.

    >>> import numpy as np
    >>> from wce_core import losses
    >>> floored = losses.Probabilities(floor=-100.0)
    >>> losses.binary_cross_entropy([0.0, 0.5], [1, 1], form=floored, reduction="none").round(4)
    array([100.    ,   0.6931])
    """

    clip: float | None = None
    """Bounds p to [clip, 1−clip]."""
    offset: float = 0.0
    """Added inside of the logarithms: log(p + offset) and, binary, log(1 − p + offset)."""
    floor: float | None = None
    """The least that a logarithm can be."""
    normalize: Literal["before", "after"] | None = None
    """Multi-class: divides a row by its sum, before or after ``clip``; its gradient takes part."""

    def __post_init__(self) -> None:
        for name, expected in NUMBERS.items():
            value = getattr(self, name)
            if value is not None or name == "offset":
                object.__setattr__(self, name, float(number(name, value, expected)))
        if self.clip is not None and not 0.0 <= self.clip < 0.5:
            raise ValueError(f"clip is {self.clip}; expected {NUMBERS['clip']}")
        if not 0.0 <= self.offset < inf:
            raise ValueError(f"offset is {self.offset!r}; expected {NUMBERS['offset']}")
        if self.floor is not None and not -inf < self.floor < 0.0:
            raise ValueError(f"floor is {self.floor!r}; expected {NUMBERS['floor']}")
        if self.normalize not in (None, "before", "after"):
            raise ValueError(f"normalize is {self.normalize!r}; expected 'before', 'after' or None")


class _Logarithm:
    """log p, or of 1 − p (``mirrored``), and the slope of it, under a convention.

    ``constant`` says where the logarithm does not depend on p: there p stays out of its way, so
    that autodiff meets no infinite derivative.
    """

    def __init__(
        self, xp: Namespace, p: Array, convention: Probabilities, *, mirrored: bool
    ) -> None:
        self.xp, self.p, self.offset, self.mirrored = xp, p, convention.offset, mirrored
        self.constants = list(_constants(p, convention, mirrored=mirrored))

    def of(self, needed: Array) -> Array:
        """The logarithm; anything finite where p = 0 and no mass stands."""
        xp, p = self.xp, self.p
        lost = (p == float(self.mirrored)) & ~needed
        for where, _ in self.constants:
            lost = lost | where
        inner = xp.where(lost, 0.5, p)
        if self.mirrored:
            value = log_complement(xp, inner - self.offset if self.offset else inner)
        else:
            value = xp.log(inner + self.offset)
        value = xp.where(lost, 0.0, value)
        for where, constant in self.constants:
            value = xp.where(where, constant, value)
        return value

    def pull(self, slope: Array) -> Array:
        """slope / p, or slope / (1 − p), with 0 / 0 = 0; 0 where the logarithm is constant."""
        xp = self.xp
        inner = (1.0 - self.p if self.mirrored else self.p) + self.offset
        gradient = slope / xp.where((slope == 0) & (inner == 0), 1.0, inner)
        for where, _ in self.constants:
            gradient = xp.where(where, 0.0, gradient)
        return gradient


def _constants(p: Array, convention: Probabilities, *, mirrored: bool) -> list[tuple[Array, float]]:
    """Where the logarithm is constant, and what it is there: 1 − clip is never rounded."""
    found = []
    clip, offset = convention.clip, convention.offset
    if clip is not None:
        low = log(clip + offset) if clip + offset else -inf
        high = log1p(offset - clip)
        low, high = (high, low) if mirrored else (low, high)
        found = [(p > 1.0 - clip, high), (p < clip, low)]
    if convention.floor is not None:
        least = exp(convention.floor) - offset
        found.append(((1.0 - p if mirrored else p) <= least, convention.floor))
    return found


class CategoricalProbabilityRows:
    """Rows of probabilities along a class axis."""

    def __init__(
        self, be: Backend, predictions: Array, axis: int, convention: Probabilities
    ) -> None:
        self.be, self.xp, self.axis = be, be.xp, axis
        self.normalize = convention.normalize
        if self.normalize == "before":
            self.whole = total(self.xp, predictions, axis)
            predictions = predictions / self.whole
        self.p = predictions
        self.convention = convention

    def _log(self, p: Array) -> _Logarithm:
        return _Logarithm(self.xp, p, self.convention, mirrored=False)

    def at(self, index: Array) -> Array:
        """−log p of class ``index`` of each row."""
        p = self.be.pick(self.p, index, self.axis)
        return self._log_whole() - self._log(p).of(p == p)

    def every(self, mass: Array) -> Array:
        """−log p of every class."""
        return self._log_whole() - self._log(self.p).of(mass != 0)

    def _clipped(self) -> Array:
        return self.xp.exp(self._log(self.p).of(self.p == self.p))

    def _log_whole(self) -> Array | float:
        """The logarithm of what the rows are divided by after clipping."""
        if self.normalize != "after":
            return 0.0
        return self.xp.log(total(self.xp, self._clipped(), self.axis))

    def pull_at(self, index: Array, slope: Array, into: Array | None = None) -> Array:
        """The slope at ``index`` and 0 elsewhere, pulled back."""
        del into
        classes = along(
            self.xp, self.be.arange(self.p.shape[self.axis], index), self.axis, self.p.ndim
        )
        return self.pull(self.xp.where(classes == index, slope, 0.0))

    def pull(self, slopes: Array, into: Array | None = None) -> Array:
        """−d_k / p_k, and the way through the sum of the row if it is divided by that."""
        del into
        xp, axis, log_p = self.xp, self.axis, self._log(self.p)
        if self.normalize == "after":
            clipped = self._clipped()
            slopes = slopes - total(xp, slopes, axis) * (clipped / total(xp, clipped, axis))
        gradient = log_p.pull(0.0 - slopes)
        if self.normalize == "before":
            gradient = (gradient - total(xp, gradient * self.p, axis)) / self.whole
        return gradient


class BinaryProbabilityRows:
    """The probability of class 1."""

    def __init__(self, be: Backend, predictions: Array, convention: Probabilities) -> None:
        self.one = _Logarithm(be.xp, predictions, convention, mirrored=False)
        self.zero = _Logarithm(be.xp, predictions, convention, mirrored=True)

    def pair(self, one: Array, zero: Array) -> tuple[Array, Array]:
        """(−log p, −log(1 − p))."""
        return 0.0 - self.one.of(one != 0), 0.0 - self.zero.of(zero != 0)

    def pull_pair(self, slope_one: Array, slope_zero: Array, into: Array | None = None) -> Array:
        """d₀ / (1 − p) − d₁ / p; 0 where the logarithms are constant."""
        del into
        return self.zero.pull(slope_zero) - self.one.pull(slope_one)


@dataclass(frozen=True)
class CategoricalProbabilities:
    """Link of multi-class probabilities."""

    convention: Probabilities
    neutral: float = 0.5

    def rows(self, be: Backend, predictions: Array, axis: int) -> CategoricalProbabilityRows:
        """The rows of ``predictions`` along ``axis``."""
        return CategoricalProbabilityRows(be, predictions, axis, self.convention)

    def closed(self, be: Backend, predictions: Array, axis: int) -> CategoricalProbabilityRows:
        """The same rows: their slopes need nothing that autodiff could not follow."""
        return self.rows(be, predictions, axis)


@dataclass(frozen=True)
class BinaryProbabilities:
    """Link of the probability of class 1."""

    convention: Probabilities
    neutral: float = 0.5
    symmetric: bool = False

    def rows(self, be: Backend, predictions: Array) -> BinaryProbabilityRows:
        """One item per element of ``predictions``."""
        return BinaryProbabilityRows(be, predictions, self.convention)

    def closed(self, be: Backend, predictions: Array) -> BinaryProbabilityRows:
        """The same rows: their slopes need nothing that autodiff could not follow."""
        return self.rows(be, predictions)
