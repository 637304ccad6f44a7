"""Log-probabilities, taken as they are: rows are not renormalised."""

from __future__ import annotations

from dataclasses import dataclass

from wce_core.arrays.missing import of_nan
from wce_core.arrays.numerics import along, complement_of_exp, log_complement_of_exp
from wce_core.arrays.ops import ArrayOps
from wce_core.types import Array

from .base import Silent


class CategoricalLogProbabilityRows:
    """Rows of log-probabilities along a class axis. NaN at one class is NaN for its row."""

    def __init__(self, ops: ArrayOps, predictions: Array, axis: int) -> None:
        self.ops, self.xp, self.axis = ops, ops.xp, axis
        self.predictions = predictions
        self.level = of_nan(ops, predictions, axis)

    def at(self, index: Array) -> Array:
        """−log p of class ``index`` of each row."""
        return self.level - self.ops.take_along_axis(self.predictions, index, self.axis)

    def every(self, mass: Array) -> Array:
        """−log p of every class."""
        del mass
        return self.level - self.predictions

    def vjp_at(self, index: Array, slope: Array, into: Array | None = None) -> Array:
        """−slope at ``index``, 0 elsewhere."""
        del into
        x, axis = self.predictions, self.axis
        classes = along(self.xp, self.ops.arange(x.shape[axis], index), axis, x.ndim)
        return self.xp.where(classes == index, self.level - slope, self.level)

    def vjp(self, slopes: Array, into: Array | None = None) -> Array:
        """−slopes."""
        del into
        return self.level - slopes


class BinaryLogProbabilityRows:
    """x = log p of class 1; log p of class 0 is log(1 − exp(x))."""

    def __init__(self, ops: ArrayOps, predictions: Array, silent: Silent | None) -> None:
        self.ops, self.xp, self.silent = ops, ops.xp, silent
        # Rounding may leave a log-probability a few eps above 0: certain, with the slope of 0.
        above = self.xp.where(predictions > 0, predictions, 0.0)
        self.x = self.xp.where(predictions > 0, above - ops.constant(above), predictions)
        self.predictions = predictions

    def pair(self, one: Array, zero: Array) -> tuple[Array, Array]:
        """(−x, −log(1 − exp(x))); 0 where that is infinite, and no mass stands."""
        del one
        xp = self.xp
        lost = (self.x == 0) & (zero == 0)
        x = xp.where(lost, -1.0, self.x)
        if self.silent is not None and self.silent.zero is not None:
            x = xp.where(self.silent.zero & (x == 0), self.ops.constant(x), x)
        rest = 0.0 - log_complement_of_exp(xp, x)
        return 0.0 - self.predictions, xp.where(lost, 0.0, rest)

    def vjp_pair(self, slope_one: Array, slope_zero: Array, into: Array | None = None) -> Array:
        """−d₁ + d₀·p / (1 − p), where p / (1 − p) = exp(x) / (1 − exp(x))."""
        del into
        xp = self.xp
        rest = xp.abs(complement_of_exp(xp, self.x))  # of a certain item compilers may make it −0
        certain = (slope_zero == 0) & (rest == 0)
        return slope_zero * xp.exp(self.x) / xp.where(certain, 1.0, rest) - slope_one


@dataclass(frozen=True)
class CategoricalLogProbabilities:
    """Link of multi-class log-probabilities."""

    neutral: float = -1.0

    def rows(
        self, ops: ArrayOps, predictions: Array, axis: int, silent: Array | None = None
    ) -> CategoricalLogProbabilityRows:
        """The rows of ``predictions`` along ``axis``: no slope is infinite."""
        del silent
        # A product, so that autodiff finds NaN at each class of a row that has it at one.
        missing = of_nan(ops, predictions, axis)
        return self.closed(ops, predictions * (1.0 + missing), axis)

    def closed(self, ops: ArrayOps, predictions: Array, axis: int) -> CategoricalLogProbabilityRows:
        """The same with the way back."""
        return CategoricalLogProbabilityRows(ops, predictions, axis)


@dataclass(frozen=True)
class BinaryLogProbabilities:
    """Link of the log-probability of class 1."""

    neutral: float = -1.0
    symmetric: bool = False

    def rows(
        self, ops: ArrayOps, predictions: Array, silent: Silent | None = None
    ) -> BinaryLogProbabilityRows:
        """One item per element of ``predictions``."""
        return BinaryLogProbabilityRows(ops, predictions, silent)

    def closed(self, ops: ArrayOps, predictions: Array) -> BinaryLogProbabilityRows:
        """The same rows: their slopes need nothing that autodiff could not follow."""
        return self.rows(ops, predictions)
