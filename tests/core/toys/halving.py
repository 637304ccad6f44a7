"""A weighting that somebody else writes: older items count for less."""

from __future__ import annotations

from math import log
from typing import Any

import numpy as np

from wce_core.arrays.ops import ArrayOps
from wce_core.formulas.layout import Layout
from wce_core.formulas.weightings import Weighing, Weighting, register
from wce_core.formulas.weightings.base import check_weights, require_real
from wce_core.types import Array


class Halving(Weighting):
    """s ← s·2^−age: half as much for each step of an item's age, placed like ``sample_weight``."""

    name = "age"
    per_item = True

    def prepare(self, ops: ArrayOps, layout: Layout, value: Any) -> Array:
        require_real(ops, self.name, value)
        return layout.over_items(ops, value, self.name)

    def check(self, layout: Layout, values: np.ndarray, included: Any) -> None:
        check_weights(self.name, values, included, layout.as_given)

    def apply(self, weighing: Weighing, array: Array) -> Weighing:
        ops = weighing.ops
        array = weighing.wide(array)
        if weighing.included is not None:
            array = ops.xp.where(weighing.included, array, 0.0)
        return weighing._replace(factor=weighing.times(ops.xp.exp(array * -log(2.0))))


def add() -> None:
    register(Halving())
