"""Weights of the wrong class, sample or label."""
# ruff: noqa: D102  # the class says what its one method does

from __future__ import annotations

import numpy as np

from wce_conformance.wrong.reference import Call
from wce_conformance.wrong.registry import Wrong, wrong


@wrong("class_weight")
class WeightOfPredictedClass(Wrong):
    """Class weights are taken at the predicted class, not at the true one."""

    def class_weights(self, call: Call) -> np.ndarray:
        w = super().class_weights(call)
        if call.binary:
            return w
        at_predicted = np.take_along_axis(w, self.predicted(call)[..., None], -1)
        return np.broadcast_to(at_predicted, w.shape)


@wrong("square")
class RightAlignedSampleWeights(Wrong):
    """Sample weights are broadcast from the right where they fit, as NumPy does unasked."""

    def placed(self, call: Call, weights: np.ndarray) -> np.ndarray:
        try:
            return np.broadcast_to(weights, call.items)
        except ValueError:
            return super().placed(call, weights)


@wrong("shapes")
class SampleWeightsOfAnyShape(Wrong):
    """Sample weights that do not fit are cut to the number of items, not refused."""

    def placed(self, call: Call, weights: np.ndarray) -> np.ndarray:
        fitting = weights[: call.items[0]] if weights.ndim == 1 and call.items else weights
        return super().placed(call, fitting)


@wrong("pos_weight")
class PosWeightOnBothClasses(Wrong):
    """pos_weight multiplies the negatives too."""

    def with_pos_weight(self, call: Call, w: np.ndarray) -> np.ndarray:
        before = w[..., 1].copy()
        w = super().with_pos_weight(call, w)
        w[..., 0] *= np.where(before == 0, 1.0, w[..., 1] / before)
        return w


@wrong("per_label")
class LabelsAlwaysLast(Wrong):
    """Weights of labels stand along the last axis where they fit, whatever the label axis is."""

    def by_label(self, call: Call, weights: np.ndarray, own: int) -> np.ndarray:
        if weights.ndim > own and weights.shape[0] == call.x.shape[-1]:
            return weights
        return super().by_label(call, weights, own)


@wrong("class_weight")
class NormalisedClassWeights(Wrong):
    """Class weights are scaled to a sum of 1."""

    def class_weights(self, call: Call) -> np.ndarray:
        w = super().class_weights(call)
        return w if call.binary else w / w.sum(-1, keepdims=True)


@wrong("cost_matrix")
class TransposedCosts(Wrong):
    """Rows of the cost matrix are taken for predicted classes."""

    def costs(self, call: Call) -> np.ndarray:
        return super().costs(call).T


@wrong("cost_matrix")
class LastOfTiedPredictions(Wrong):
    """Of equally likely classes the highest counts as predicted."""

    def predicted(self, call: Call) -> np.ndarray:
        return np.asarray(call.classes - 1 - call.x[..., ::-1].argmax(-1))


@wrong("soft_weighting")
class GeometricForPerClass(Wrong):
    """One geometric factor where every class has its own weight."""

    def rule(self, call: Call) -> str:
        rule = super().rule(call)
        return "geometric" if rule == "per_class" else rule


@wrong("soft_weighting")
class LastOfTiedTargets(Wrong):
    """The rule "hard" takes the highest of equal shares."""

    def factor(self, call: Call, w: np.ndarray, r: np.ndarray) -> np.ndarray:
        if self.rule(call) != "hard":
            return super().factor(call, w, r)
        last = r.shape[-1] - 1 - r[..., ::-1].argmax(-1)
        return np.asarray(np.take_along_axis(w, last[..., None], -1)[..., 0])


@wrong("soft_weighting")
class SharesAfterSmoothing(Wrong):
    """Class weights are mixed by the smoothed shares."""

    def shares(self, call: Call, q: np.ndarray) -> np.ndarray:
        return super().shares(call, self.smoothed(call, q))


@wrong("weight_size")
class WeightsInPredictionsDtype(Wrong):
    """Weights are narrowed to the predictions' dtype."""

    def placed(self, call: Call, weights: np.ndarray) -> np.ndarray:
        narrow = weights.astype(call.vector.arrays["predictions"].dtype)
        return super().placed(call, narrow.astype(np.float64))


@wrong("weight_size")
class ProductsOfWeightsInFloat32(Wrong):
    """Sample weight times class weight is multiplied in float32."""

    def weighted(self, call: Call, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        d, omega = super().weighted(call, q)
        if call.vector.dtype == "float64":
            return d, omega
        return d.astype(np.float32).astype(np.float64), omega.astype(np.float32)


@wrong("class_weight_size")
class ClassWeightsInPredictionsDtype(Wrong):
    """Class weights are narrowed to the predictions' dtype, in which 1e-50 is 0."""

    def class_weights(self, call: Call) -> np.ndarray:
        dtype = call.vector.arrays["predictions"].dtype
        return super().class_weights(call).astype(dtype).astype(np.float64)


@wrong("balanced")
class BalancedOverAbsentClasses(Wrong):
    """n/(C·n_k): classes that do not occur are counted, too."""

    def occurring(self, counts: np.ndarray) -> int:
        return counts.size


@wrong("balanced")
class AbsentClassesWeighOne(Wrong):
    """A class that does not occur has weight 1, which meets the mass that smoothing puts there."""

    def balanced(self, call: Call) -> np.ndarray:
        return np.where(self.occurrences(call) > 0, super().balanced(call), 1.0)


@wrong("balanced")
class ExcludedAreBalanced(Wrong):
    """Items that are excluded are counted for the weights."""

    def occurrences(self, call: Call) -> np.ndarray:
        q = self.mass(call)
        known = (q >= 0).all(-1)
        return np.asarray(q[known].reshape(-1, call.classes).sum(0))


@wrong("balanced")
class BalancedSampleWeights(Wrong):
    """Sample weights are counted, not items."""

    def occurrences(self, call: Call) -> np.ndarray:
        q, seen = self.mass(call), self.seen(call)
        s = self.placed(call, call.arrays.get("sample_weight", np.ones(())))
        return np.asarray((q * s[..., None])[seen].reshape(-1, call.classes).sum(0))


@wrong("negative_weight")
class NegativeWeightsAreZero(Wrong):
    """A negative weight counts as 0."""

    def samples(self, call: Call, r: np.ndarray) -> np.ndarray:
        return np.asarray(np.maximum(super().samples(call, r), 0.0))


@wrong("negative_weight")
class WeightsWithoutSign(Wrong):
    """The magnitude of a weight is taken, also for the loss."""

    def samples(self, call: Call, r: np.ndarray) -> np.ndarray:
        return np.asarray(np.abs(super().samples(call, r)))
