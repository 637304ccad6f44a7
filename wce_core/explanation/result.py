"""What an explanation says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class ClassShare:
    """One class in one batch.

    ``items``: items of this class that are not excluded. ``weight``: the sum of their ω. ``loss``
    and ``gradient``: their shares, of 1, of Σ|ℓ| and of the items' gradient norms added up.
    """

    label: int
    items: int
    weight: float
    loss: float
    gradient: float


@dataclass(frozen=True, eq=False)
class Explanation:
    """One batch, item by item and class by class.

    ``weights``: ω of each item, in the items' shape; 0 for excluded ones. ``losses``: ω-weighted
    item losses before any division. ``denominator``: what their sum is divided by, None for
    ``"none"``, ``"sum"`` without a normalizer and ``"parts"``. ``value``: the result, NaN where
    the reduction gives no single one. ``warnings``: in plain words; empty if nothing is odd.

    Printing it gives a table, by rich.
    """

    reduction: str
    weights: np.ndarray
    losses: np.ndarray
    excluded: int
    denominator: float | None
    value: float
    classes: tuple[ClassShare, ...]
    warnings: tuple[str, ...]

    def __rich__(self) -> object:
        from .table import renderable

        return renderable(self)

    def __str__(self) -> str:
        from .table import text

        return text(self)
