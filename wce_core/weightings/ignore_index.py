"""``ignore_index``: a target value that excludes its item."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..layout import Layout
from ..types import Array
from .base import Weighting

if TYPE_CHECKING:
    from ..backend import Backend


class IgnoreIndex(Weighting):
    """Index targets, or binary targets, equal to it are excluded."""

    name = "ignore_index"
    laid_out = False

    def prepare(self, be: Backend, layout: Layout, value: Any) -> Array:
        """A number in the targets' dtype."""
        del be, layout
        return value

    def included(self, be: Backend, array: Array, targets: Array) -> Array:
        """Targets that differ from it."""
        del be
        return targets != array
