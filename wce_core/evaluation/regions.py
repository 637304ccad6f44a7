"""Region losses on arrays: value and closed-form gradient, as :mod:`.evaluate` has of item losses.

What there is of each item is computed in the computing dtype; sums over regions, and what is made
of them, in the accumulating one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wce_core.arrays.ops import ArrayOps
from wce_core.arrays.rounding import rounded
from wce_core.formulas.regions import Ratio
from wce_core.types import Array, Arrays

from .items import rows_of
from .lovasz import lovasz_losses
from .members import Losses, Members, members_of, region_of, weighed_items
from .ratios import parts_of, ratio_losses
from .spec import LossSpec
from .weighing import Weighed


def plain(ops: ArrayOps, spec: LossSpec, arrays: Arrays) -> tuple[Array, ...]:
    """The outputs, by functions that any autodiff differentiates rightly, to any order."""
    weighed = weighed_items(ops, spec, arrays, closed=False)
    rows: Any = rows_of(ops, spec, arrays, weighed, closed=False)
    members = members_of(ops, spec, weighed, rows.chances())
    if spec.reduction == "parts":
        return parts_of(ops, spec, members)
    return outputs_of(ops, spec, _losses(ops, spec, arrays, members))


def deferred(
    ops: ArrayOps, spec: LossSpec, arrays: Arrays
) -> tuple[tuple[Array, ...], Callable[[], Array]]:
    """The outputs, and their gradient when it is asked for: of several, that of their sum."""
    weighed = weighed_items(ops, spec, arrays, closed=True)
    rows: Any = rows_of(ops, spec, arrays, weighed)
    members = members_of(ops, spec, weighed, rows.chances())
    if spec.reduction == "parts":
        return parts_of(ops, spec, members), _no_gradient
    losses = _losses(ops, spec, arrays, members)

    def gradient() -> Array:
        return pulled(
            ops, spec, arrays, weighed, rows, losses.slopes(divisor_of(ops, spec, losses))
        )

    return outputs_of(ops, spec, losses), gradient


def _no_gradient() -> Array:
    raise AssertionError("sums of regions are differentiated by the plain formula")


def pulled(
    ops: ArrayOps, spec: LossSpec, arrays: Arrays, weighed: Weighed, rows: Any, slopes: Array
) -> Array:
    """The slopes to p as those to the predictions, in the dtype in which these are kept."""
    found = rows.vjp(slopes)
    if weighed.included is not None:  # where the loss is NaN, 0 · NaN would not be 0
        found = ops.xp.where(weighed.included, found, 0.0)
    kept = spec.kept(ops.dtype_name(arrays["predictions"]))
    if kept == spec.compute:
        return found
    return ops.cast(ops.flushed(found) if spec.exact else found, kept)


def _losses(ops: ArrayOps, spec: LossSpec, arrays: Arrays, members: Members) -> Losses:
    measure = region_of(spec).measure
    if isinstance(measure, Ratio):
        return ratio_losses(ops, spec, arrays, members, measure)
    return lovasz_losses(ops, spec, arrays, members)


def _count(ops: ArrayOps, spec: LossSpec, losses: Losses) -> Array:
    """What the sum of all losses is divided by."""
    if spec.reduction in ("none", "sum"):
        return ops.scalar(1.0, spec.accumulate, losses.loss)
    values = losses.counted if spec.reduction == "mean" else losses.counted * losses.weight
    return ops.total(values, spec.accumulate, spec.accumulate)


def divisor_of(ops: ArrayOps, spec: LossSpec, losses: Losses) -> Array:
    """The same with 1 in the place of 0."""
    count = _count(ops, spec, losses)
    return ops.xp.where(count == 0, ops.xp.ones_like(count), count)


def outputs_of(ops: ArrayOps, spec: LossSpec, losses: Losses) -> tuple[Array, ...]:
    """The losses of regions, or their sum or mean."""
    found = losses.loss
    if spec.reduction != "none":
        count = _count(ops, spec, losses)
        shares = ops.xp.divide(found, divisor_of(ops, spec, losses))
        total = ops.total(shares, spec.accumulate, spec.part)
        found = ops.xp.where(count == 0, 0.0, total)  # also in derivatives
    return (rounded(ops, found, spec.result, exact=spec.exact),)
