"""Targets misread: labels, mass, smoothing, and what is excluded."""
# ruff: noqa: D102  # the class says what its one method does

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from wce_conformance.wrong.reference import Call
from wce_conformance.wrong.registry import Wrong, wrong


@wrong("values")
class LabelsWrapRound(Wrong):
    """Label −1 is the last class, as an index from the end."""

    def check_labels(self, call: Call, labels: np.ndarray) -> None:
        super().check_labels(call, np.maximum(labels, 0))

    def one_hot(self, call: Call, labels: np.ndarray) -> np.ndarray:
        return super().one_hot(call, np.where(labels < 0, labels + call.classes, labels))


@wrong("values")
class LabelsClamped(Wrong):
    """A label beyond the last class is the last class, as a clamping gather has it."""

    def check_labels(self, call: Call, labels: np.ndarray) -> None:
        """Nothing is checked."""

    def one_hot(self, call: Call, labels: np.ndarray) -> np.ndarray:
        return super().one_hot(call, np.clip(labels, 0, call.classes - 1))


@wrong("label_dtype")
class LabelsInPredictionsDtype(Wrong):
    """Labels pass through the dtype of the predictions."""

    def one_hot(self, call: Call, labels: np.ndarray) -> np.ndarray:
        narrow = labels.astype(call.vector.arrays["predictions"].dtype)
        return super().one_hot(call, narrow.astype(np.int64))


@wrong("smoothing")
class SmoothingOntoOthers(Wrong):
    """ε/(C − 1) where ε/C is asked for."""

    def smoothed(self, call: Call, q: np.ndarray) -> np.ndarray:
        epsilon, classes = call.options.get("label_smoothing", 0.0), call.classes
        if epsilon == 0 or classes == 1 or call.options.get("smoothing") == "others":
            return super().smoothed(call, q)
        return np.asarray((1 - epsilon) * q + epsilon * q.sum(-1, keepdims=True) / (classes - 1))


@wrong("zero_mass")
class SmoothingWithoutMass(Wrong):
    """ε/C for every row, whatever its mass."""

    def smoothed(self, call: Call, q: np.ndarray) -> np.ndarray:
        epsilon = call.options.get("label_smoothing", 0.0)
        if epsilon == 0 or call.options.get("smoothing") == "others":
            return super().smoothed(call, q)
        return np.asarray((1 - epsilon) * q + epsilon / call.classes)


@wrong("smoothing")
class WeightOfUnsmoothedLabels(Wrong):
    """Σω is taken before smoothing, Σℓ after it."""

    def omega(
        self, call: Call, s: np.ndarray, w: np.ndarray, q: np.ndarray, smooth: np.ndarray
    ) -> np.ndarray:
        return super().omega(call, s, w, q, q)


@wrong("mass")
class MassNormalised(Wrong):
    """Rows of targets are divided by their sum first."""

    def mass(self, call: Call) -> np.ndarray:
        return self.shares(call, super().mass(call))


@wrong("axis")
class TargetsAlwaysLast(Wrong):
    """Mass is read along the last axis, whatever the class axis is."""

    def mass(self, call: Call) -> np.ndarray:
        targets = call.arrays["targets"]
        if call.binary or targets.shape != call.x.shape:
            return super().mass(call)
        return targets


@wrong("excluded")
class MaskByMultiplication(Wrong):
    """Excluded items are multiplied by 0, which NaN survives."""

    def without(self, array: np.ndarray, seen: np.ndarray) -> np.ndarray:
        return np.asarray(array * seen.reshape(seen.shape + (1,) * (array.ndim - seen.ndim)))


@wrong("excluded")
class ForwardMaskOnly(Wrong):
    """The loss of an excluded item is left out, and its gradient multiplied by 0."""

    def reduced(
        self, call: Call, items: np.ndarray, gradient: np.ndarray, parts: Mapping[str, Any]
    ) -> tuple[Any, np.ndarray]:
        seen = self.seen(call)
        every = 0.0 * super().gradient(call, call.x, np.zeros_like(self.mass(call)))
        shape = seen.shape + (1,) * (gradient.ndim - seen.ndim)
        whole = np.where(seen.reshape(shape), gradient, every)
        return super().reduced(call, items, whole, parts)


@wrong("target_dtype")
class TargetsInPredictionsDtype(Wrong):
    """Soft targets are narrowed to the predictions' dtype: 1 − y of a y near 1 is 0."""

    def mass(self, call: Call) -> np.ndarray:
        dtype = call.vector.arrays["predictions"].dtype
        narrow = call.arrays["targets"].astype(dtype).astype(np.float64)
        arrays = {**call.arrays, "targets": narrow}
        return super().mass(replace(call, arrays=arrays))
