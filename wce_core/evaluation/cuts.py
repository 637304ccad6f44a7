"""The part of arrays that belongs to a block of items."""

from __future__ import annotations

from typing import Any

from wce_core.types import Array, Cut


def cut_of(array: Any, cut: Cut) -> Any:
    """The part of an array that has the predictions' rank; any other, and None, as it is."""
    return array if array is None or array.ndim < len(cut) else array[own_cut(array, cut)]


def own_cut(array: Array, cut: Cut) -> Cut:
    """``cut``, whole along the axes on which the array has length 1."""
    return tuple(s if n > 1 else slice(None) for s, n in zip(cut, array.shape, strict=False))
