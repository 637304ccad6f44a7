"""Log-probabilities, taken as they are: rows are not renormalised."""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING

from ..numerics import along, log_complement
from ..types import Array

if TYPE_CHECKING:
    from ..backend import Backend

HALF = -log(2.0)
"""Where log(1 − exp(x)) changes its form, so that neither difference cancels."""


class CategoricalLogProbabilityRows:
    """Rows of log-probabilities along a class axis."""

    def __init__(self, be: Backend, predictions: Array, axis: int) -> None:
        self.be, self.xp, self.axis = be, be.xp, axis
        self.predictions = predictions

    def at(self, index: Array) -> Array:
        """−log p of class ``index`` of each row."""
        return 0.0 - self.be.pick(self.predictions, index, self.axis)

    def every(self, mass: Array) -> Array:
        """−log p of every class."""
        del mass
        return 0.0 - self.predictions

    def pull_at(self, index: Array, slope: Array, into: Array | None = None) -> Array:
        """−slope at ``index``, 0 elsewhere."""
        del into
        x, axis = self.predictions, self.axis
        classes = along(self.xp, self.be.arange(x.shape[axis], index), axis, x.ndim)
        return self.xp.where(classes == index, -slope, 0.0)

    def pull(self, slopes: Array, into: Array | None = None) -> Array:
        """−slopes."""
        del into
        return 0.0 - slopes


class BinaryLogProbabilityRows:
    """x = log p of class 1; log p of class 0 is log(1 − exp(x))."""

    def __init__(self, be: Backend, predictions: Array) -> None:
        self.xp = be.xp
        # Rounding may leave a log-probability a few eps above 0: certain.
        self.x = self.xp.where(predictions > 0, 0.0, predictions)
        self.predictions = predictions

    def pair(self, one: Array, zero: Array) -> tuple[Array, Array]:
        """(−x, −log(1 − exp(x)))."""
        del one
        xp = self.xp
        x = xp.where((self.x == 0) & (zero == 0), -1.0, self.x)
        near = x > HALF
        from_expm1 = xp.log(-xp.expm1(xp.where(near, x, -0.5)))
        from_exp = log_complement(xp, xp.exp(xp.where(near, -1.0, x)))
        return 0.0 - self.predictions, 0.0 - xp.where(near, from_expm1, from_exp)

    def pull_pair(self, slope_one: Array, slope_zero: Array, into: Array | None = None) -> Array:
        """−d₁ + d₀·p / (1 − p), where p / (1 − p) = exp(x) / (1 − exp(x))."""
        del into
        xp = self.xp
        odds = xp.expm1(-self.x)
        certain = (slope_zero == 0) & (odds == 0)
        return slope_zero / xp.where(certain, 1.0, odds) - slope_one


@dataclass(frozen=True)
class CategoricalLogProbabilities:
    """Link of multi-class log-probabilities."""

    neutral: float = -1.0

    def rows(self, be: Backend, predictions: Array, axis: int) -> CategoricalLogProbabilityRows:
        """The rows of ``predictions`` along ``axis``."""
        return CategoricalLogProbabilityRows(be, predictions, axis)

    def closed(self, be: Backend, predictions: Array, axis: int) -> CategoricalLogProbabilityRows:
        """The same rows: their slopes need nothing that autodiff could not follow."""
        return self.rows(be, predictions, axis)


@dataclass(frozen=True)
class BinaryLogProbabilities:
    """Link of the log-probability of class 1."""

    neutral: float = -1.0
    symmetric: bool = False

    def rows(self, be: Backend, predictions: Array) -> BinaryLogProbabilityRows:
        """One item per element of ``predictions``."""
        return BinaryLogProbabilityRows(be, predictions)

    def closed(self, be: Backend, predictions: Array) -> BinaryLogProbabilityRows:
        """The same rows: their slopes need nothing that autodiff could not follow."""
        return self.rows(be, predictions)
