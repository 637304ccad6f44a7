"""``fused`` a block of items at a time, for frameworks that run each operation as it is called.

A block's temporaries stay in cache and its gradient is finished, scaled and rounded before the
next block begins; float64 for ``precision="exact"`` lives in the block only. Arrays that are
already laid out with the predictions' rank are cut along with them.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import TYPE_CHECKING

from .evaluate import (
    Spec,
    Weighed,
    counted,
    denominator,
    item_losses,
    itemised,
    kept_gradient,
    reduced,
    rows_of,
    sums_over_items,
    weigh,
)
from .precision import at_least_float32
from .types import Array, Arrays
from .weightings import WEIGHTINGS

if TYPE_CHECKING:
    from .backend import Backend

Cut = tuple[slice, ...]


def in_blocks(
    be: Backend, spec: Spec, arrays: Arrays, *, gradient: bool, size: int
) -> tuple[tuple[Array, ...], Array | None]:
    """The outputs of :func:`fused` (gradient None unless asked for), ``size`` elements a block."""
    shape = tuple(arrays["predictions"].shape)
    cuts = list(cuts_of(shape, spec.axis, size))
    parts = _Parts(be, spec, arrays, cuts)
    under = denominator(be, spec, arrays, parts.counts) if gradient else None
    losses = _LossSink(be, spec, arrays)
    slopes = _gradient_sink(be, arrays) if gradient else None
    for cut in cuts:
        part, weighed = parts.at(cut)
        rows = rows_of(be, spec, part, weighed)
        losses.take(item_losses(be, spec, weighed, rows), cut)
        if slopes is not None:
            slopes[cut] = kept_gradient(be, spec, weighed, rows, under, part)
    return losses.outputs(parts.counts), slopes


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
    for start in range(0, shape[axis], step):
        length = min(step, shape[axis] - start)
        smaller = tuple(length if i == axis else n for i, n in enumerate(shape))
        chosen = [slice(start, start + length) if i == axis else s for i, s in enumerate(cut)]
        yield from _split(smaller, inner, chosen, size)


def _part(arrays: Arrays, cut: Cut) -> Arrays:
    return {
        name: _cut(array, cut) if name not in WEIGHTINGS or WEIGHTINGS[name].laid_out else array
        for name, array in arrays.items()
    }


def _cut(array: Array, cut: Cut) -> Array:
    if array.ndim < len(cut):
        return array
    own = tuple(s if n > 1 else slice(None) for s, n in zip(cut, array.shape, strict=False))
    return array[own]


class _Parts:
    """The blocks and their weights, which the denominator wants of all before the first is done.

    Of more than one block they are made twice rather than kept.
    """

    def __init__(self, be: Backend, spec: Spec, arrays: Arrays, cuts: list[Cut]) -> None:
        self.be, self.spec, self.arrays = be, spec, arrays
        self.counts: dict[str, Array] = {}
        self.only: tuple[Arrays, Weighed] | None = None
        if len(cuts) == 1:
            self.only = self._weighed(cuts[0])
        for cut in cuts if counted(spec) else ():
            for name, more in sums_over_items(be, spec, *self.at(cut)).items():
                self.counts[name] = self.counts[name] + more if name in self.counts else more

    def at(self, cut: Cut) -> tuple[Arrays, Weighed]:
        """The arrays of a block, and its weights."""
        return self._weighed(cut) if self.only is None else self.only

    def _weighed(self, cut: Cut) -> tuple[Arrays, Weighed]:
        part = _part(self.arrays, cut)
        return part, weigh(self.be, self.spec, part)


def _gradient_sink(be: Backend, arrays: Arrays) -> Array:
    predictions = arrays["predictions"]
    dtype = be.dtype(at_least_float32(be.dtype_name(predictions)))
    return be.xp.empty(predictions.shape, dtype=dtype, device=predictions.device)


class _LossSink:
    """Where item losses go: into a sum, or into the array of ``reduction="none"``."""

    def __init__(self, be: Backend, spec: Spec, arrays: Arrays) -> None:
        self.be, self.spec, self.arrays = be, spec, arrays
        predictions = arrays["predictions"]
        self.total = be.scalar(0.0, spec.accumulate, predictions)
        self.items: Array | None = None
        if spec.reduction == "none":
            shape = [n for i, n in enumerate(predictions.shape) if i != spec.axis]
            self.items = be.xp.empty(
                tuple(shape), dtype=be.dtype(spec.result), device=predictions.device
            )

    def take(self, losses: Array, cut: Cut) -> None:
        """The item losses of one block."""
        if self.items is None:
            self.total = self.total + self.be.xp.sum(losses, dtype=self.total.dtype)
        else:
            items = tuple(s for i, s in enumerate(cut) if i != self.spec.axis)
            self.items[items] = itemised(self.be, self.spec, losses)

    def outputs(self, counts: dict[str, Array]) -> tuple[Array, ...]:
        """What the call returns."""
        if self.items is not None:
            return (self.items,)
        return reduced(self.be, self.spec, self.arrays, self.total, counts)
