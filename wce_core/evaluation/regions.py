"""Region losses on arrays: value and closed-form gradient, as :mod:`.evaluate` has of item losses.

Sums over the items of a region come first, then its ratio, then the sum over regions. Sums, ratios
and their derivatives are taken in the accumulating dtype; what there is of each item in the
computing one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, cast

from wce_core.arrays.chance import Chance
from wce_core.arrays.ops import ArrayOps
from wce_core.arrays.powers import fixed_power
from wce_core.arrays.rounding import rounded
from wce_core.dtypes import at_least_float32
from wce_core.formulas.regions import Ratio, Region
from wce_core.formulas.targets.binary import BinaryTargets
from wce_core.formulas.targets.class_indices import ClassIndices
from wce_core.formulas.targets.dense import DenseTargets
from wce_core.types import Array, Arrays

from .items import rows_of
from .spec import LossSpec
from .weighing import Weighed, weigh

COTANGENT = "cotangent"
"""What the loss of each region is multiplied with, if it is among the arrays."""


class Members(NamedTuple):
    """The items, by class: how likely it is, its mass t and 1 − t, and what weighs the item."""

    chance: Chance
    t: Array
    other: Array
    hard: Array | None
    """Boolean: where t is 1 and not 0. None: it may be between."""
    weight: Array | None

    def mistake(self) -> Array:
        """p − t, of which no digit is lost where t is 0 or 1."""
        return self.chance.p * self.other - self.chance.rest * self.t


class Sums(NamedTuple):
    """Of each region, or of each class of it: its mistakes, what is right, and its size."""

    mistakes: Array
    right: Array
    size: Array


class Losses(NamedTuple):
    """Of each region: its loss, what it counts for in a mean, and the slopes of its sums."""

    loss: Array
    counted: Array
    weight: Array
    slopes: Callable[[], tuple[Array, Array]]
    """∂/∂N and ∂/∂S of the sum of all losses, divided."""


def plain(ops: ArrayOps, spec: LossSpec, arrays: Arrays) -> tuple[Array, ...]:
    """The outputs, by functions that any autodiff differentiates rightly, to any order."""
    weighed = _weighed(ops, spec, arrays, closed=False)
    rows: Any = rows_of(ops, spec, arrays, weighed, closed=False)
    members = _members(ops, spec, weighed, rows.chances())
    return _outputs(ops, spec, _losses(ops, spec, arrays, _sums(ops, spec, members)))


def deferred(
    ops: ArrayOps, spec: LossSpec, arrays: Arrays
) -> tuple[tuple[Array, ...], Callable[[], Array]]:
    """The outputs, and their gradient when it is asked for: that of the sum of several."""
    weighed = _weighed(ops, spec, arrays, closed=True)
    rows: Any = rows_of(ops, spec, arrays, weighed)
    members = _members(ops, spec, weighed, rows.chances())
    sums = _sums(ops, spec, members)
    losses = _losses(ops, spec, arrays, sums)

    def gradient() -> Array:
        slopes = _class_slopes(ops, spec, arrays, sums, losses)
        found = rows.vjp(_slopes(ops, spec, members, *slopes))
        found = found if weighed.included is None else ops.xp.where(weighed.included, found, 0.0)
        kept = at_least_float32(ops.dtype_name(arrays["predictions"]))
        return ops.cast(ops.flushed(found) if spec.exact else found, kept)

    return _outputs(ops, spec, losses), gradient


def _region(spec: LossSpec) -> Region:
    return cast(Region, spec.region)


def _weighed(ops: ArrayOps, spec: LossSpec, arrays: Arrays, *, closed: bool) -> Weighed:
    """The mass and the weights of items alone: those of classes are of regions."""
    own = {name: array for name, array in arrays.items() if name != "class_weight"}
    return weigh(ops, spec, own, closed=closed)


def _members(ops: ArrayOps, spec: LossSpec, weighed: Weighed, chance: Chance) -> Members:
    t, other, hard = _targets(ops, spec, weighed)
    weight = weighed.factor
    if weighed.included is not None:
        ones = ops.scalar(1.0, spec.accumulate, chance.p) if weight is None else weight
        weight = ops.xp.where(weighed.included, ones, 0.0)
    return Members(chance, t, other, hard, weight)


def _targets(ops: ArrayOps, spec: LossSpec, weighed: Weighed) -> tuple[Array, Array, Array | None]:
    """t, 1 − t, and where t is 1 of what is 0 elsewhere."""
    mass: Any = weighed.mass
    if isinstance(mass, ClassIndices):
        hard = mass.is_own()
        return ops.cast(hard, spec.compute), ops.cast(~hard, spec.compute), hard
    if isinstance(mass, BinaryTargets):
        return ops.cast(mass.one, spec.compute), ops.cast(mass.zero, spec.compute), None
    t = cast(DenseTargets, mass).mass
    if not spec.checked:
        t = ops.xp.where(t <= 1, t, ops.xp.nan)
    return ops.cast(t, spec.compute), ops.cast(1.0 - t, spec.compute), None


def _sums(ops: ArrayOps, spec: LossSpec, members: Members) -> Sums:
    region, (p, rest) = _region(spec), members.chance

    def summed(values: Array) -> Array:
        return _over_regions(ops, spec, region, values, members)

    true_positive = summed(p * members.t)
    if region.ratio.squared:
        mistake = members.mistake()
        mistakes = summed(mistake * mistake)
    else:
        mistakes = region.ratio.false_positive * summed(p * members.other)
        mistakes = mistakes + region.ratio.false_negative * summed(rest * members.t)
    needed = region.ratio.balanced or region.absent != "count"
    size = summed(ops.constant(members.t)) if needed else true_positive
    return Sums(mistakes, region.ratio.right * true_positive, size)


def _over_regions(
    ops: ArrayOps, spec: LossSpec, region: Region, values: Array, members: Members
) -> Array:
    """The sum of weight · values along every axis that is not kept."""
    if members.weight is not None:
        wide = ops.cast(values, spec.accumulate)
        values = wide * ops.cast(members.weight, spec.accumulate)
    kept = _kept(spec, region)
    if not kept:
        return ops.total(values, spec.accumulate, spec.accumulate)
    others = tuple(axis for axis in range(values.ndim) if axis not in kept)
    sizes = [ops.length(values, axis) for axis in kept]
    rest: Any = 1
    for axis in others:
        rest = rest * ops.length(values, axis)
    laid = ops.xp.permute_dims(values, kept + others)
    rows = ops.xp.reshape(laid, (*sizes, rest))
    return ops.total(rows, spec.accumulate, spec.accumulate, axis=-1)


def _kept(spec: LossSpec, region: Region) -> tuple[int, ...]:
    """The axes of the sums: those of regions, and that of classes, which are weighed first."""
    if spec.axis is None:
        return region.kept
    return (*(axis for axis in region.kept if axis != spec.axis), spec.axis)


def _losses(ops: ArrayOps, spec: LossSpec, arrays: Arrays, sums: Sums) -> Losses:
    """v·(N / (N + S + σ))^γ, and 0 for 0/0."""
    xp, region = ops.xp, _region(spec)
    exponent, own = region.ratio.exponent, _together(ops, spec, arrays, sums)
    weight = _weights(ops, spec, arrays, own.mistakes)
    factor = weight if COTANGENT not in arrays else weight * _wide(ops, spec, arrays[COTANGENT])
    under = own.mistakes + own.right + region.smooth
    # Of a power the slope at 0 is 0 or infinite: there it is no function of its mistakes.
    silent = under == 0 if exponent == 1.0 else own.mistakes == 0
    ones = xp.ones_like(under)
    under, mistakes = xp.where(silent, 1.0, under), xp.where(silent, 1.0, own.mistakes)
    share = mistakes / under
    power, steep = share, ones
    if exponent != 1.0:
        power = fixed_power(xp, share, exponent)
        steep = exponent * power / share
    present = ones if region.absent == "count" else xp.where(own.size == 0, 0.0, ones)
    silent = silent | (present == 0)
    counted = present if region.absent == "skip" else ones

    def slopes() -> tuple[Array, Array]:
        each = factor * steep / (under * _divisor(ops, spec, counted, weight))
        each = xp.where(silent, 0.0, each)
        return each * ((own.right + region.smooth) / under), -each * share

    return Losses(xp.where(silent, 0.0, factor * power), counted, weight, slopes)


def _wide(ops: ArrayOps, spec: LossSpec, array: Array) -> Array:
    return ops.cast(array, spec.accumulate)


def _class_weights(ops: ArrayOps, spec: LossSpec, arrays: Arrays) -> Array | None:
    if "class_weight" not in arrays:
        return None
    return _wide(ops, spec, ops.xp.reshape(arrays["class_weight"], (-1,)))


def _weights(ops: ArrayOps, spec: LossSpec, arrays: Arrays, like: Array) -> Array:
    """What the loss of a region is multiplied with: the weight of its class."""
    own = _class_weights(ops, spec, arrays)
    ones = ops.xp.ones_like(like)
    return ones if own is None or _region(spec).classes == "together" else ones * own


def _shares(ops: ArrayOps, spec: LossSpec, arrays: Arrays, size: Array) -> Array | None:
    """What sums of a class are multiplied with before they are added to those of others.

    Sizes are measured by the smallest: their squares would be 0, or infinite.
    """
    xp, own = ops.xp, _class_weights(ops, spec, arrays)
    if not _region(spec).ratio.balanced:
        return own
    absent = size == 0
    large = xp.where(absent, xp.inf, size)
    least = xp.min(large, axis=-1, keepdims=True)
    least = xp.where(xp.isfinite(least), least, xp.ones_like(least))
    inverse = xp.where(absent, 1.0, least / xp.where(absent, 1.0, size))
    square = ops.constant(inverse * inverse / (least * least))
    return square if own is None else square * own


def _together(ops: ArrayOps, spec: LossSpec, arrays: Arrays, sums: Sums) -> Sums:
    """The sums of regions, of those of each class in them."""
    if spec.axis is None or _region(spec).classes == "apart":
        return sums
    shares = _shares(ops, spec, arrays, sums.size)

    def added(values: Array) -> Array:
        values = values if shares is None else values * shares
        return ops.total(values, spec.accumulate, spec.accumulate, axis=-1)

    size = ops.total(sums.size, spec.accumulate, spec.accumulate, axis=-1)
    return Sums(added(sums.mistakes), added(sums.right), size)


def _divisor(ops: ArrayOps, spec: LossSpec, counted: Array, weight: Array) -> Array:
    """What the sum of all losses is divided by, never 0."""
    if spec.reduction in ("none", "sum"):
        return ops.xp.ones_like(ops.xp.sum(counted))
    values = counted if spec.reduction == "mean" else counted * weight
    number = ops.total(values, spec.accumulate, spec.accumulate)
    return ops.xp.where(number == 0, ops.xp.ones_like(number), number)


def _outputs(ops: ArrayOps, spec: LossSpec, losses: Losses) -> tuple[Array, ...]:
    if spec.reduction == "none":
        return (rounded(ops, losses.loss, spec.result, exact=spec.exact),)
    under = _divisor(ops, spec, losses.counted, losses.weight)
    total = ops.total(ops.xp.divide(losses.loss, under), spec.accumulate, spec.part)
    return (rounded(ops, total, spec.result, exact=spec.exact),)


def _class_slopes(
    ops: ArrayOps, spec: LossSpec, arrays: Arrays, sums: Sums, losses: Losses
) -> tuple[Array, Array]:
    """∂/∂N and ∂/∂TP of each class of each region, laid along the predictions."""
    region = _region(spec)
    mistakes, right = losses.slopes()
    if spec.axis is not None and region.classes == "together":
        shares = _shares(ops, spec, arrays, sums.size)
        one = ops.xp.ones_like(sums.mistakes) if shares is None else shares
        mistakes = ops.xp.expand_dims(mistakes, axis=-1) * one
        right = ops.xp.expand_dims(right, axis=-1) * one
    rank = arrays["predictions"].ndim
    laid = (_laid(ops, spec, region, each, rank) for each in (mistakes, region.ratio.right * right))
    return cast(tuple[Array, Array], tuple(laid))


def _laid(ops: ArrayOps, spec: LossSpec, region: Region, values: Array, rank: int) -> Array:
    """What is there for each sum, with the predictions' rank."""
    kept = _kept(spec, region)
    order = sorted(range(len(kept)), key=lambda place: kept[place])
    values = ops.xp.permute_dims(values, tuple(order)) if len(kept) > 1 else values
    for axis in range(rank):
        if axis not in kept:
            values = ops.xp.expand_dims(values, axis=axis)
    return values


def _slopes(
    ops: ArrayOps, spec: LossSpec, members: Members, mistakes: Array, right: Array
) -> Array:
    """∂/∂p of each element."""
    xp, ratio = ops.xp, _region(spec).ratio

    def own(slope: Array) -> Array:
        slope = slope if members.weight is None else slope * _wide(ops, spec, members.weight)
        return ops.cast(slope, spec.compute)

    if ratio.squared:
        return own(right) * members.t + own(2.0 * mistakes) * members.mistake()
    return _either(xp, ratio, own, members, mistakes, right)


def _either(
    xp: Any,
    ratio: Ratio,
    own: Callable[[Array], Array],
    members: Members,
    mistakes: Array,
    right: Array,
) -> Array:
    """∂/∂TP − β·∂/∂N of t, and α·∂/∂N of 1 − t."""
    one = own(right - ratio.false_negative * mistakes)
    zero = own(ratio.false_positive * mistakes)
    if members.hard is not None:
        return xp.where(members.hard, one, zero)
    return one * members.t + zero * members.other
