"""Losses of regions in plain NumPy, every step a method. Arrays are (samples, items, classes)."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any, NamedTuple

import numpy as np

from wce_conformance.wrong.steps import others

HITS = {"dice": 2.0, "generalized_dice": 2.0, "jaccard": 1.0}


class Laid(NamedTuple):
    """What the sums are made of: ω, p with 1 − p, and t."""

    weight: np.ndarray
    p: np.ndarray
    rest: np.ndarray
    target: np.ndarray


class Sums(NamedTuple):
    """Of a class of a sample or, added up, of a region: N, S, T."""

    wrong: np.ndarray
    hit: np.ndarray
    present: np.ndarray


class Answered(NamedTuple):
    """The loss of each region, its weight, whether it counts, and ∂Σℓ/∂x."""

    losses: np.ndarray
    weights: np.ndarray
    counted: np.ndarray
    gradient: np.ndarray


class Regions:
    """A loss of regions. `options` as given; `classes`: are there any, last in every array?"""

    def __init__(self, loss: str, options: Mapping[str, Any], *, categorical: bool) -> None:
        self.name = loss.removeprefix("binary_").removesuffix("_loss")
        self.options, self.categorical = options, categorical
        self.form = str(options.get("form", "logits"))
        self.smooth = float(options.get("smooth", 1e-5))
        self.gamma = float(options.get("gamma", 1.0))

    # What a region is

    def per_batch(self) -> bool:
        """Of all samples."""
        return bool(self.options.get("per") == "batch")

    def together(self) -> bool:
        """Of all classes."""
        generalized = self.name == "generalized_dice"
        return generalized or self.options.get("classes") == "together"

    def hits(self) -> float:
        """What TP counts."""
        return HITS.get(self.name, 1.0)

    def sides(self) -> tuple[float, float]:
        """What FP and FN count."""
        return float(self.options.get("alpha", 1.0)), float(self.options.get("beta", 1.0))

    def squared(self) -> bool:
        """(p − t)² in the place of FP + FN."""
        return bool(self.options.get("squared", False))

    # Sums

    def answer(
        self, x: np.ndarray, target: np.ndarray, weight: np.ndarray, class_weight: np.ndarray
    ) -> Answered:
        """Of arrays with classes last, or an axis of length 1; weights may have one for all."""
        laid, single = self.laid(x, target, weight)
        of_classes = self.sums(laid)
        factors = class_weight * self.inverse(of_classes)
        sums, v = of_classes, np.broadcast_to(class_weight, of_classes.wrong.shape)
        if self.together():
            sums = Sums(
                (factors * sums.wrong).sum(-1), (factors * sums.hit).sum(-1), sums.present.sum(-1)
            )
            v = np.ones(sums.wrong.shape)
        losses, to_wrong, to_hit = self.loss(sums, v)
        reading = np.ones(()) if self.absent() == "count" else np.where(sums.present == 0, 0.0, 1.0)
        losses, to_wrong, to_hit = losses * reading, to_wrong * reading, to_hit * reading
        if self.together():
            to_wrong, to_hit = (part[:, None] * factors for part in (to_wrong, to_hit))
        slopes = self.slopes(laid, to_wrong[:, None, :], to_hit[:, None, :])
        counted = self.counted(sums)
        if single:
            losses, v, counted = losses[0], v[0], counted[0]
        return Answered(losses, v, counted, self.pulled(laid, slopes).reshape(x.shape))

    def laid(self, x: np.ndarray, target: np.ndarray, weight: np.ndarray) -> tuple[Laid, bool]:
        """(samples, items, classes), and whether there is but one sample."""
        single = self.per_batch() or x.ndim == 1
        samples = 1 if single else x.shape[0]
        shape = (samples, prod(x.shape[:-1]) // max(samples, 1), x.shape[-1])
        p, rest = (part.reshape(shape) for part in self.chances(x))
        weight = weight.reshape(*shape[:2], weight.shape[-1])
        return Laid(weight, p, rest, target.reshape(shape)), single

    def absent(self) -> str:
        """The rule for regions without targets."""
        return str(self.options.get("absent", "count"))

    def counted(self, sums: Sums) -> np.ndarray:
        """Which regions a mean divides by."""
        return np.asarray((self.absent() != "skip") | (sums.present != 0))

    def sums(self, laid: Laid) -> Sums:
        """N, S and T of each class."""
        weight, p, rest, target = laid
        false, missed = p * (1 - target), rest * target
        alpha, beta = self.sides()
        wrong = (false - missed) ** 2 if self.squared() else alpha * false + beta * missed
        hit = self.hits() * p * target
        return Sums(*((weight * part).sum(1) for part in (wrong, hit, target)))

    def inverse(self, sums: Sums) -> np.ndarray:
        """1/T² for generalized Dice, and 1 for others."""
        if self.name != "generalized_dice":
            return np.ones(())
        power = self.of_size(sums.present)
        found = np.where(sums.present > 0, power, 0.0)
        largest = found.max(-1, keepdims=True, initial=0.0)
        return np.where(sums.present > 0, found, np.where(largest > 0, largest, 1.0))

    def of_size(self, present: np.ndarray) -> np.ndarray:
        """What a class of a size counts."""
        return np.asarray(1 / present**2)

    # The quotient

    def loss(self, sums: Sums, v: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """v·(N/(N + S + σ))^γ, and its derivatives to N and S."""
        wrong, hit, _ = sums
        right = hit + self.smooth
        whole = wrong + right
        share = np.where(whole == 0, 0.0, wrong / whole)
        power = v * self.gamma * share ** (self.gamma - 1)
        nothing = (whole == 0) | ((wrong == 0) & (self.gamma != 1))
        to_wrong, to_hit = power * right / whole**2, -power * wrong / whole**2
        return (
            v * share**self.gamma,
            np.where(nothing, 0.0, to_wrong),
            np.where(nothing, 0.0, to_hit),
        )

    def slopes(self, laid: Laid, to_wrong: np.ndarray, to_hit: np.ndarray) -> np.ndarray:
        """∂ℓ/∂p."""
        weight, p, rest, target = laid
        alpha, beta = self.sides()
        inner = alpha * (1 - target) - beta * target
        if self.squared():
            inner = 2 * (p * (1 - target) - rest * target)
        return np.asarray(weight * (to_wrong * inner + to_hit * self.hits() * target))

    # p

    def chances(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """p and 1 − p; NaN in all of a row that has none."""
        if self.form == "logits":
            return self.of_logits(x)
        if self.categorical:
            x = np.where(np.isnan(x).any(-1, keepdims=True), np.nan, x)
        if self.form != "log_probabilities":
            return x, 1 - x
        return np.exp(x), np.maximum(-np.expm1(x), 0.0)

    def of_logits(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """A softmax, or of each element its own of 0 and x."""
        if not self.categorical:
            pair = np.exp(-np.abs(x)) / (1 + np.exp(-np.abs(x))), 1 / (1 + np.exp(-np.abs(x)))
            less, more = pair
            return np.where(x > 0, more, less), np.where(x > 0, less, more)
        top = x.max(-1, keepdims=True)
        e = np.exp(x - np.where(np.isinf(top), np.nan, top))
        whole = e.sum(-1, keepdims=True)
        return e / whole, others(e) / whole

    def pulled(self, laid: Laid, slopes: np.ndarray) -> np.ndarray:
        """From slopes to p to those to the predictions."""
        if self.form == "probabilities":
            return slopes
        if self.form == "log_probabilities":
            return np.asarray(slopes * laid.p)
        if not self.categorical:
            return np.asarray(slopes * laid.p * laid.rest)
        return np.asarray(laid.p * (slopes * laid.rest - others(slopes * laid.p)))
