"""How far a logit is from the right side of a margin of 1: what a hinge reads."""

from __future__ import annotations

from dataclasses import dataclass

from wce_core.arrays.chance import Chance
from wce_core.arrays.ops import ArrayOps
from wce_core.types import Array

from .base import Silent


class MarginRows:
    """max(1 + z, 0) in the place of p and max(1 − z, 0) in that of 1 − p: errors of each class."""

    def __init__(self, ops: ArrayOps, predictions: Array) -> None:
        self.xp, self.z = ops.xp, predictions

    def chances(self) -> Chance:
        """The errors if the class is 0, and if it is 1. NaN stays."""
        return Chance(self._above(1.0 + self.z), self._above(1.0 - self.z))

    def _above(self, margin: Array) -> Array:
        return self.xp.where(margin <= 0, 0.0, margin)

    def vjp(self, slopes: Array, into: Array | None = None) -> Array:
        """The slopes where there is an error: those of class 1 are negative."""
        del into
        wrong = self.xp.where(slopes < 0, 1.0 - self.z, 1.0 + self.z)
        return self.xp.where(wrong <= 0, 0.0, slopes)


@dataclass(frozen=True)
class BinaryMargins:
    """Link of logits."""

    neutral: float = 0.0
    symmetric: bool = False

    def rows(self, ops: ArrayOps, predictions: Array, silent: Silent | None = None) -> MarginRows:
        """One item per element of ``predictions``, differentiable."""
        del silent
        return MarginRows(ops, predictions)

    def closed(self, ops: ArrayOps, predictions: Array) -> MarginRows:
        """The same with the way back."""
        return MarginRows(ops, predictions)
