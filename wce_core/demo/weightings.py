"""The weightings that the demo compares, as arguments of ``binary_cross_entropy``."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np


class Choice(NamedTuple):
    """One weighting."""

    label: str
    arguments: dict[str, Any]
    ratio: float
    """How many times as much as another image an 8 counts."""


def choices(is_eight: np.ndarray) -> tuple[Choice, ...]:
    """Unweighted, balanced, by hand, and more than balanced."""
    balanced = _balanced(is_eight)
    return (
        Choice("unweighted", {}, 1.0),
        Choice("balanced", {"class_weight": balanced}, balanced[1] / balanced[0]),
        Choice("{0: 0.11, 1: 0.89}", {"class_weight": {0: 0.11, 1: 0.89}}, 0.89 / 0.11),
        Choice("pos_weight 30", {"pos_weight": 30.0}, 30.0),
    )


def _balanced(is_eight: np.ndarray) -> list[float]:
    """Weights n / (2·n_k): both classes have the same total weight, and the mean weight is 1."""
    count = len(is_eight)
    eights = int(is_eight.sum())
    return [count / (2 * (count - eights)), count / (2 * eights)]
