"""Sums of exponentials over some classes of a row, and what share of it they are.

A row is parted in two. Each part is measured from its own largest logit, so that neither is lost
beside the other: the share of one is right where it is next to 1 and where it is next to 0.
"""

from __future__ import annotations

from math import inf
from typing import NamedTuple

from wce_core.arrays.numerics import total
from wce_core.arrays.ops import ArrayOps
from wce_core.types import Array, Namespace

FAR = 30.0
"""A distance beyond which odds are taken by their logarithm, of which nothing cancels any more."""


class Part(NamedTuple):
    """Σ exp(x) over some classes, which is exp(level)·sum."""

    level: Array
    """The largest of them; −∞ where all are, or there is none."""
    sum: Array
    each: Array
    """exp(x − level) of the classes of the part, 0 elsewhere."""
    lost: Array
    """Is ``level`` −∞?"""
    members: Array


def whole_logits(ops: ArrayOps, predictions: Array, axis: int) -> Array:
    """Rows of logits, all of it NaN where the largest is ±∞ or NaN: they have no distribution.

    A product, so that autodiff finds NaN at each class.
    """
    xp = ops.xp
    largest = xp.max(ops.constant(predictions), axis=axis, keepdims=True)
    return predictions * xp.where(xp.isfinite(largest), 1.0, xp.nan * xp.ones_like(largest))


def part_of(ops: ArrayOps, predictions: Array, members: Array, axis: int) -> Part:
    """The part of the ``members``, a boolean row; differentiable."""
    xp = ops.xp
    inner = xp.where(members, predictions, -inf)
    largest = xp.max(ops.constant(inner), axis=axis, keepdims=True)
    lost = largest == -inf
    each = xp.exp(inner - xp.where(lost, 0.0, largest))
    # The level is a constant, as log Σ exp does not depend on it. But where all are −∞ it is the
    # limit of logits that are equal: each has its share of the derivative.
    share = xp.where(members & lost, predictions, 0.0) / size(ops, members, axis, each)
    level = largest + total(xp, share, axis)
    return Part(level, xp.where(lost, 1.0, total(xp, each, axis)), each, lost, members)


def size(ops: ArrayOps, members: Array, axis: int, like: Array) -> Array:
    """How many classes there are, 1 for none, in the dtype of ``like``."""
    counted = total(ops.xp, ops.cast(members, ops.dtype_name(like)), axis)
    return ops.xp.maximum(counted, ops.xp.ones_like(counted))


def shares(ops: ArrayOps, part: Part, axis: int) -> Array:
    """exp(x) over the sum of the part; the same for all of them where all are −∞."""
    own = part.each / part.sum
    if ops.all_zero(part.lost):
        return own
    equal = 1.0 / size(ops, part.members, axis, own)
    return ops.xp.where(part.lost & part.members, equal, own)


class Odds(NamedTuple):
    """Of one part against the other: exp(distance)·ratio."""

    distance: Array
    ratio: Array

    @classmethod
    def against(cls, part: Part, rest: Part) -> Odds:
        """Of the rest against the part."""
        return cls(rest.level - part.level, rest.sum / part.sum)

    def surprisal(self, xp: Namespace) -> Array:
        """−log of the share of the part; differentiable."""
        near, small, far = self._two_ways(xp)
        large = far + xp.log(self.ratio) + xp.log1p(xp.exp(-far) / self.ratio)
        return xp.where(near, xp.log1p(small), large)

    def rest(self, xp: Namespace) -> Array:
        """The share of the rest."""
        near, small, far = self._two_ways(xp)
        large = 1.0 / (1.0 + xp.exp(-far) / self.ratio)
        return xp.where(near, small / (1.0 + small), large)

    def _two_ways(self, xp: Namespace) -> tuple[Array, Array, Array]:
        near = self.distance < FAR
        small = self.ratio * xp.exp(xp.where(near, self.distance, 0.0))
        return near, small, xp.where(near, FAR, self.distance)
