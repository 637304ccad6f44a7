"""The Lovász extension of Jaccard loss, region by region.

Errors of a region are sorted, the largest first, of equal ones in the order of the elements. Each
is multiplied with what the Jaccard loss gains as its element joins those that are wrong.
"""

from __future__ import annotations

from wce_core.arrays.ops import ArrayOps
from wce_core.types import Array, Arrays

from .members import (
    Losses,
    Members,
    factors,
    in_rows,
    laid_along,
    out_of_rows,
    present_of,
    region_of,
    region_weights,
    wide,
)
from .spec import LossSpec


def lovasz_losses(ops: ArrayOps, spec: LossSpec, arrays: Arrays, members: Members) -> Losses:
    """v·Σ_i e_i·g_i, summed in the order of the elements: only gains have to be sorted back."""
    xp, region = ops.xp, region_of(spec)
    chance, hard = members.chance, members.t > 0.5 if members.hard is None else members.hard
    errors = xp.where(hard, chance.rest, chance.p)
    if not spec.checked:
        errors = xp.where(members.t * members.other == 0, errors, xp.nan)
    masses = in_rows(ops, spec, _masses(ops, spec, members, errors))
    own = in_rows(ops, spec, wide(ops, spec, hard))
    rows = in_rows(ops, spec, errors)
    gains, size = _gains_in_place(ops, ops.constant(rows), masses, own)
    dtype = spec.accumulate
    each = ops.times(gains, wide(ops, spec, rows))  # no weight of an error that is infinite
    found = ops.total(each, dtype, dtype, axis=-1)
    weight, ones = region_weights(ops, spec, arrays, found), xp.ones_like(found)
    # NaN of one element is all of its region's, also where another gains nothing.
    factor = xp.where(found == found, factors(ops, spec, arrays, weight), xp.nan)
    present = present_of(ops, spec, size, found)
    counted = present if region.absent == "skip" else ones

    def slopes(divisor: Array) -> Array:
        steep = laid_along(ops, spec, xp.where(present == 0, 0.0, factor / divisor), errors.ndim)
        each = ops.cast(out_of_rows(ops, spec, gains, errors) * steep, spec.compute)
        return xp.where(hard, -each, each)

    return Losses(xp.where(present == 0, 0.0, factor * found), counted, weight, slopes)


def _gains_in_place(ops: ArrayOps, rows: Array, masses: Array, own: Array) -> tuple[Array, Array]:
    """The gains of elements where these stand, and the size of the region."""
    count = ops.length(rows, -1)
    order = ops.leading(rows, count, -1)
    back = ops.leading(-order, count, -1)  # where each element went
    gains, size = _gains(ops, *(ops.permuted(each, order, back) for each in (masses, own)))
    return ops.permuted(gains, back, order), size


def _masses(ops: ArrayOps, spec: LossSpec, members: Members, like: Array) -> Array:
    """The weight of each element."""
    ones = ops.xp.ones_like(wide(ops, spec, like))
    return ones if members.weight is None else ones * members.weight


def _gains(ops: ArrayOps, masses: Array, own: Array) -> tuple[Array, Array]:
    """What Jaccard loss gains element by element, and the size of the region.

    With I what is right still and U the union, both before and after an element of weight ω: ω/U
    of one of the class, ω·I/(U·U′) of another, which makes the union larger. Neither cancels.
    """
    xp = ops.xp
    targets, others = masses * own, masses * (1.0 - own)
    size = ops.total(targets, ops.dtype_name(masses), ops.dtype_name(masses), axis=-1)
    whole = xp.expand_dims(size, axis=-1)
    right = xp.flip(_preceding(ops, xp.flip(targets, axis=-1)), axis=-1)  # after the element
    before, after = whole + _preceding(ops, others), whole + ops.running_sum(others)
    nothing = before == 0
    # Of a class without elements the first that is wrong is all of the loss.
    first = ops.cast(masses > 0, ops.dtype_name(masses))
    after = xp.where(after == 0, 1.0, after)
    of_other = masses * right / (after * xp.where(nothing, 1.0, before))
    of_other = xp.where(nothing, first, of_other)
    return xp.where(own > 0, masses / after, of_other), size


def _preceding(ops: ArrayOps, values: Array) -> Array:
    """The sum of what comes before each element of a row, without the difference that cancels."""
    nothing = ops.xp.zeros_like(ops.xp.sum(values, axis=-1, keepdims=True))
    return ops.running_sum(ops.xp.concat([nothing, values], axis=-1))[..., :-1]
