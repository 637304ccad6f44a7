"""``cost_matrix``: a factor by true and predicted class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from ..errors import shape_error
from ..layout import Layout
from ..mass import CategoricalMass
from ..numerics import of_nan
from ..types import Array
from .base import Weighing, Weighting, check_weights, require_real

if TYPE_CHECKING:
    import numpy as np

    from ..backend import Backend


class CostMatrix(Weighting):
    """s ← s·Σ_k r_k·A[k, argmax_j x_j]; no gradient through the argmax, one to A.

    A row with NaN predicts no class, and costs NaN.
    """

    name = "cost_matrix"
    laid_out = False

    def prepare(self, be: Backend, layout: Layout, value: Any) -> Array:
        """(C, C): rows are true classes, columns predicted ones."""
        require_real(be, self.name, value)
        if be.shape(value) != (layout.classes, layout.classes):
            raise shape_error(
                self.name,
                be.shape(value),
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
        be, predictions = weighing.be, weighing.predictions
        predicted = be.argmax(predictions, weighing.axis)
        mass = cast(CategoricalMass, weighing.mass)
        cost = mass.expected_cost(array, predicted, weighing.dtype)
        cost = cost + be.cast(of_nan(be.xp, predictions, weighing.axis), weighing.dtype)
        return weighing._replace(factor=weighing.times(cost))
