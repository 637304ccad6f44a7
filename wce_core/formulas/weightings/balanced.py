"""``class_weight="balanced"``: class weights of the batch itself."""

from __future__ import annotations

from typing import Any

from wce_core.arrays.ops import ArrayOps
from wce_core.types import Array

BALANCED = "balanced"


def is_balanced(class_weight: Any) -> bool:
    """Is it the word in the place of weights? A ValueError for any other word."""
    if not isinstance(class_weight, str):
        return False
    if class_weight != BALANCED:
        raise ValueError(
            f"class_weight is {class_weight!r}; expected weights, or 'balanced' for those of each "
            "batch. Weights of a data set by other schemes: wce_core.class_weights.class_weights"
        )
    return True


def balanced(ops: ArrayOps, counts: Array) -> Array:
    """n / (K·n_k), with n = Σ_k n_k and K classes that occur; 0 for those that do not."""
    xp, occurs = ops.xp, counts > 0
    classes = xp.sum(ops.cast(occurs, ops.dtype_name(counts)))
    weights = xp.divide(xp.sum(counts), classes * xp.where(occurs, counts, 1.0))
    return xp.where(occurs, weights, 0.0)
