"""A small data set: three classes of points in the plane, that overlap."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from .controls import CLASSES, COUNTS

CENTRES = ((-0.9, -0.3), (0.7, -0.7), (0.3, 1.0))
SPREAD = 0.75


@cache
def points(seed: int = 0) -> NDArray[np.float64]:
    """As many points of each class as can be asked for: (C, n, 2). Another seed, other points."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(scale=SPREAD, size=(len(CLASSES), max(COUNTS), 2))
    return np.asarray((noise + np.asarray(CENTRES)[:, None]).round(2))


def sample(counts: tuple[int, ...]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The first points of each class, with a column of ones, and their classes."""
    x = np.concatenate([own[:count] for own, count in zip(points(), counts, strict=True)])
    return with_ones(x), np.repeat(np.arange(len(counts)), counts)


def with_ones(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The column that a bias multiplies."""
    return np.concatenate([x, np.ones((*x.shape[:-1], 1))], axis=-1)
