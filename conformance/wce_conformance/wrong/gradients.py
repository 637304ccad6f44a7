"""The right value with a wrong gradient."""
# ruff: noqa: D102  # the class says what its one method does

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from wce_conformance.wrong.reference import Call, rounded
from wce_conformance.wrong.registry import Wrong, wrong


@wrong("mass")
class GradientOfUnitMass(Wrong):
    """p − q times the weight, which is right only where Σq = 1."""

    def to_logits(self, call: Call, x: np.ndarray, d: np.ndarray) -> np.ndarray:
        mass = self.mass(call).sum(-1, keepdims=True)
        whole = np.where(mass == 0, 0.0, d.sum(-1, keepdims=True) / mass)
        return np.asarray(self.softmax(x) * whole - d)


@wrong("saturation")
class ProbabilityMinusOne(Wrong):
    """p − 1 by subtraction: nothing is left of it where p is next to 1."""

    def complement(self, x: np.ndarray, p: np.ndarray) -> np.ndarray:
        return 1 - p


@wrong("clip")
class GradientThroughClip(Wrong):
    """The gradient of a clipped probability as if it had not been clipped."""

    def where_free(self, p: np.ndarray, x: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        return gradient


@wrong("zero_logit")
class NoGradientAtZero(Wrong):
    """max(−z, 0) and |z| have no gradient at 0: part of it is lost where a logit is exactly 0."""

    def gradient(self, call: Call, x: np.ndarray, d: np.ndarray) -> np.ndarray:
        gradient = super().gradient(call, x, d)
        lost = call.binary and call.form == "logits"
        return np.where(lost & (x == 0), gradient + d.sum(-1) / 2, gradient) if lost else gradient


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


@wrong("zero_sign")
class DividedByNegativeZero(Wrong):
    """1 − p is −0 where log p is 0, and the infinite gradient of the other sign."""

    def gradient(self, call: Call, x: np.ndarray, d: np.ndarray) -> np.ndarray:
        gradient = super().gradient(call, x, d)
        turned = call.binary & (call.form == "log_probabilities") & (x == 0) & np.isinf(gradient)
        return np.where(turned, -gradient, gradient)


@wrong("impossible")
class GradientBesideAnInfinity(Wrong):
    """Where a probability of 0 is under mass, its row's other classes have a gradient too."""

    def gradient(self, call: Call, x: np.ndarray, d: np.ndarray) -> np.ndarray:
        gradient = super().gradient(call, x, d)
        if call.binary:
            return gradient
        beside = np.isfinite(gradient) & np.isinf(gradient).any(-1, keepdims=True)
        return np.where(beside, d.sum(-1, keepdims=True), gradient)
