"""``costs``: what each class costs an item of each class, in the place of its mass."""

from __future__ import annotations

from wce_core.types import Array

from .base import Weighing
from .cost_matrix import CostMatrix


class Costs(CostMatrix):
    """q ← Σ_t q_t·A[t, j], after all that weighs q. Only losses of costs take it."""

    name = "costs"
    categorical = False

    def apply(self, weighing: Weighing, array: Array) -> Weighing:
        """Kept until the mass is known."""
        return weighing._replace(costs=array)
