"""``pos_weight``: a factor on the mass of class 1, as in PyTorch and TensorFlow."""

from __future__ import annotations

from typing import Any

import numpy as np

from wce_core.arrays.numerics import along
from wce_core.arrays.ops import ArrayOps
from wce_core.errors import shape_error
from wce_core.formulas.layout import Layout, Shape, same_length
from wce_core.types import Array

from .base import Weighing, Weighting, check_weights, require_real


class PosWeight(Weighting):
    """w₁ ← w₁·pos_weight, for all labels, one per label or one per element."""

    name = "pos_weight"
    categorical = False

    def prepare(self, ops: ArrayOps, layout: Layout, value: Any) -> Array:
        """A scalar, (L,) along the label axis, or an array laid out with the predictions' rank."""
        require_real(ops, self.name, value)
        shape, rank = ops.shape(value), len(layout.shape)
        if shape == ():
            return ops.xp.reshape(value, (1,) * rank)
        if len(shape) == rank and (rank >= 2 or shape == (1,)):
            return _laid_out(shape, layout, value)
        if layout.axis is None:
            raise shape_error(
                self.name,
                shape,
                "one weight: rank-1 predictions have labels only if axis=0 is given",
            )
        if shape != (layout.classes,):
            raise shape_error(self.name, shape, f"a scalar or ({layout.classes},), one per label")
        return along(ops.xp, value, layout.axis, rank)

    def check(self, layout: Layout, values: np.ndarray, included: Any) -> None:
        """Finite, not negative."""
        del layout, included
        check_weights(self.name, values.reshape(-1))

    def apply(self, weighing: Weighing, array: Array) -> Weighing:
        """The weight of class 1, times this."""
        array = weighing.wide(array)
        if weighing.class_weights is None:
            return weighing._replace(class_weights=(None, array))
        zero, one = weighing.class_weights
        return weighing._replace(class_weights=(zero, one * array))


def _laid_out(shape: Shape, layout: Layout, value: Array) -> Array:
    if not all(a == 1 or same_length(a, b) for a, b in zip(shape, layout.shape, strict=True)):
        raise shape_error(
            "pos_weight", shape, f"the predictions' shape {layout.shape} with each axis equal or 1"
        )
    return value
