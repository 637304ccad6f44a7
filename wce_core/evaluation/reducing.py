"""From item losses to the outputs of a call."""

from __future__ import annotations

from typing import Any

from wce_core.arrays.ops import ArrayOps
from wce_core.arrays.rounding import rounded
from wce_core.evaluation.counting import SUMS, Divisor, lengths
from wce_core.evaluation.spec import LossSpec
from wce_core.evaluation.weighing import Weighed
from wce_core.types import Array, Arrays

PARTS = ("total", "items", "all_items", "weight", "nonzero", "batch", "absolute_weight")


def total_of(
    ops: ArrayOps, spec: LossSpec, weighed: Weighed, losses: Array, divisor: Divisor | None
) -> Array:
    """Σℓ of :func:`shared` items, divided."""
    total = ops.total(losses, spec.accumulate, spec.part)
    if divisor is not None and weighed.factor is None:
        return ops.xp.divide(total, divisor.number)
    return total


def reduced(
    ops: ArrayOps,
    spec: LossSpec,
    arrays: Arrays,
    total: Array,
    counts: dict[str, Array],
    divisor: Divisor | None,
) -> tuple[Array, ...]:
    """The outputs of a call that sums: the quotient, or the parts."""
    if spec.reduction == "parts":
        return _parts(ops, spec, arrays, total, counts)
    if divisor is not None and divisor.zero is not None:
        fallback = 0.0 if spec.empty == "zero" else float("nan")
        total = ops.xp.where(divisor.zero, fallback, total)
    return (rounded(ops, total, spec.result, exact=spec.exact),)


def _parts(
    ops: ArrayOps, spec: LossSpec, arrays: Arrays, total: Array, counts: dict[str, Array]
) -> tuple[Array, ...]:
    like = arrays["predictions"]
    fields: dict[str, Any] = {"total": total, **counts, **lengths(ops, spec, arrays)}
    for name in PARTS:
        if name in ("total", *SUMS):
            fields[name] = rounded(ops, fields[name], spec.part, exact=spec.exact)
        else:
            fields[name] = ops.scalar(fields[name], ops.index_dtype, like)
    return tuple(fields[name] for name in PARTS)


def itemised(ops: ArrayOps, spec: LossSpec, losses: Array) -> Array:
    """The output of ``reduction="none"``: the items' shape, the result's dtype."""
    losses = rounded(ops, losses, spec.result, exact=spec.exact)
    return losses if spec.axis is None else ops.xp.squeeze(losses, axis=spec.axis)
