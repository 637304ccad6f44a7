"""The items of region losses, and how sums over regions and their slopes are laid out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, cast

from wce_core.arrays.chance import Chance
from wce_core.arrays.ops import ArrayOps
from wce_core.formulas.regions import Region
from wce_core.formulas.targets.class_indices import ClassIndices
from wce_core.formulas.targets.dense import DenseTargets
from wce_core.types import Array, Arrays

from .spec import COTANGENT, LossSpec
from .weighing import Weighed, weigh


class Members(NamedTuple):
    """The items, by class: how likely it is, its mass t, and what weighs the item."""

    ops: ArrayOps
    chance: Chance
    t: Array
    exact: Array
    """t in the dtype of masses, which may be wider."""
    hard: Array | None
    """Boolean: where t is 1 and not 0. None: it may be between."""
    weight: Array | None

    @property
    def other(self) -> Array:
        """1 − t."""
        return self._narrowed(1.0 - self.exact)

    def between(self, zero: Array, one: Array) -> Array:
        """(1 − t)·zero + t·one, of which no digit is lost where t is 0 or 1."""
        if self.hard is not None:
            return self.ops.xp.where(self.hard, one, zero)
        if self.ops.dtype_name(self.exact) == self.ops.dtype_name(self.t):
            return self.ops.lerp(zero, one, self.t)
        return zero * self.other + one * self.t

    def mistake(self) -> Array:
        """p − t, or (1 − t) − (1 − p), where these are the smaller numbers: no digit is lost."""
        p, rest = self.chance
        if self.hard is not None:
            return self.ops.xp.where(self.hard, -rest, p)
        wide = self.ops.dtype_name(self.exact)
        zero = self.ops.cast(p, wide) - self.exact
        one = (1.0 - self.exact) - self.ops.cast(rest, wide)
        return self._narrowed(self.ops.xp.where(self.exact > 0.5, one, zero))

    def _narrowed(self, array: Array) -> Array:
        return self.ops.cast(array, self.ops.dtype_name(self.t))


class Losses(NamedTuple):
    """Of each region: its loss, 1 if it counts in a mean (else 0), and its weight there."""

    loss: Array
    counted: Array
    weight: Array
    slopes: Callable[[Array], Any]
    """∂(Σℓ / divisor) / ∂p of each element, or what they are made of, given the divisor."""


def region_of(spec: LossSpec) -> Region:
    """Of a spec that has one."""
    return cast(Region, spec.region)


def weighed_items(ops: ArrayOps, spec: LossSpec, arrays: Arrays, *, closed: bool) -> Weighed:
    """The mass and the weights of items alone: those of classes are of regions."""
    own = {name: array for name, array in arrays.items() if name != "class_weight"}
    return weigh(ops, spec, own, closed=closed)


def members_of(ops: ArrayOps, spec: LossSpec, weighed: Weighed, chance: Chance) -> Members:
    """The items, those that are excluded with a weight of 0."""
    t, exact, hard = _targets(ops, spec, weighed)
    weight = weighed.factor
    if weighed.included is not None:
        ones = ops.scalar(1.0, spec.accumulate, chance.p) if weight is None else weight
        weight = ops.xp.where(weighed.included, ones, 0.0)
    weight = None if weight is None else wide(ops, spec, weight)
    return Members(ops, chance, t, exact, hard, weight)


def _targets(ops: ArrayOps, spec: LossSpec, weighed: Weighed) -> tuple[Array, Array, Array | None]:
    """t, the same in the dtype of masses, and where t is 1 of what is 0 elsewhere."""
    mass: Any = weighed.mass
    if isinstance(mass, ClassIndices):
        hard = mass.is_own()
        t = ops.cast(hard, spec.compute)
        return t, t, hard
    t = cast(DenseTargets, mass).mass
    if not spec.checked:
        t = ops.xp.where(t <= 1, t, ops.xp.nan)
    return ops.cast(t, spec.compute), t, None


def over_regions(ops: ArrayOps, spec: LossSpec, values: Array, members: Members) -> Array:
    """Σ weight · value along every axis that is not kept."""
    if members.weight is not None:
        values = wide(ops, spec, values) * members.weight
    if not kept_axes(spec):
        return ops.total(values, spec.accumulate, spec.accumulate)
    rows = in_rows(ops, spec, values)
    return ops.total(rows, spec.accumulate, spec.accumulate, axis=-1)


def kept_axes(spec: LossSpec) -> tuple[int, ...]:
    """The axes of the sums: those of regions, and that of classes, which are weighed first."""
    region = region_of(spec)
    if spec.axis is None:
        return region.kept
    return (*(axis for axis in region.kept if axis != spec.axis), spec.axis)


def in_rows(ops: ArrayOps, spec: LossSpec, values: Array) -> Array:
    """The elements of each region as a row, after the axes that are kept."""
    kept, others = kept_axes(spec), _others(spec, values.ndim)
    count: Any = 1
    for axis in others:
        count = count * ops.length(values, axis)
    sizes = [ops.length(values, axis) for axis in kept]
    return ops.xp.reshape(ops.xp.permute_dims(values, kept + others), (*sizes, count))


def out_of_rows(ops: ArrayOps, spec: LossSpec, rows: Array, like: Array) -> Array:
    """Elements in rows where those of ``like`` stand."""
    order = kept_axes(spec) + _others(spec, like.ndim)
    laid = ops.xp.reshape(rows, tuple(ops.length(like, axis) for axis in order))
    return ops.xp.permute_dims(laid, tuple(order.index(axis) for axis in range(like.ndim)))


def _others(spec: LossSpec, rank: int) -> tuple[int, ...]:
    kept = kept_axes(spec)
    return tuple(axis for axis in range(rank) if axis not in kept)


def laid_along(ops: ArrayOps, spec: LossSpec, values: Array, rank: int) -> Array:
    """What is there for each sum, with the predictions' rank."""
    kept = kept_axes(spec)
    order = tuple(sorted(range(len(kept)), key=kept.__getitem__))
    values = ops.xp.permute_dims(values, order) if len(kept) > 1 else values
    for axis in _others(spec, rank):
        values = ops.xp.expand_dims(values, axis=axis)
    return values


def wide(ops: ArrayOps, spec: LossSpec, array: Array) -> Array:
    """In the dtype of sums."""
    return ops.cast(array, spec.accumulate)


def class_weights(ops: ArrayOps, spec: LossSpec, arrays: Arrays) -> Array | None:
    """(C,), in the dtype of sums."""
    if "class_weight" not in arrays:
        return None
    return wide(ops, spec, ops.xp.reshape(arrays["class_weight"], (-1,)))


def region_weights(ops: ArrayOps, spec: LossSpec, arrays: Arrays, like: Array) -> Array:
    """What the loss of each region is multiplied with: the weight of its class."""
    own, ones = class_weights(ops, spec, arrays), ops.xp.ones_like(like)
    return ones if own is None or region_of(spec).classes == "together" else ones * own


def present_of(ops: ArrayOps, spec: LossSpec, size: Array, found: Array) -> Array:
    """0 for regions that are absent and whose rule asks for it, else 1.

    One in which NaN was ``found`` is not: nothing but exclusion silences it.
    """
    ones = ops.xp.ones_like(found)
    if region_of(spec).absent == "count":
        return ones
    return ops.xp.where((size == 0) & (found == found), 0.0, ones)


def factors(ops: ArrayOps, spec: LossSpec, arrays: Arrays, weight: Array) -> Array:
    """Those weights, times the cotangent of each region if there is one."""
    return weight * wide(ops, spec, arrays[COTANGENT]) if COTANGENT in arrays else weight
