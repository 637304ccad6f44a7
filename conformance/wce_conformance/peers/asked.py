"""What a vector asks for, in words that a library's own arguments can be compared with."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from wce_conformance.judging.numbers import EPS
from wce_conformance.vectors import Vector

_DENOMINATORS = {
    "mean": "items",
    "mean_over_all": "all_items",
    "weighted_mean": "weight",
    "absolute_weighted_mean": "absolute_weight",
    "nonzero_mean": "nonzero",
    "batch_mean": "batch",
}

CROSS_ENTROPIES = ("cross_entropy", "binary_cross_entropy")
"""The losses that libraries are compared in."""


class Asked:
    """A vector, looked at from a library that has less than all of it."""

    def __init__(self, vector: Vector) -> None:
        self.vector = vector
        self.options = vector.options
        self.arrays = vector.arrays

    @property
    def binary(self) -> bool:
        """Of the binary loss."""
        return self.vector.loss == "binary_cross_entropy"

    @property
    def form(self) -> str:
        """What the predictions are."""
        return str(self.options.get("form", "logits"))

    @property
    def clip(self) -> float | None:
        """The bound of probabilities."""
        return self.options.get("clip")

    @property
    def smoothing(self) -> float:
        """ε."""
        return float(self.options.get("label_smoothing", 0.0))

    @property
    def uniform(self) -> bool:
        """Smoothing, if any, over all classes."""
        return self.smoothing == 0 or self.options.get("smoothing", "uniform") == "uniform"

    @property
    def index(self) -> bool:
        """Class indices as targets."""
        return self.arrays["targets"].ndim < self.arrays["predictions"].ndim

    @property
    def axis(self) -> int:
        """That of the classes."""
        return int(self.options.get("axis", -1))

    @property
    def unit_mass(self) -> bool:
        """Every row of the targets sums to 1, to rounding."""
        if self.index or self.binary:
            return True
        targets = self.arrays["targets"].astype(np.float64)
        return bool(np.allclose(targets.sum(self.axis), 1, rtol=0, atol=4 * EPS[self.vector.dtype]))

    @property
    def hard(self) -> bool:
        """Every item belongs to one class, so that all rules for soft targets agree."""
        targets = self.arrays["targets"].astype(np.float64)
        kept = targets[targets != self.options.get("ignore_index")]
        return self.smoothing == 0 and (self.index or bool(np.isin(kept, (0, 1)).all()))

    @property
    def per_class(self) -> bool:
        """Class weights, if any, stand inside the sum over classes."""
        weighted = {"class_weight", "pos_weight"} & set(self.vector.modes)
        rule = self.options.get("soft_weighting", "per_class")
        return not weighted or rule == "per_class" or (self.hard and self.unit_mass)

    @property
    def reduction(self) -> str:
        """The reduction, under its simplest name where several are the same for this call.

        Without exclusion, the mean over all items is that over those not excluded; without
        weights and with a mass of 1, so are the mean by Σω and that over items with ω ≠ 0.
        """
        asked = self.vector.reduction
        if asked == "sum" and "normalizer" in self.options:
            return "normalized sum"
        unweighted = self.has_only("mask", "ignore_index") and self.unit_mass
        if asked == "mean_over_all" and not {"mask", "ignore_index"} & set(self.vector.modes):
            return "mean"
        return "mean" if asked in ("weighted_mean", "nonzero_mean") and unweighted else asked

    def has_only(self, *modes: str) -> bool:
        """No weighting mode but these."""
        return set(self.vector.modes) <= set(modes)

    def empty_means(self, convention: str | None) -> bool:
        """A mean of nothing, if this is one, is what the library's convention says.

        `convention`: "zero", "nan", or None where it is an error.
        """
        field = _DENOMINATORS.get(self.vector.reduction)
        if field is None or getattr(self.vector.expected.parts, field) != 0:
            return True
        return bool(self.options.get("empty", "zero") == convention)

    def fits(self, names: Collection[str], dtype: np.dtype[Any] | None = None) -> bool:
        """Each of these arguments is the same in the dtype of the predictions, or in `dtype`."""
        if any(isinstance(self.options.get(name), str) for name in names):
            return False  # no array: the batch says what it is
        wanted = self.arrays["predictions"].dtype if dtype is None else dtype
        return all(_same(self._argument(name), wanted) for name in names)

    def weights(self, name: str) -> np.ndarray | None:
        """Weights in the dtype of the predictions; those by class in the order of the classes."""
        own = self._argument(name)
        return None if own is None else own.astype(self.arrays["predictions"].dtype)

    def targets(self) -> np.ndarray:
        """Dense or binary targets in the dtype of the predictions."""
        return self.arrays["targets"].astype(self.arrays["predictions"].dtype)

    def sample_weight(self) -> np.ndarray | None:
        """With an axis, perhaps of length 1, for every axis of the items."""
        weights = self.weights("sample_weight")
        if weights is None:
            return None
        rank = self.arrays["predictions"].ndim - (0 if self.binary else 1)
        return weights.reshape(weights.shape + (1,) * (rank - weights.ndim))

    def _argument(self, name: str) -> np.ndarray | None:
        if name in self.arrays:
            return self.arrays[name]
        own = self.options.get(name)
        if isinstance(own, dict):
            return np.array([own[k] for k in sorted(own)], dtype=np.float64)
        return None if own is None else np.asarray(own, dtype=np.float64)


def _same(array: np.ndarray | None, dtype: np.dtype[Any]) -> bool:
    if array is None:
        return True
    wide = array.astype(np.float64)
    with np.errstate(over="ignore"):
        return np.array_equal(wide.astype(dtype).astype(np.float64), wide, equal_nan=True)
