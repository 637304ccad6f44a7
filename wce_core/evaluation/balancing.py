"""Class weights of the batch, made before items are weighed: for ``class_weight="balanced"``."""

from __future__ import annotations

from collections.abc import Callable

from wce_core.arrays.numerics import along
from wce_core.arrays.ops import ArrayOps
from wce_core.evaluation.masses import target_mass
from wce_core.evaluation.spec import LossSpec
from wce_core.evaluation.weighing import _included
from wce_core.formulas.weightings.balanced import balanced
from wce_core.types import Array, Arrays


def with_balance(
    ops: ArrayOps, spec: LossSpec, arrays: Arrays, count: Callable[[], Array] | None = None
) -> Arrays:
    """The arrays, class weights of the batch among them where they are asked for.

    ``count`` gives :func:`occurrences` in all of the batch; None: it is one block.
    """
    if not spec.balanced or "class_weight" in arrays:
        return arrays
    weights = balanced(ops, occurrences(ops, spec, arrays) if count is None else count())
    rank = arrays["predictions"].ndim
    if spec.axis is None:
        laid = ops.xp.reshape(weights, (1,) * rank + (2,))
    else:
        laid = along(ops.xp, weights, spec.axis, rank)
    return {"class_weight": laid, **arrays}


def occurrences(ops: ArrayOps, spec: LossSpec, arrays: Arrays) -> Array:
    """How much of each class there is in a block: of items that take part and are valid.

    A constant: no derivative flows through it.
    """
    targets = ops.constant(arrays["targets"])
    included = _included(ops, {**arrays, "targets": targets})
    mass, poison = target_mass(ops, spec, targets, included)
    if not spec.checked:
        known = mass.total() if poison is None else poison
        valid = known == known
        included = valid if included is None else valid & included
    return mass.occurrences(included, spec.accumulate, spec.part)
