"""Logits after a softcap, a temperature and an adjustment, without the digits that cancel.

Everything is measured from the row's largest logit as it was given, so that a large offset of all
logits does not cost the last digits of their differences.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from wce_core.arrays.numerics import along, smooth_complement_of_exp
from wce_core.arrays.ops import ArrayOps
from wce_core.types import Array

from .logits import Logits

EDGE = 400.0
"""Caps beyond which e^(−2·EDGE) is 0 in float64, and no logit is told from another."""


class Rows(NamedTuple):
    """z − level for each class, and z's slope, which is 1 for None."""

    distances: Array
    level: Array
    """The largest logit after softcap and temperature; without derivative."""
    cap: Cap | None


def rows_of(ops: ArrayOps, given: Logits, predictions: Array, axis: int) -> Rows:
    """Rows of logits after the steps; differentiable to the predictions.

    The largest logit is a constant: a softmax does not see what is taken off all of a row.
    """
    largest = ops.xp.max(ops.constant(predictions), axis=axis, keepdims=True)
    cap = None
    if given.softcap is None:
        distances, level = predictions - largest, largest
    else:
        cap, top = Cap(ops, predictions, given.softcap), Cap(ops, largest, given.softcap)
        distances, level = cap.above(top), top.value()
    if given.temperature != 1.0:
        distances, level = distances / given.temperature, level / given.temperature
    if given.adjustments is not None:
        distances = distances + laid(ops, given.adjustments, distances, axis)
        level = level + given.offset
    return Rows(distances, level, cap)


def laid(ops: ArrayOps, numbers: np.ndarray, like: Array, axis: int) -> Array:
    """Numbers per class along ``axis``, in the dtype of ``like``."""
    own = ops.cast(ops.asarray(numbers, like), ops.dtype_name(like))
    return along(ops.xp, own, axis, like.ndim)


class Cap:
    """c·tanh(x / c) by u = 2x / c, without a ``tanh``.

    Of that compilers and frameworks have approximations of their own, and autodiff makes 1 − tanh²
    of it, which cancels. Here the slope is 4·σ(u)·σ(−u), and nothing is subtracted but logits.
    """

    def __init__(self, ops: ArrayOps, x: Array, cap: float) -> None:
        self.xp = xp = ops.xp
        self.cap, edge = cap, EDGE * cap
        self.x = xp.where(x > edge, edge, xp.where(x < -edge, -edge, x))
        self.positive = self.x >= 0
        self.downward = xp.where(self.positive, -self.x, self.x) / (0.5 * cap)
        decay = xp.exp(self.downward)
        self.large = 1.0 / (1.0 + decay)
        self.small = decay * self.large

    def value(self) -> Array:
        """c·tanh(x / c)."""
        size = (self.cap * smooth_complement_of_exp(self.xp, self.downward)) * self.large
        return self.xp.where(self.positive, size, -size)

    def above(self, top: Cap) -> Array:
        """The value less that of ``top``, which is not below it: 2c·(e^(u−t) − 1)·σ(−u)·σ(t)."""
        xp = self.xp
        rest = xp.where(self.positive, self.small, self.large)
        scale = (-2.0 * self.cap) * xp.where(top.positive, top.large, top.small)
        return smooth_complement_of_exp(xp, (self.x - top.x) / (0.5 * self.cap)) * rest * scale

    def slope(self) -> Array:
        """1 − tanh²(x / c)."""
        return 4.0 * (self.large * self.small)
