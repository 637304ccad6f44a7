"""``fused`` a block of items at a time, for frameworks that run each operation as it is called.

A block's temporaries stay in cache and its gradient is finished, scaled and rounded before the
next block begins; float64 for ``precision="exact"`` lives in the block only. Arrays that are
already laid out with the predictions' rank are cut along with them.
"""

from __future__ import annotations

from functools import partial, reduce
from math import prod
from operator import add
from typing import Any, cast

from wce_core.arrays.ops import ArrayOps
from wce_core.formulas.targets.class_indices import ClassIndices
from wce_core.types import Array, Arrays, Cut

from .balancing import occurrences, with_balance
from .counting import Divisor, counted, divisor, needs_weights, shared, sums_over_items
from .cuts import Each, cut_of, cuts_of, own_cut, part_of
from .evaluate import fused
from .items import item_losses, kept_gradient, loss_of_mass, rows_of, scale_of
from .reducing import itemised, reduced, total_of
from .region_blocks import regions_in_blocks
from .second_look import Bounds, Looked, first_gradient, is_proved, of_sums, revised
from .spec import LossSpec
from .weighing import Weighed, weigh

NESTED = 32
"""Blocks whose items are weighed at once."""


def in_blocks(
    ops: ArrayOps, spec: LossSpec, arrays: Arrays, *, gradient: bool, size: int, each: Each = map
) -> tuple[tuple[Array, ...], Array | None]:
    """The outputs of :func:`fused`, gradient None unless asked for.

    ``size``: float32 elements a block; half as many of float64.
    """
    size = size // 2 if spec.compute == "float64" else size
    shape = tuple(arrays["predictions"].shape)
    if prod(shape) <= size:
        return fused(ops, spec, arrays, gradient=gradient)
    if spec.region is not None:
        return regions_in_blocks(ops, spec, arrays, gradient=gradient, size=size, each=each)
    blocks = Blocks(ops, spec, arrays, size, each, gradient=gradient)
    outputs = blocks.outputs()
    if blocks.bounds is None:
        return outputs, blocks.slopes
    first = Looked(outputs, blocks.slopes, blocks.asked, blocks.unsure)
    return revised(ops, spec, arrays, first)


class Blocks:
    """The blocks of a call, and the arrays that they fill.

    What denominators need of the weights comes first; the weights are then made again rather than
    kept, since those of binary items are as large as the predictions.
    """

    def __init__(
        self,
        ops: ArrayOps,
        spec: LossSpec,
        arrays: Arrays,
        size: int,
        each: Each,
        *,
        gradient: bool,
        known: tuple[dict[str, Array], Divisor | None] | None = None,
        slopes: Array | None = None,
    ) -> None:
        """``known``: what was counted, of more items than these. ``slopes``: where to write."""
        self.ops, self.spec, self.arrays, self.size = ops, spec, arrays, size
        # Arrays over items of one class are small beside the predictions: of many blocks at once.
        # Candidates and costs are rows, as the predictions are.
        self.nested = spec.one_class and not spec.candidates and "costs" not in arrays
        self.each: Each = each if self.nested else map
        self.outer_each: Each = map if self.nested else each
        shape = tuple(arrays["predictions"].shape)
        self.cuts = list(cuts_of(shape, spec.axis, size * NESTED if self.nested else size))
        self.arrays = with_balance(ops, spec, arrays, self._occurrences)
        self.kept = self._weighed(self.cuts[0]) if len(self.cuts) == 1 else None
        self.counts, self.under = self._counted() if known is None else known
        self.slopes = slopes if gradient else None
        if gradient and slopes is None:
            self.slopes = _empty(ops, arrays, None, self._slopes_dtype())
        self.items = (
            _empty(ops, arrays, spec.axis, spec.result) if spec.reduction == "none" else None
        )
        self.bounds: Bounds | None = None
        self.asked: Array = None
        self.unsure: Array | None = None
        if is_proved(ops, spec, arrays["predictions"]):
            self.bounds = Bounds.of(ops, spec, arrays["predictions"])
            self.asked = self._nobody()

    def _nobody(self) -> Array:
        """No item, to begin with, in the predictions' rank."""
        own = self.arrays["predictions"]
        shape = tuple(1 if i == self.spec.axis else n for i, n in enumerate(own.shape))
        return self.ops.xp.zeros(shape, dtype=self.ops.dtype("bool"), device=own.device)

    def outputs(self) -> tuple[Array, ...]:
        """All blocks done."""
        made = self.made()
        if self.items is not None:
            return (made,)
        return reduced(self.ops, self.spec, self.arrays, made, self.counts, self.under)

    def made(self) -> Array:
        """All blocks done: the losses of items, or their sum."""
        found = list(self.outer_each(self._evaluated, self.cuts))
        if self.items is not None:
            return self.items
        totals, most = zip(*found, strict=True)
        total = reduce(add, totals)  # in their order: the same however many were made at a time
        if self.bounds is not None:
            largest = reduce(self.ops.xp.maximum, most)
            self.unsure = of_sums(self.bounds, total, largest, self.counts)
        return total

    def _evaluated(self, cut: Cut) -> tuple[Array, Array | None] | None:
        """One block done: its part of the gradient written, its losses too, or their sum given.

        Beside the sum is the largest error bound of an item, where there are any.
        """
        ops, spec = self.ops, self.spec
        part, weighed = self._weighed(cut) if self.kept is None else self.kept
        weighed = shared(self.ops, spec, weighed, self.under)
        scale = None
        if self.slopes is not None or self.bounds is not None:
            scale = scale_of(ops, spec, weighed, self.under, part)
        losses = (self._in_cache if self.nested else self._at_once)(cut, part, weighed, scale)
        ulps = None if self.bounds is None else self.bounds.of_items(scale)
        if self.items is None:
            most = None if ulps is None else ops.xp.max(ulps)
            return total_of(ops, spec, weighed, losses, self.under), most
        if ulps is not None:
            self.asked[own_cut(self.asked, cut)] |= ops.undecided(losses, ulps)
        items = tuple(s for i, s in enumerate(cut) if i != spec.axis)
        self.items[items] = itemised(ops, spec, losses)
        return None

    def _at_once(self, cut: Cut, part: Arrays, weighed: Weighed, scale: Array) -> Array:
        ops, spec = self.ops, self.spec
        rows = rows_of(ops, spec, part, weighed)
        costs = loss_of_mass(ops, spec, weighed, rows)
        if self.slopes is not None:
            self._write_gradient(self.slopes, cut, part, weighed, rows, scale, self.asked)
        return item_losses(ops, spec, weighed, costs)

    def _in_cache(self, cut: Cut, part: Arrays, weighed: Weighed, scale: Array) -> Array:
        """Only what reads predictions in blocks, everything of items in one."""
        ops, spec = self.ops, self.spec
        predictions, index = part["predictions"], cast(ClassIndices, weighed.mass).index
        costs = ops.empty(tuple(index.shape), spec.compute, index)
        slopes = asked = None
        if self.slopes is not None:
            slopes, asked = self.slopes[cut], cut_of(self.asked, cut)

        def evaluate(inner: Cut) -> None:
            few, own = weighed.part(inner), {"predictions": predictions[inner]}
            rows = rows_of(ops, spec, own, few)
            costs[own_cut(costs, inner)] = loss_of_mass(ops, spec, few, rows)
            if slopes is not None:
                scales = cut_of(scale, inner)
                self._write_gradient(slopes, inner, own, few, rows, scales, asked)

        for _ in self.each(evaluate, list(cuts_of(tuple(predictions.shape), spec.axis, self.size))):
            pass
        return item_losses(ops, spec, weighed, costs)

    def _write_gradient(
        self,
        slopes: Array,
        cut: Cut,
        part: Arrays,
        weighed: Weighed,
        rows: Any,
        scale: Array,
        asked: Array | None,
    ) -> None:
        into = slopes[cut]
        made = partial(kept_gradient, self.ops, self.spec, weighed, rows, scale, part, self.under)
        if self.bounds is None:
            gradient = made(into=into)
        else:
            assert self.spec.axis is not None
            assert asked is not None
            ulps = self.bounds.of_gradient(scale)
            gradient, own = first_gradient(self.ops, ulps, self.spec.axis, made, into)
            asked[own_cut(asked, cut)] |= own
        if gradient is not into:
            slopes[cut] = gradient

    def _occurrences(self) -> Array:
        parts = (part_of(self.arrays, cut) for cut in self.cuts)
        return reduce(add, (occurrences(self.ops, self.spec, part) for part in parts))

    def _counted(self) -> tuple[dict[str, Array], Divisor | None]:
        counts = self._count()
        return counts, divisor(self.ops, self.spec, self.arrays, counts, self._count)

    def _count(self, unit: float = 1.0) -> dict[str, Array]:
        counts: dict[str, Array] = {}
        if counted(self.spec):
            for found in self.outer_each(partial(self._counts, unit=unit), self.cuts):
                counts = _merged(counts, found)
        return counts

    def _counts(self, cut: Cut, unit: float) -> dict[str, Array]:
        if not needs_weights(self.spec):
            return sums_over_items(self.ops, self.spec, part_of(self.arrays, cut), None)
        part, weighed = self._weighed(cut) if self.kept is None else self.kept
        return sums_over_items(self.ops, self.spec, part, weighed, unit)

    def _weighed(self, cut: Cut) -> tuple[Arrays, Weighed]:
        part = part_of(self.arrays, cut)
        return part, weigh(self.ops, self.spec, part)

    def _slopes_dtype(self) -> str:
        return self.spec.kept(self.ops.dtype_name(self.arrays["predictions"]))


def _merged(counts: dict[str, Array], more: dict[str, Array]) -> dict[str, Array]:
    return {name: counts[name] + own if name in counts else own for name, own in more.items()}


def _empty(ops: ArrayOps, arrays: Arrays, without: int | None, dtype: str) -> Array:
    """An array of the predictions' shape, ``without`` an axis, on their device."""
    predictions = arrays["predictions"]
    shape = tuple(n for i, n in enumerate(predictions.shape) if i != without)
    return ops.empty(shape, dtype, predictions)
