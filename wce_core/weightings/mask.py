"""``mask``: False excludes an item."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import dtype_error
from ..layout import Layout
from ..types import Array
from .base import Weighting

if TYPE_CHECKING:
    from ..backend import Backend


class Mask(Weighting):
    """Boolean, placed like ``sample_weight``."""

    name = "mask"
    per_item = True

    def prepare(self, be: Backend, layout: Layout, value: Any) -> Array:
        """Boolean; a prefix of the items' shape, or the same rank with each axis equal or 1."""
        if be.dtype_name(value) != "bool":
            raise dtype_error(self.name, be.dtype_name(value), "bool (weights are sample_weight=)")
        return layout.over_items(be, value, self.name)

    def included(self, be: Backend, array: Array, targets: Array) -> Array:
        """The mask itself."""
        del be, targets
        return array
