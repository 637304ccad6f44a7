"""Terms that are nearly the right ones."""
# ruff: noqa: D102  # the class says what its one method does

from __future__ import annotations

import numpy as np

from wce_conformance.wrong.of_terms import asymmetric
from wce_conformance.wrong.reference import Call
from wce_conformance.wrong.registry import Wrong, wrong


@wrong("term")
class TermAsWeight(Wrong):
    """What multiplies −log p, as (1 − p)^γ, is taken for a weight and not differentiated."""

    def term(self, call: Call, surprise: np.ndarray) -> tuple[np.ndarray, np.ndarray | float]:
        penalty, slope = super().term(call, surprise)
        if isinstance(slope, float):
            return penalty, slope
        return penalty, np.where(surprise == 0, slope, penalty / surprise)


@wrong("term")
class FocusOnTheWrongSide(Wrong):
    """p^γ in the place of (1 − p)^γ: what is wrong counts for less."""

    def term(self, call: Call, surprise: np.ndarray) -> tuple[np.ndarray, np.ndarray | float]:
        if "gamma" not in call.options:
            return super().term(call, surprise)
        gamma, share = call.options["gamma"], np.exp(-surprise)
        return share**gamma * surprise, share**gamma * (1.0 - gamma * surprise)


@wrong("saturation_of_term")
class SlopeByNegativePower(Wrong):
    """(1 − p)^(γ − 1) times p·s, which is ∞ · 0 where p is 1."""

    def term(self, call: Call, surprise: np.ndarray) -> tuple[np.ndarray, np.ndarray | float]:
        if "gamma" not in call.options:
            return super().term(call, surprise)
        gamma, share = call.options["gamma"], np.exp(-surprise)
        rest = 1.0 - share
        steep = rest**gamma + gamma * rest ** (gamma - 1.0) * share * surprise
        return rest**gamma * surprise, steep


@wrong("term")
class SignOfEpsilon(Wrong):
    """−log p − ε·(1 − p)."""

    def term(self, call: Call, surprise: np.ndarray) -> tuple[np.ndarray, np.ndarray | float]:
        penalty, slope = super().term(call, surprise)
        if "epsilon" not in call.options:
            return penalty, slope
        return 2 * surprise - penalty, 2 - slope


@wrong("term")
class NotDividedByQ(Wrong):
    """1 − p^q, which is not cross-entropy for a small q."""

    def term(self, call: Call, surprise: np.ndarray) -> tuple[np.ndarray, np.ndarray | float]:
        penalty, slope = super().term(call, surprise)
        q = call.options.get("q", 1.0)
        return penalty * q, slope * q


@wrong("term")
class MarginOnPositives(Wrong):
    """The margin is taken from the probability of class 1 where that is wanted, too."""

    def term(self, call: Call, surprise: np.ndarray) -> tuple[np.ndarray, np.ndarray | float]:
        if "margin" not in call.options:
            return super().term(call, surprise)
        gammas = {"gamma_negative": call.options["gamma_positive"]}
        turned = {**call.options, **gammas}
        penalty, slope = super().term(call, surprise)
        own, steep = asymmetric(turned, surprise[..., ::-1])
        penalty[..., 1], np.asarray(slope)[..., 1] = own[..., 0], steep[..., 0]
        return penalty, slope


@wrong("term")
class ExponentsExchanged(Wrong):
    """γ₊ for class 0, and γ₋ for class 1."""

    def term(self, call: Call, surprise: np.ndarray) -> tuple[np.ndarray, np.ndarray | float]:
        if "margin" not in call.options:
            return super().term(call, surprise)
        positive, negative = (call.options[f"gamma_{side}"] for side in ("positive", "negative"))
        turned = {**call.options, "gamma_positive": negative, "gamma_negative": positive}
        return asymmetric(turned, surprise)
