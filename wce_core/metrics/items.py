"""How much of each item is of which class, after all that weighs or excludes it."""

from __future__ import annotations

from typing import Any, NamedTuple, cast

from wce_core.arrays.missing import of_nan
from wce_core.arrays.numerics import along
from wce_core.arrays.ops import ArrayOps
from wce_core.evaluation.balancing import with_balance
from wce_core.evaluation.masses import neutralised
from wce_core.evaluation.spec import LossSpec
from wce_core.evaluation.weighing import Weighed, omega, weigh
from wce_core.formulas.targets.binary import BinaryTargets
from wce_core.formulas.targets.class_indices import ClassIndices
from wce_core.types import Array, Arrays


class Items(NamedTuple):
    """The items of a call, for counting.

    What is not known is NaN in ``weight``: an item whose prediction is NaN, or whose label names no
    class where nobody looked.
    """

    predictions: Array
    """Those of excluded items made harmless."""
    true: Array
    """Classes, beside the weights; None for sets of candidates."""
    weight: Array
    """How much of an item is of that class. Excluded: 0. Wide, in the full shape: items of one
    class with length 1 along the class axis, all others with all classes along it. Binary: the two
    classes along one more axis, the last."""


def items_of(ops: ArrayOps, spec: LossSpec, arrays: Arrays) -> Items:
    """All of it, in the accumulating dtype."""
    weighed = weigh(ops, spec, with_balance(ops, spec, arrays), closed=False)
    neutral = spec.link.neutral
    predictions = neutralised(ops, arrays["predictions"], weighed.included, neutral)
    true, weight = _weights(ops, spec, weighed)
    return Items(predictions, true, weight + _missing(ops, spec, predictions))


def _missing(ops: ArrayOps, spec: LossSpec, predictions: Array) -> Array:
    """NaN for each item whose predictions have it, else 0."""
    xp = ops.xp
    if spec.axis is not None:
        return ops.cast(of_nan(ops, predictions, spec.axis), spec.accumulate)
    nothing = xp.zeros_like(predictions)
    missing = xp.where(predictions == predictions, nothing, predictions)
    return ops.cast(xp.expand_dims(missing, axis=-1), spec.accumulate)


def _weights(ops: ArrayOps, spec: LossSpec, weighed: Weighed) -> tuple[Any, Array]:
    """The classes, and how much is of each."""
    if spec.axis is None:
        return _of_pairs(ops, spec, weighed)
    if spec.one_class:
        true = None if spec.candidates else cast(ClassIndices, weighed.mass).index
        return true, omega(ops, spec, weighed)
    mass = ops.cast(cast(Any, weighed.mass).mass, spec.accumulate)
    weight = mass if weighed.factor is None else mass * weighed.factor
    index: Any = ops.xp.zeros_like(mass, dtype=ops.dtype(ops.index_dtype))
    return along(ops.xp, ops.arange(spec.classes, index), spec.axis, mass.ndim), weight


def _of_pairs(ops: ArrayOps, spec: LossSpec, weighed: Weighed) -> tuple[Array, Array]:
    xp, pair = ops.xp, cast(BinaryTargets, weighed.mass)
    masses = (neutralised(ops, each, weighed.included, 0.0) for each in (pair.zero, pair.one))
    weight = xp.stack([ops.cast(each, spec.accumulate) for each in masses], axis=-1)
    if weighed.factor is not None:
        weight = weight * xp.expand_dims(weighed.factor, axis=-1)
    index = xp.zeros_like(weight, dtype=ops.dtype(ops.index_dtype))
    return ops.arange(2, index), weight
