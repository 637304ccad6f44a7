"""What sums over items are divided by."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, cast

from wce_core.arrays.ops import ArrayOps
from wce_core.evaluation.spec import LossSpec
from wce_core.evaluation.weighing import Weighed, _included, omega
from wce_core.formulas.reductions import DENOMINATORS
from wce_core.formulas.targets.base import SoftTargets
from wce_core.formulas.weightings import WEIGHTINGS
from wce_core.types import Array, Arrays

UNIT = 2.0**-64
"""Of weights so large that their sum is infinite: that many of them still have one in it."""


COUNTED = ("items", "weight", "nonzero", "absolute_weight")
"""Denominators that are sums over items."""
SUMS = ("weight", "absolute_weight")
"""Those that are sums of weights."""
COUNTS = ("mean", "mean_over_all", "batch_mean")
"""Reductions that divide by a number of items, whatever is in them."""


class Divisor(NamedTuple):
    """What Σℓ is divided by, never 0."""

    number: Array
    unit: Array | None = None
    """What weights are multiplied with first, where effective weights add up to infinity."""
    zero: Array | None = None
    """Is there a 1 in the place of a 0? None: it is known that there is not."""


def counted(spec: LossSpec) -> tuple[str, ...]:
    """The sums over items that the reduction divides by (``parts``: all)."""
    if spec.reduction == "parts":
        return COUNTED
    name = DENOMINATORS[spec.reduction]
    return (name,) if name in COUNTED else ()


def needs_weights(spec: LossSpec) -> bool:
    """Are weights among what is counted, or items alone?"""
    return counted(spec) not in ((), ("items",))


def sums_over_items(
    ops: ArrayOps, spec: LossSpec, arrays: Arrays, weighed: Weighed | None, unit: float = 1.0
) -> dict[str, Array]:
    """Those sums, over a block; items alone are counted without its weights.

    ``unit``: what effective weights are multiplied with before they are added.
    """
    names = counted(spec)
    found: dict[str, Array] = {}
    if "items" in names:
        found["items"] = _items(ops, spec, arrays)
    if weighed is not None and needs_weights(spec):
        weights = omega(ops, spec, weighed)
        weights = weights if unit == 1.0 else weights * unit
        if "weight" in names:
            found["weight"] = ops.total(weights, spec.accumulate, spec.part)
        if "nonzero" in names:
            found["nonzero"] = _true(ops, weights != 0)
        if "absolute_weight" in names:
            # Selected: at 0, where frameworks differ, the slope of |ω| is that of ω.
            size = ops.xp.where(weights < 0, -weights, weights)
            found["absolute_weight"] = ops.total(size, spec.accumulate, spec.part)
    return found


def _items(ops: ArrayOps, spec: LossSpec, arrays: Arrays) -> Array:
    included, predictions = _included(ops, arrays), arrays["predictions"]
    if included is None:
        everything = lengths(ops, spec, arrays)["all_items"]
        return ops.scalar(everything, ops.index_dtype, predictions)
    count = _true(ops, included)
    for axis in range(predictions.ndim):
        if (
            axis != spec.axis and ops.shape(included)[axis] == 1
        ):  # of as many as the predictions have
            count = count * ops.length(predictions, axis)
    return count


def _true(ops: ArrayOps, flags: Array) -> Array:
    return ops.xp.sum(ops.cast(flags, ops.index_dtype), dtype=ops.dtype(ops.index_dtype))


def lengths(ops: ArrayOps, spec: LossSpec, arrays: Arrays) -> dict[str, Any]:
    """``all_items`` and ``batch``: known from the shape."""
    predictions = arrays["predictions"]
    axes = [i for i in range(predictions.ndim) if i != spec.axis]
    everything: Any = 1
    for axis in axes:
        everything = everything * ops.length(predictions, axis)
    batch = 1 if spec.batch_axis is None else ops.length(predictions, spec.batch_axis)
    return {"all_items": everything, "batch": batch}


def denominator(
    ops: ArrayOps, spec: LossSpec, arrays: Arrays, counts: dict[str, Array]
) -> Array | None:
    """What Σℓ is divided by, in the accumulating dtype; None: by nothing."""
    name = DENOMINATORS[spec.reduction]
    if name is None or (name == "normalizer" and name not in arrays):
        return None
    known = {**counts, **arrays}
    if name in ("all_items", "batch"):
        known = lengths(ops, spec, arrays)
    return ops.scalar(known[name], spec.accumulate, arrays["predictions"])


def divisor(
    ops: ArrayOps,
    spec: LossSpec,
    arrays: Arrays,
    counts: dict[str, Array],
    count: Callable[[float], dict[str, Array]],
) -> Divisor | None:
    """The denominator as something to divide by; ``count`` takes its sums again, in a unit."""
    number = denominator(ops, spec, arrays, counts)
    if number is None or ops.divides(number):
        return None if number is None else Divisor(number)
    xp, zero, unit = ops.xp, number == 0, None
    name = DENOMINATORS[spec.reduction]
    if name in SUMS and _may_overflow(ops, spec, arrays):
        large = ~xp.isfinite(number)  # NaN may be ∞ − ∞
        number = xp.where(large, count(UNIT)[name], number)
        unit = xp.where(large, UNIT, xp.ones_like(number))
    return Divisor(xp.where(zero, 1.0, number), unit, zero)


def _may_overflow(ops: ArrayOps, spec: LossSpec, arrays: Arrays) -> bool:
    """Is a weight of a dtype whose largest numbers, added, are no numbers of the sum's?"""
    return any(
        ops.dtype_name(array) == spec.accumulate
        for name, array in arrays.items()
        if name in WEIGHTINGS or name == "targets"
    )


def shared(ops: ArrayOps, spec: LossSpec, weighed: Weighed, divisor: Divisor | None) -> Weighed:
    """The items with their factors divided, before anything large is multiplied or added."""
    if divisor is None:
        return weighed
    mass, factor, unit = weighed.mass, weighed.factor, divisor.unit
    if unit is not None and spec.mass == spec.accumulate and not spec.one_class:
        mass = cast(SoftTargets, mass).scaled(unit)
    elif unit is not None and factor is not None:
        factor = factor * unit
    if factor is not None:
        factor = ops.xp.divide(factor, divisor.number)
    return weighed._replace(mass=mass, factor=factor)


def none_over_zero(ops: ArrayOps, arrays: Arrays, weighed: Weighed, divisor: Divisor) -> Weighed:
    """The items, none of them included over a denominator of 0.

    So nothing of them, be it NaN, reaches a gradient by autodiff, which multiplies by 0.
    """
    if divisor.zero is None:
        return weighed
    some = ops.xp.reshape(~divisor.zero, (1,) * arrays["predictions"].ndim)
    return weighed._replace(included=some if weighed.included is None else weighed.included & some)


def counted_and_shared(
    ops: ArrayOps, spec: LossSpec, arrays: Arrays, weighed: Weighed
) -> tuple[Weighed, dict[str, Array], Divisor | None]:
    """The items ready to be divided, what was counted, and the divisor."""
    count = partial(sums_over_items, ops, spec, arrays, weighed)
    counts = count()
    under = divisor(ops, spec, arrays, counts, count)
    return shared(ops, spec, weighed, under), counts, under
