"""``cost_matrix``: a factor by true and predicted class."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from wce_core.arrays.missing import of_nan
from wce_core.arrays.ops import ArrayOps
from wce_core.errors import shape_error
from wce_core.formulas.layout import Layout
from wce_core.formulas.targets.base import CategoricalTargets
from wce_core.types import Array

from .base import Weighing, Weighting, check_weights, require_real


class CostMatrix(Weighting):
    """s ← s·Σ_k r_k·A[k, argmax_j x_j]; no gradient through the argmax, one to A.

    A row with NaN predicts no class, and costs NaN.
    """

    name = "cost_matrix"
    binary = False
    sliced = False

    def prepare(self, ops: ArrayOps, layout: Layout, value: Any) -> Array:
        """(C, C): rows are true classes, columns predicted ones."""
        require_real(ops, self.name, value)
        if ops.shape(value) != (layout.classes, layout.classes):
            raise shape_error(
                self.name,
                ops.shape(value),
                f"({layout.classes}, {layout.classes}): rows true class, columns predicted class",
            )
        return value

    def check(self, layout: Layout, values: np.ndarray, included: Any) -> None:
        """Finite, not negative."""
        del layout, included
        check_weights(self.name, values)

    def apply(self, weighing: Weighing, array: Array) -> Weighing:
        """The item factor, times the expected cost of the predicted class."""
        assert weighing.axis is not None
        ops, predictions = weighing.ops, weighing.predictions
        predicted = ops.argmax(predictions, weighing.axis)
        mass = cast(CategoricalTargets, weighing.mass)
        cost = mass.expected_cost(array, predicted, weighing.dtype)
        missing = ops.cast(of_nan(ops, predictions, weighing.axis), weighing.dtype)
        # Selected, not added: a row that predicts no class has no gradient to the matrix.
        cost = ops.xp.where(missing == missing, cost, missing)
        if weighing.included is not None:
            cost = ops.xp.where(weighing.included, cost, 0.0)
        return weighing._replace(factor=weighing.times(cost))
