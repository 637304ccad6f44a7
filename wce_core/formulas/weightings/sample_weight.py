"""``sample_weight``: a factor per item."""

from __future__ import annotations

from typing import Any

import numpy as np

from wce_core.arrays.ops import ArrayOps
from wce_core.formulas.hints import negative_hint
from wce_core.formulas.layout import Layout
from wce_core.types import Array

from .base import Weighing, Weighting, check_weights, require_real


class SampleWeight(Weighting):
    """s ← s·sample_weight."""

    name = "sample_weight"
    per_item = True

    def prepare(self, ops: ArrayOps, layout: Layout, value: Any) -> Array:
        """A prefix of the items' shape, or the same rank with each axis equal or 1."""
        require_real(ops, self.name, value)
        return layout.over_items(ops, value, self.name)

    def check(self, layout: Layout, values: np.ndarray, included: Any) -> None:
        """Finite, not negative, in every item that takes part."""
        check_weights(self.name, values, included, layout.as_given, hint=negative_hint)

    def check_signed(self, layout: Layout, values: np.ndarray, included: Any) -> None:
        """Finite: an advantage may have either sign."""
        check_weights(self.name, values, included, layout.as_given, signed=True)

    def apply(self, weighing: Weighing, array: Array) -> Weighing:
        """The item factor, times this; an excluded item's weight is not even read."""
        array = weighing.wide(array)
        if weighing.included is not None:
            array = weighing.ops.xp.where(weighing.included, array, 0.0)
        return weighing._replace(factor=weighing.times(array))
