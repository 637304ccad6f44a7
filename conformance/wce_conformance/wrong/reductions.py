"""The right item losses, divided by the wrong number."""
# ruff: noqa: D102  # the class says what its one method does

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from wce_conformance.wrong.reference import Call
from wce_conformance.wrong.registry import Wrong, wrong


@wrong("denominator")
class CountForWeight(Wrong):
    """weighted_mean divides by the number of items, not by Σω."""

    def denominator(self, call: Call, parts: Mapping[str, Any]) -> Any:
        return super().denominator(call, {**parts, "weight": parts["items"]})


@wrong("denominator")
class WeightForCount(Wrong):
    """mean divides by Σω, not by the number of items."""

    def denominator(self, call: Call, parts: Mapping[str, Any]) -> Any:
        return super().denominator(call, {**parts, "items": parts["weight"]})


@wrong("excluded")
class ExcludedAreCounted(Wrong):
    """mean divides by the number of all items, the excluded too."""

    def denominator(self, call: Call, parts: Mapping[str, Any]) -> Any:
        return super().denominator(call, {**parts, "items": parts["all_items"]})


@wrong("ignore_index")
class IgnoredAreCounted(Wrong):
    """ignore_index takes the loss of an item away, but not the item."""

    def parts(
        self, call: Call, items: np.ndarray, omega: np.ndarray, seen: np.ndarray
    ) -> dict[str, Any]:
        if "ignore_index" in call.options:
            seen = seen | (call.arrays["targets"] == call.options["ignore_index"])
        return super().parts(call, items, omega, seen)


@wrong("excluded")
class ExcludedAreNowhereCounted(Wrong):
    """mean_over_all leaves the excluded out."""

    def denominator(self, call: Call, parts: Mapping[str, Any]) -> Any:
        return super().denominator(call, {**parts, "all_items": parts["items"]})


@wrong("mask")
class MaskedAreNonzero(Wrong):
    """nonzero_mean counts the masked items whose weight is not 0."""

    def parts(
        self, call: Call, items: np.ndarray, omega: np.ndarray, seen: np.ndarray
    ) -> dict[str, Any]:
        _, every = self.weighted(call, self.mass(call))
        counts = super().parts(call, items, omega, seen)
        return {**counts, "nonzero": int((every != 0).sum())}


@wrong("last_axis")
class LastAxisFirst(Wrong):
    """mean of the means along the last axis: a masked element makes its row count for less."""

    def reduced(
        self, call: Call, items: np.ndarray, gradient: np.ndarray, parts: Mapping[str, Any]
    ) -> tuple[Any, np.ndarray]:
        if call.vector.reduction != "mean" or items.ndim < 2 or not items.size:
            return super().reduced(call, items, gradient, parts)
        counts = self.seen(call).sum(-1)
        means = items.sum(-1) / np.maximum(counts, 1)
        total = means.sum() / max((counts > 0).sum(), 1) * parts["items"]
        return super().reduced(call, items, gradient, {**parts, "total": total})


@wrong("count_dtype")
class CountInPredictionsDtype(Wrong):
    """Items are counted in the predictions' dtype: 65,536 is infinite in float16."""

    def denominator(self, call: Call, parts: Mapping[str, Any]) -> Any:
        dtype = call.vector.arrays["predictions"].dtype
        return np.asarray(super().denominator(call, parts)).astype(dtype).astype(np.float64)


@wrong("denominator")
class MeanOfNothingIsNan(Wrong):
    """0/0, whatever `empty` says."""

    def empty(self, call: Call) -> float:
        return np.nan


@wrong("denominator")
class MeanOfNothingIsZero(Wrong):
    """0, whatever `empty` says."""

    def empty(self, call: Call) -> float:
        return 0.0


@wrong("one_item")
class ClassesForBatch(Wrong):
    """batch_mean divides by the length of the predictions' leading axis, classes or not."""

    def denominator(self, call: Call, parts: Mapping[str, Any]) -> Any:
        length = call.arrays["predictions"].shape[:1] or (1,)
        return super().denominator(call, {**parts, "batch": length[0]})


@wrong("zero_weight")
class WeightedItemsForItems(Wrong):
    """mean leaves out items whose weight is 0, as if they were excluded."""

    def denominator(self, call: Call, parts: Mapping[str, Any]) -> Any:
        return super().denominator(call, {**parts, "items": parts["nonzero"]})


@wrong("weight_sum")
class SumOfWeightsOverflows(Wrong):
    """Σω is taken of the weights as they are: near the largest number it is infinite."""

    def unit(self, call: Call, omega: np.ndarray) -> float:
        return 1.0


@wrong("zero_denominator")
class ZeroTimesGradient(Wrong):
    """Over a denominator of 0 the gradient is multiplied by 0, which leaves NaN as it is."""

    def over_zero(self, call: Call, gradient: np.ndarray) -> np.ndarray:
        return gradient * 0.0


@wrong("negative_weight")
class SumForSumOfMagnitudes(Wrong):
    """absolute_weighted_mean divides by Σω."""

    def denominator(self, call: Call, parts: Mapping[str, Any]) -> Any:
        return super().denominator(call, {**parts, "absolute_weight": parts["weight"]})


@wrong("negative_weight")
class MagnitudeOfTheSum(Wrong):
    """absolute_weighted_mean divides by |Σω|."""

    def denominator(self, call: Call, parts: Mapping[str, Any]) -> Any:
        return super().denominator(call, {**parts, "absolute_weight": abs(parts["weight"])})


@wrong("negative_weight")
class NegativeIsNotCounted(Wrong):
    """Items with ω > 0 are counted, where those with ω ≠ 0 should be."""

    def parts(
        self, call: Call, items: np.ndarray, omega: np.ndarray, seen: np.ndarray
    ) -> dict[str, Any]:
        return {**super().parts(call, items, omega, seen), "nonzero": int((omega > 0).sum())}
