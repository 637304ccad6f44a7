"""Region losses that are ratios of sums."""

from __future__ import annotations

from typing import NamedTuple, cast

from wce_core.arrays.numerics import shares
from wce_core.arrays.ops import ArrayOps
from wce_core.arrays.powers import fixed_power
from wce_core.arrays.rounding import rounded
from wce_core.formulas.regions import Ratio
from wce_core.types import Array, Arrays

from .members import (
    Losses,
    Members,
    class_weights,
    factors,
    laid_along,
    over_regions,
    present_of,
    region_of,
    region_weights,
)
from .spec import LossSpec


class Sums(NamedTuple):
    """Of each region, or of each class of it: its mistakes, what is right, and its size."""

    mistakes: Array
    right: Array
    size: Array


class Quotient(NamedTuple):
    """Of each region: N / (N + S + σ), its denominator, and where it is 0 by a rule."""

    share: Array
    under: Array
    silent: Array


def ratio_losses(
    ops: ArrayOps, spec: LossSpec, arrays: Arrays, members: Members, ratio: Ratio
) -> Losses:
    """Those of items that are all there."""
    found = losses_of_sums(ops, spec, arrays, sums_of(ops, spec, members, ratio), ratio)

    def slopes(divisor: Array) -> Array:
        return to_elements(ops, spec, members, ratio, *found.slopes(divisor))

    return found._replace(slopes=slopes)


def losses_of_sums(
    ops: ArrayOps, spec: LossSpec, arrays: Arrays, sums: Sums, ratio: Ratio
) -> Losses:
    """v·(N / (N + S + σ))^γ, and 0 for 0/0; slopes to N and TP of each class of a region."""
    xp, region = ops.xp, region_of(spec)
    own = _together(ops, spec, arrays, sums, ratio)
    weight = region_weights(ops, spec, arrays, own.mistakes)
    factor, ones = factors(ops, spec, arrays, weight), xp.ones_like(own.mistakes)
    present = present_of(ops, spec, own.size, own.mistakes)
    share, under, silent = _quotient(ops, own, region.smooth, ratio, present)
    power = fixed_power(xp, share, ratio.exponent)
    steep = ones if ratio.exponent == 1.0 else ratio.exponent * power / share

    def slopes(divisor: Array) -> tuple[Array, Array]:
        each = xp.where(silent, 0.0, factor * steep / (under * divisor))
        to_sums = each * ((own.right + region.smooth) / under), -each * share
        return _to_classes(ops, spec, arrays, sums, ratio, to_sums)

    counted = present if region.absent == "skip" else ones
    return Losses(xp.where(silent, 0.0, factor * power), counted, weight, slopes)


def _quotient(ops: ArrayOps, own: Sums, smooth: float, ratio: Ratio, present: Array) -> Quotient:
    """Of N and S + σ, and 0 where it is no function of its mistakes.

    Of a power that is where they are 0, with a slope that is 0 or infinite.
    """
    xp, rest = ops.xp, own.right + smooth
    nothing = own.mistakes + rest == 0 if ratio.exponent == 1.0 else own.mistakes == 0
    mistakes, rest = (xp.where(nothing, 1.0, each) for each in (own.mistakes, rest))
    share, _ = shares(xp, mistakes, rest)
    return Quotient(share, mistakes + rest, nothing | (present == 0))


def sums_of(ops: ArrayOps, spec: LossSpec, members: Members, ratio: Ratio) -> Sums:
    """N, r·TP and T of each class of each region."""
    (p, rest), t = members.chance, members.t

    def summed(values: Array) -> Array:
        return over_regions(ops, spec, values, members)

    right = summed(p * t)
    if ratio.squared:
        mistake = members.mistake()
        mistakes = mistake * mistake
    else:
        zero, one = _times(ratio.false_positive, p), _times(ratio.false_negative, rest)
        mistakes = members.between(zero, one)
    asked = ratio.balanced or region_of(spec).absent != "count"
    needed = asked or spec.reduction == "parts"
    return Sums(summed(mistakes), ratio.right * right, summed(ops.constant(t)) if needed else right)


def parts_of(ops: ArrayOps, spec: LossSpec, members: Members) -> tuple[Array, ...]:
    """The outputs of a call for sums that are to be added to those of other batches."""
    return rounded_sums(
        ops, spec, sums_of(ops, spec, members, cast(Ratio, region_of(spec).measure))
    )


def rounded_sums(ops: ArrayOps, spec: LossSpec, sums: Sums) -> tuple[Array, ...]:
    """In the dtype of parts."""
    return tuple(rounded(ops, each, spec.part, exact=spec.exact) for each in sums)


def _times(factor: float, values: Array) -> Array:
    return values if factor == 1.0 else factor * values


def _together(ops: ArrayOps, spec: LossSpec, arrays: Arrays, sums: Sums, ratio: Ratio) -> Sums:
    """The sums of regions, of those of each class in them."""
    if spec.axis is None or region_of(spec).classes == "apart":
        return sums
    shares = _shares(ops, spec, arrays, sums.size, ratio)
    added = (each if shares is None else each * shares for each in sums[:2])
    dtype = spec.accumulate
    return Sums(*(ops.total(each, dtype, dtype, axis=-1) for each in (*added, sums.size)))


def _shares(
    ops: ArrayOps, spec: LossSpec, arrays: Arrays, size: Array, ratio: Ratio
) -> Array | None:
    """What sums of a class are multiplied with before they are added to those of others."""
    xp, own = ops.xp, class_weights(ops, spec, arrays)
    if not ratio.balanced:
        return own
    absent = size == 0
    least = xp.min(xp.where(absent, xp.inf, size), axis=-1, keepdims=True)
    least = xp.where(least == xp.inf, xp.ones_like(least), least)
    inverse = 1.0 / xp.where(absent, least, size)
    square = ops.constant(inverse * inverse)
    return square if own is None else square * own


def _to_classes(
    ops: ArrayOps,
    spec: LossSpec,
    arrays: Arrays,
    sums: Sums,
    ratio: Ratio,
    slopes: tuple[Array, Array],
) -> tuple[Array, Array]:
    """∂/∂N and ∂/∂TP of each class of each region, laid along the predictions."""
    mistakes, right = slopes
    if spec.axis is not None and region_of(spec).classes == "together":
        shares = _shares(ops, spec, arrays, sums.size, ratio)
        one = ops.xp.ones_like(sums.mistakes) if shares is None else shares
        mistakes, right = (ops.xp.expand_dims(each, axis=-1) * one for each in slopes)
    rank = arrays["predictions"].ndim
    right = ratio.right * right
    return laid_along(ops, spec, mistakes, rank), laid_along(ops, spec, right, rank)


def to_elements(
    ops: ArrayOps, spec: LossSpec, members: Members, ratio: Ratio, mistakes: Array, right: Array
) -> Array:
    """∂/∂p of each element."""

    def own(slope: Array) -> Array:
        weighed = slope if members.weight is None else slope * members.weight
        return ops.cast(weighed, spec.compute)

    if ratio.squared:
        return own(right) * members.t + own(2.0 * mistakes) * members.mistake()
    one, zero = right - ratio.false_negative * mistakes, ratio.false_positive * mistakes
    return members.between(own(zero), own(one))
