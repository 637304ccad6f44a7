"""What is measured: losses and sizes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from typing import Any, Literal, NamedTuple

import numpy as np

from wce_core import losses

Loss = Literal["cross_entropy", "binary_cross_entropy"]


class Workload(NamedTuple):
    """A loss on predictions of a shape: class weights for classes, ``pos_weight`` for labels."""

    name: str
    loss: Loss
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """Elements of the predictions."""
        return prod(self.shape)

    @property
    def small(self) -> bool:
        """What is measured is the overhead of a call, not arithmetic."""
        return self.size <= 1000

    def arrays(self) -> Mapping[str, Any]:
        """Predictions, targets and weights as NumPy arrays, the same every time."""
        rng = np.random.default_rng(0)
        x = rng.standard_normal(self.shape, dtype=np.float32)
        if self.loss == "cross_entropy":
            labels = rng.integers(0, self.shape[-1], self.shape[:-1])
            weights = rng.random(self.shape[-1], dtype=np.float32) + 0.5
            return {"x": x, "y": labels, "w": weights}
        y = (rng.random(self.shape, dtype=np.float32) < 0.1).astype(np.float32)
        return {"x": x, "y": y, "w": rng.random(self.shape[-1], dtype=np.float32) + 1.0}


LOSSES: dict[tuple[str, bool], Callable[..., Any]] = {
    ("cross_entropy", False): losses.cross_entropy,
    ("cross_entropy", True): losses.focal_cross_entropy,
    ("binary_cross_entropy", False): losses.binary_cross_entropy,
    ("binary_cross_entropy", True): losses.binary_focal_cross_entropy,
}
"""Ours, by the loss of the workload, and the focal one beside it."""


SHAPES: dict[Loss, tuple[tuple[int, ...], ...]] = {
    "cross_entropy": ((64, 10), (65_536, 10), (4096, 1000), (2048, 32_000), (2048, 128_000)),
    "binary_cross_entropy": ((64, 10), (4096, 1000), (32, 500, 500, 1)),
}
SHORT: dict[Loss, str] = {"cross_entropy": "CE", "binary_cross_entropy": "BCE"}
WORKLOADS = tuple(
    Workload(f"{SHORT[loss]} {' × '.join(map(str, shape))}", loss, shape)
    for loss, shapes in SHAPES.items()
    for shape in shapes
)
