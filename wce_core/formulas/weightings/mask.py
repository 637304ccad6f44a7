"""``mask``: False excludes an item."""

from __future__ import annotations

from typing import Any

from wce_core.arrays.ops import ArrayOps
from wce_core.errors import dtype_error
from wce_core.formulas.layout import Layout
from wce_core.types import Array

from .base import Weighting


class Mask(Weighting):
    """Boolean, placed like ``sample_weight``."""

    name = "mask"
    per_item = True

    def prepare(self, ops: ArrayOps, layout: Layout, value: Any) -> Array:
        """Boolean; a prefix of the items' shape, or the same rank with each axis equal or 1."""
        if ops.dtype_name(value) != "bool":
            raise dtype_error(self.name, ops.dtype_name(value), "bool (weights are sample_weight=)")
        return layout.over_items(ops, value, self.name)

    def included(self, ops: ArrayOps, array: Array, targets: Array) -> Array:
        """The mask itself."""
        del ops, targets
        return array
