"""``ignore_index``: a target value that excludes its item."""

from __future__ import annotations

from typing import Any

from wce_core.arrays.ops import ArrayOps
from wce_core.formulas.layout import Layout
from wce_core.types import Array

from .base import Weighting


class IgnoreIndex(Weighting):
    """Index targets, or binary targets, equal to it are excluded."""

    name = "ignore_index"
    sliced = False

    def prepare(self, ops: ArrayOps, layout: Layout, value: Any) -> Array:
        """A number in the targets' dtype."""
        del ops, layout
        return value

    def included(self, ops: ArrayOps, array: Array, targets: Array) -> Array:
        """Targets that differ from it."""
        del ops
        return targets != array
