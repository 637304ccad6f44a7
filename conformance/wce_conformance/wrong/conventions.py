"""Conventions of probabilities, taken in another order or near 1 by subtraction."""

from __future__ import annotations

import numpy as np

from wce_conformance.wrong.registry import Wrong, wrong
from wce_conformance.wrong.steps import Steps


class _WithoutRest(Steps):
    def log_plus(self, p: np.ndarray, rest: np.ndarray) -> np.ndarray:
        return np.asarray(np.log1p(-(rest - self.given.offset)))


class _FloorFirst(Steps):
    def bounded(self, logarithm: np.ndarray, given: np.ndarray) -> np.ndarray:
        if self.given.floor is None:
            return logarithm
        return np.where(np.log(given) < self.given.floor, self.given.floor, logarithm)


class _OffsetFirst(Steps):
    def divided(self, masses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        whole = (masses + self.given.offset).sum(-1, keepdims=True)
        return masses / whole, 1 - masses / whole


class _Subtracted(Steps):
    def divided(self, masses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        p, _ = super().divided(masses)
        return p, 1 - p


@wrong("offset_near_one")
class OffsetRoundedAway(Wrong):
    """log(1 − (p − offset)): an offset below the last bit of p is nothing."""

    steps = _WithoutRest


@wrong("conventions")
class FloorBeforeClip(Wrong):
    """The floor is tested on p as it was given, before it is bounded."""

    steps = _FloorFirst


@wrong("conventions")
class OffsetInTheSum(Wrong):
    """The offset is added before rows are divided by their sums."""

    steps = _OffsetFirst


@wrong("normalize")
class ComplementBySubtraction(Wrong):
    """1 − p of a row divided by its sum is a subtraction: nothing is left of a certain class."""

    steps = _Subtracted
