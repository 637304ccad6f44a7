"""The right formula, computed so that numbers are lost."""
# ruff: noqa: D102  # the class says what its one method does

from __future__ import annotations

from typing import Any

import numpy as np

from wce_conformance.wrong.reference import INF, Call
from wce_conformance.wrong.registry import Wrong, wrong


@wrong("clamp")
class ClampedLog(Wrong):
    """log p is at least −100."""

    def log_of(self, call: Call, p: np.ndarray) -> np.ndarray:
        return np.asarray(np.minimum(super().log_of(call, p), 100.0))

    def log_of_rest(self, call: Call, p: np.ndarray) -> np.ndarray:
        return np.asarray(np.minimum(super().log_of_rest(call, p), 100.0))


@wrong("clamp")
class LogOfSlightlyMore(Wrong):
    """log(p + 1e-7), so that it is finite."""

    def log_of(self, call: Call, p: np.ndarray) -> np.ndarray:
        return super().log_of(call, p) if "clip" in call.options else -np.log(p + 1e-7)


@wrong("saturation")
class LogOfSoftmax(Wrong):
    """log(softmax(x)): an unlikely class has p = 0 and an infinite loss."""

    def of_logits(self, call: Call, x: np.ndarray) -> np.ndarray:
        return np.asarray(-np.log(self.softmax(x)))


@wrong("saturation")
class SoftmaxClippedBeforeLog(Wrong):
    """Probabilities are bounded to [1e-7, 1 − 1e-7]: no loss beyond 16.1."""

    def of_logits(self, call: Call, x: np.ndarray) -> np.ndarray:
        return np.asarray(-np.log(np.clip(self.softmax(x), 1e-7, 1 - 1e-7)))


@wrong("saturation")
class OverflowingExponentials(Wrong):
    """log Σ e^x without taking out the largest logit."""

    def of_logits(self, call: Call, x: np.ndarray) -> np.ndarray:
        return np.asarray(np.log(np.exp(x).sum(-1, keepdims=True)) - x)

    def logits(self, call: Call, x: np.ndarray) -> np.ndarray:
        return np.stack([np.zeros_like(x), x], -1) if call.binary else super().logits(call, x)


@wrong("offset")
class OffsetLost(Wrong):
    """(largest + log Σ e^(x − largest)) − x: a large common offset swallows the logarithm."""

    def of_logits(self, call: Call, x: np.ndarray) -> np.ndarray:
        top, rest = self.odds(x)
        return np.asarray((top + np.log1p(rest)) - x)


@wrong("saturation")
class LargestOfTheBatch(Wrong):
    """The largest logit of the batch is taken out, not that of the row."""

    def of_logits(self, call: Call, x: np.ndarray) -> np.ndarray:
        top = x.max() if x.size else 0.0
        return np.asarray(top + np.log(np.exp(x - top).sum(-1, keepdims=True)) - x)


@wrong("log1p")
class LogOfOneMinus(Wrong):
    """log(1 − p) by subtraction."""

    def log_of_rest(self, call: Call, p: np.ndarray) -> np.ndarray:
        return np.asarray(-np.log(1 - self.bounded(call, p)))


@wrong("expm1")
class ExpMinusOne(Wrong):
    """1 − e^x by subtraction, of which nothing is left near 0."""

    def log_of_complement(self, x: np.ndarray) -> np.ndarray:
        return np.asarray(-np.log(1 - np.exp(np.minimum(x, 0))))


@wrong("impossible")
class ZeroTimesInfinity(Wrong):
    """0 · log 0 is NaN."""

    def product(self, call: Call, d: np.ndarray, surprise: np.ndarray, q: np.ndarray) -> np.ndarray:
        return np.asarray(d * surprise)


@wrong("zero_weight")
class ZeroWeightTimesInfinity(Wrong):
    """0 · log 0 is 0 where there is no mass, but NaN where the weight is 0."""

    def product(self, call: Call, d: np.ndarray, surprise: np.ndarray, q: np.ndarray) -> np.ndarray:
        massless = self.smoothed(call, q) == 0
        return np.where(massless & (surprise == INF), 0.0, d * surprise)


@wrong("nan")
class NanIsNothing(Wrong):
    """An item without probabilities is left out of the sum."""

    def total(self, call: Call, items: np.ndarray) -> Any:
        return np.nansum(items)


@wrong("nan")
class NanOfOtherClasses(Wrong):
    """Of a row of probabilities only what has mass is looked at."""

    def product(self, call: Call, d: np.ndarray, surprise: np.ndarray, q: np.ndarray) -> np.ndarray:
        return np.where(d == 0, 0.0, super().product(call, d, surprise, q))


@wrong("argmax")
class NanIsLargest(Wrong):
    """The predicted class of a row with NaN is where NaN stands."""

    def without_prediction(self, call: Call, s: np.ndarray) -> np.ndarray:
        return s


@wrong("nan")
class InfinityIsCertain(Wrong):
    """A logit of +∞ is a class with p = 1."""

    def logits(self, call: Call, x: np.ndarray) -> np.ndarray:
        if call.binary:
            return super().logits(call, x)
        certain = np.isinf(x) & (x > 0)
        return super().logits(
            call, np.where(certain.any(-1, keepdims=True), np.where(certain, 0.0, -INF), x)
        )


@wrong("sum_overflow")
class SumInPredictionsDtype(Wrong):
    """Σℓ is kept in the predictions' dtype."""

    def total(self, call: Call, items: np.ndarray) -> Any:
        dtype = call.vector.arrays["predictions"].dtype
        return super().total(call, items).astype(dtype).astype(np.float64)


@wrong("clip")
class ClippedAtOneEnd(Wrong):
    """Probabilities are bounded below, not above."""

    def bounded(self, call: Call, p: np.ndarray) -> np.ndarray:
        return np.asarray(np.maximum(p, call.options.get("clip", 0.0)))

    def log_of(self, call: Call, p: np.ndarray) -> np.ndarray:
        return np.asarray(-np.log(self.bounded(call, p)))

    def log_of_rest(self, call: Call, p: np.ndarray) -> np.ndarray:
        return np.asarray(-np.log1p(-self.bounded(call, p)))
