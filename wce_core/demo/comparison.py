"""How far a framework's losses and gradients are from NumPy's, over all trainings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from .training import Training

EPS = float(np.finfo(np.float32).eps)


class Agreement(NamedTuple):
    """Of one framework with NumPy."""

    native_loss: float
    """The largest relative difference of a loss, in eps."""
    native_gradient: float
    """The largest relative difference of an element of a gradient, in eps."""
    differing: int
    """Exact losses, gradients and trained parameters whose bits differ."""
    compared: int


def compare(own: Sequence[Training], reference: Sequence[Training]) -> Agreement:
    """All trainings of a framework with those of NumPy."""
    pairs = list(zip(own, reference, strict=True))
    bits = [
        one.view(np.uint32) != other.view(np.uint32)
        for a, b in pairs
        for one, other in zip(_exact(a), _exact(b), strict=True)
    ]
    return Agreement(
        _largest((a.native.losses, b.native.losses) for a, b in pairs),
        _largest((a.native.gradients, b.native.gradients) for a, b in pairs),
        sum(int(differ.sum()) for differ in bits),
        sum(differ.size for differ in bits),
    )


def _exact(training: Training) -> tuple[np.ndarray, ...]:
    return training.exact.losses, training.exact.gradients, training.models[-1]


def _largest(pairs: Iterable[tuple[np.ndarray, np.ndarray]]) -> float:
    return max(_in_eps(own, reference) for own, reference in pairs)


def _in_eps(own: np.ndarray, reference: np.ndarray) -> float:
    """The largest |own − reference| / |reference|, in units of float32's eps."""
    difference = np.abs(own.astype(np.float64) - reference)
    scale = np.where(reference == 0, 1.0, np.abs(reference.astype(np.float64)))
    return float((difference / scale).max()) / EPS
