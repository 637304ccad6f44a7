"""The right value with a wrong gradient."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from wce_conformance.wrong.reference import Call, rounded
from wce_conformance.wrong.registry import Wrong, wrong


@wrong("mass")
class GradientOfUnitMass(Wrong):
    """p − q, which is right only where Σq = 1."""

    def to_logits(self, call: Call, x: np.ndarray, d: np.ndarray) -> np.ndarray:
        return super().to_logits(call, x, d) if call.binary else self.softmax(x) - d


@wrong("saturation")
class ProbabilityMinusOne(Wrong):
    """p − 1 by subtraction: nothing is left of it where p is next to 1."""

    def complement(self, x: np.ndarray, p: np.ndarray) -> np.ndarray:
        return 1 - p


@wrong("cancellation")
class MassTimesProbability(Wrong):
    """M·p − q: its rounding shows where that is a small difference."""

    def to_logits(self, call: Call, x: np.ndarray, d: np.ndarray) -> np.ndarray:
        return np.asarray(self.softmax(x) * d.sum(-1, keepdims=True) - d)


@wrong("clip")
class GradientThroughClip(Wrong):
    """The gradient of a clipped probability as if it had not been clipped."""

    def where_free(self, p: np.ndarray, x: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        return gradient


@wrong("cancellation")
class NoGradientAtZero(Wrong):
    """|z| has no gradient at 0: half of it is lost where a logit is exactly 0."""

    def to_logits(self, call: Call, x: np.ndarray, d: np.ndarray) -> np.ndarray:
        gradient = super().to_logits(call, x, d)
        at_zero = (x == 0).all(-1, keepdims=True)
        return np.where(at_zero & call.binary, gradient / 2 + d / 4, gradient)


@wrong("denominator")
class GradientNotDivided(Wrong):
    """The gradient of the sum, whatever the reduction."""

    def reduced(
        self, call: Call, items: np.ndarray, gradient: np.ndarray, parts: Mapping[str, Any]
    ) -> tuple[Any, np.ndarray]:
        value, right = super().reduced(call, items, gradient, parts)
        whole = gradient if call.binary else np.moveaxis(gradient, -1, call.axis or 0)
        return value, rounded(whole, call) if right.any() else right


@wrong("class_weight")
class UnweightedGradient(Wrong):
    """The weights scale the loss, not its gradient."""

    def gradient(self, call: Call, x: np.ndarray, d: np.ndarray) -> np.ndarray:
        return super().gradient(call, x, self.smoothed(call, self.mass(call)))
