"""Penalties and slopes of the losses that are not the surprise itself, in plain NumPy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Term = Callable[[Mapping[str, Any], np.ndarray], tuple[np.ndarray, np.ndarray]]
"""(options, −log p) → what it costs, and the slope of that."""


def focal(options: Mapping[str, Any], surprise: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(1 − p)^γ·s, and (1 − p)^γ + γ·(1 − p)^(γ − 1)·p·s."""
    gamma = options["gamma"]
    if gamma == 0:
        return surprise, np.ones_like(surprise)
    rest = -np.expm1(-np.maximum(surprise, 0.0))
    share = np.where(np.isinf(surprise), 0.0, np.exp(-surprise) * surprise)
    odds = np.where(surprise <= 0, 1.0, share / np.where(rest == 0, 1.0, rest))
    return rest**gamma * surprise, rest**gamma * (1.0 + gamma * odds)


TERMS: Mapping[str, Term] = {"focal_cross_entropy": focal, "binary_focal_cross_entropy": focal}
"""By the name of the loss."""
