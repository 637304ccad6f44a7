"""The part of arrays that belongs to a block of items."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from math import ceil, prod
from typing import Any

from wce_core.formulas.weightings import WEIGHTINGS
from wce_core.types import Array, Arrays, Cut

Each = Callable[[Callable[[Cut], Any], Sequence[Cut]], Iterable[Any]]
"""How blocks are run: ``map``, or a map that does several at a time and keeps their order."""


def cut_of(array: Any, cut: Cut) -> Any:
    """The part of an array that has the predictions' rank; any other, and None, as it is."""
    return array if array is None or array.ndim < len(cut) else array[own_cut(array, cut)]


def own_cut(array: Array, cut: Cut) -> Cut:
    """``cut``, whole along the axes on which the array has length 1."""
    return tuple(s if n > 1 else slice(None) for s, n in zip(cut, array.shape, strict=False))


def cuts_of(shape: tuple[int, ...], class_axis: int | None, size: int) -> Iterator[Cut]:
    """Slices that cover ``shape``, each of at most about ``size`` elements, whole class axes."""
    axes = [i for i in range(len(shape)) if i != class_axis]
    yield from _split(shape, axes, [slice(None)] * len(shape), size)


def _split(shape: tuple[int, ...], axes: list[int], cut: list[slice], size: int) -> Iterator[Cut]:
    if not axes or prod(shape) <= size:
        yield tuple(cut)
        return
    axis, inner = axes[0], axes[1:]
    rest = prod(n for i, n in enumerate(shape) if i != axis)
    step = max(1, size // max(1, rest))
    step = ceil(shape[axis] / ceil(shape[axis] / step))  # threads get equal blocks
    for start in range(0, shape[axis], step):
        length = min(step, shape[axis] - start)
        smaller = tuple(length if i == axis else n for i, n in enumerate(shape))
        chosen = [slice(start, start + length) if i == axis else s for i, s in enumerate(cut)]
        yield from _split(smaller, inner, chosen, size)


def part_of(arrays: Arrays, cut: Cut) -> Arrays:
    """The arrays of a block."""
    return {
        name: cut_of(array, cut) if name not in WEIGHTINGS or WEIGHTINGS[name].sliced else array
        for name, array in arrays.items()
    }
