"""``sample_weight``: a factor per item."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..layout import Layout
from ..types import Array
from .base import Weighing, Weighting, check_weights, require_real

if TYPE_CHECKING:
    import numpy as np

    from ..backend import Backend


class SampleWeight(Weighting):
    """s ← s·sample_weight."""

    name = "sample_weight"
    per_item = True

    def prepare(self, be: Backend, layout: Layout, value: Any) -> Array:
        """A prefix of the items' shape, or the same rank with each axis equal or 1."""
        require_real(be, self.name, value)
        return layout.over_items(be, value, self.name)

    def check(self, layout: Layout, values: np.ndarray, included: Any) -> None:
        """Finite, not negative, in every item that takes part."""
        check_weights(self.name, values, included, layout.as_given)

    def apply(self, weighing: Weighing, array: Array) -> Weighing:
        """The item factor, times this; an excluded item's weight is not even read."""
        array = weighing.wide(array)
        if weighing.included is not None:
            array = weighing.be.xp.where(weighing.included, array, 0.0)
        return weighing._replace(factor=weighing.times(array))
