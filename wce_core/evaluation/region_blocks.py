"""Losses of regions a block of items at a time, where each operation runs as it is called.

Sums of blocks are added up; what a region comes to is known then, and the blocks are visited again
for the gradient. Sorting has no blocks.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

from wce_core.arrays.ops import ArrayOps
from wce_core.formulas.regions import Ratio
from wce_core.types import Array, Arrays, Cut

from .cuts import Each, cut_of, cuts_of, part_of
from .evaluate import fused
from .items import rows_of
from .members import Members, kept_axes, members_of, region_of, weighed_items
from .ratios import Sums, losses_of_sums, rounded_sums, sums_of, to_elements
from .regions import divisor_of, outputs_of, pulled
from .spec import LossSpec
from .weighing import Weighed


class _Block(NamedTuple):
    """The items of a block."""

    arrays: Arrays
    weighed: Weighed
    rows: Any
    members: Members


def regions_in_blocks(
    ops: ArrayOps, spec: LossSpec, arrays: Arrays, *, gradient: bool, size: int, each: Each
) -> tuple[tuple[Array, ...], Array | None]:
    """The outputs of :func:`fused`, gradient None unless asked for."""
    ratio = region_of(spec).measure
    if not isinstance(ratio, Ratio):
        return fused(ops, spec, arrays, gradient=gradient)
    cuts = list(cuts_of(tuple(arrays["predictions"].shape), spec.axis, size))
    found = each(partial(_sums, ops, spec, arrays, ratio), cuts)
    sums = _added(ops, spec, arrays, list(zip(cuts, found, strict=True)))
    if spec.reduction == "parts":
        return rounded_sums(ops, spec, sums), None
    losses = losses_of_sums(ops, spec, arrays, sums, ratio)
    if not gradient:
        return outputs_of(ops, spec, losses), None
    slopes = losses.slopes(divisor_of(ops, spec, losses))
    predictions = arrays["predictions"]
    kept = spec.kept(ops.dtype_name(predictions))
    into = ops.empty(tuple(predictions.shape), kept, predictions)

    def write(cut: Cut) -> None:
        block = _block(ops, spec, arrays, cut)
        own = to_elements(ops, spec, block.members, ratio, *(cut_of(s, cut) for s in slopes))
        into[cut] = pulled(ops, spec, block.arrays, block.weighed, block.rows, own)

    for _ in each(write, cuts):
        pass
    return outputs_of(ops, spec, losses), into


def _block(ops: ArrayOps, spec: LossSpec, arrays: Arrays, cut: Cut) -> _Block:
    part = part_of(arrays, cut)
    weighed = weighed_items(ops, spec, part, closed=True)
    rows: Any = rows_of(ops, spec, part, weighed)
    return _Block(part, weighed, rows, members_of(ops, spec, weighed, rows.chances()))


def _sums(ops: ArrayOps, spec: LossSpec, arrays: Arrays, ratio: Ratio, cut: Cut) -> Sums:
    return sums_of(ops, spec, _block(ops, spec, arrays, cut).members, ratio)


def _added(ops: ArrayOps, spec: LossSpec, arrays: Arrays, blocks: list[tuple[Cut, Sums]]) -> Sums:
    """The sums of all blocks, in their order."""
    predictions, kept = arrays["predictions"], kept_axes(spec)
    lengths = tuple(predictions.shape[axis] for axis in kept)
    whole = [ops.empty(lengths, spec.accumulate, predictions) for _ in Sums._fields]
    for total in whole:
        total[...] = 0.0
    for cut, sums in blocks:
        place = tuple(cut[axis] for axis in kept)
        for total, own in zip(whole, sums, strict=True):
            total[place] += own
    return Sums(*whole)
