"""From targets to their mass, excluded and invalid items made harmless."""

from __future__ import annotations

from typing import Any

from wce_core.arrays.ops import ArrayOps
from wce_core.arrays.rounding import widened
from wce_core.evaluation.spec import LossSpec
from wce_core.formulas.targets.base import Targets
from wce_core.formulas.targets.binary import BinaryLabels, BinaryTargets
from wce_core.formulas.targets.candidates import CandidateSets
from wce_core.formulas.targets.class_indices import ClassIndices
from wce_core.formulas.targets.dense import DenseTargets
from wce_core.types import Array

SHORT_INTEGERS = ("int2", "int4", "int8", "int16", "uint2", "uint4", "uint8", "uint16")


def target_mass(
    ops: ArrayOps, spec: LossSpec, targets: Array, included: Array | None
) -> tuple[Targets, Array | None]:
    """The mass, excluded items neutral, and a factor of NaN for labels that name no class."""
    if spec.axis is None:
        return _pair(ops, spec, targets, included), None
    if spec.candidates:
        return _sets(ops, spec, targets, included)
    if spec.index_targets:
        return _index(ops, spec, targets, included)
    return _dense(ops, spec, targets, included), None


def _index(
    ops: ArrayOps, spec: LossSpec, targets: Array, included: Array | None
) -> tuple[Targets, Array | None]:
    xp, axis, classes = ops.xp, spec.axis, spec.classes
    assert axis is not None
    if ops.dtype_name(targets) in SHORT_INTEGERS:  # C may lie beyond what they can be compared with
        targets = ops.cast(targets, ops.index_dtype)
    if spec.checked:
        index, poison = neutralised(ops, targets, included, 0), None
    else:
        valid = (targets >= 0) & (targets < classes)
        index = xp.where(valid if included is None else valid & included, targets, 0)
        bad = ~valid if included is None else ~valid & included
        ones = xp.ones_like(index, dtype=ops.dtype(spec.accumulate))
        poison = xp.where(bad, xp.nan, ones)
    index = ops.cast(index, ops.index_dtype)
    return ClassIndices(ops, index, axis, classes, spec.mass), poison


def _sets(
    ops: ArrayOps, spec: LossSpec, targets: Array, included: Array | None
) -> tuple[Targets, Array | None]:
    """Of what is excluded, and of sets that name no class, all classes are candidates."""
    assert spec.axis is not None
    xp, poison = ops.xp, None
    candidates = neutralised(ops, targets, included, True)
    if not spec.checked:
        some = xp.any(candidates, axis=spec.axis, keepdims=True)
        poison = xp.where(some, xp.ones_like(some, dtype=ops.dtype(spec.accumulate)), xp.nan)
        candidates = candidates | ~some
    mass: Any = CandidateSets(ops, candidates, spec.axis, spec.mass)
    return mass, poison


def _dense(ops: ArrayOps, spec: LossSpec, targets: Array, included: Array | None) -> DenseTargets:
    assert spec.axis is not None
    mass = neutralised(ops, widened(ops, targets, spec.mass), included, 0.0)
    if not spec.checked:
        mass = ops.xp.where(mass >= 0, mass, ops.xp.nan)
    return DenseTargets(ops, mass, spec.axis)


def _pair(ops: ArrayOps, spec: LossSpec, targets: Array, included: Array | None) -> Targets:
    one = neutralised(ops, widened(ops, targets, spec.mass), included, 0.0)
    if not spec.checked:
        one = ops.xp.where((one >= 0) & (one <= 1), one, ops.xp.nan)
    if spec.region is not None:  # what is left to class 0 is seldom asked for
        return DenseTargets(ops, one, -1)
    return BinaryTargets(ops, one, 1.0 - one)


def as_labels(pair: BinaryTargets, dtype: str) -> BinaryTargets | BinaryLabels:
    """A pair of which one is 0 everywhere, where that can be known; its sign in that dtype."""
    ops = pair.ops
    if ops.all_zero(pair.one * pair.zero):
        return BinaryLabels(ops, pair.one, pair.zero, ops.cast(pair.zero - pair.one, dtype))
    return pair


def neutralised(ops: ArrayOps, array: Array, included: Array | None, neutral: float) -> Array:
    """Excluded items are replaced before anything can be computed from them."""
    return array if included is None else ops.xp.where(included, array, neutral)
