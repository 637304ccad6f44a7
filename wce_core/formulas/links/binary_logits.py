"""Logits of two classes with steps before the sigmoid: :class:`Logits`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from wce_core.arrays.cancellation import snapped
from wce_core.arrays.ops import ArrayOps
from wce_core.types import Array

from .base import Silent
from .logits import Logits
from .sigmoid import ClosedSigmoid, SigmoidRows
from .steps import Cap


class _Steps:
    """z, the logit of class 1 less that of class 0, and the margins of both."""

    def __init__(self, ops: ArrayOps, predictions: Array, given: Logits) -> None:
        self.ops, self.given = ops, given
        self.cap = None if given.softcap is None else Cap(ops, predictions, given.softcap)
        z = predictions if self.cap is None else self.cap.value()
        if given.temperature != 1.0:
            z = z / given.temperature
        if given.adjustment is not None:
            zero, one = given.adjustment
            z = z + (one - zero)
        self.z = z
        margins = None if given.margins is None else given.margins.tolist()
        self.margins = margins and (margins[0], margins[-1])


class LogitPairs(_Steps):
    """−log p of both classes, by functions that autodiff can follow."""

    def pair(self, one: Array, zero: Array) -> tuple[Array, Array]:
        """(softplus(−(z − Δ₁)), softplus(z + Δ₀))."""
        if self.margins is None:
            return SigmoidRows(self.ops, self.z).pair(one, zero)
        low, high = self.z - self.margins[1], self.z + self.margins[0]
        first, _ = SigmoidRows(self.ops, low).pair(one, zero)
        _, second = SigmoidRows(self.ops, high).pair(one, zero)
        return first, second


class ClosedLogitPairs(_Steps):
    """The same with the way back."""

    def __init__(self, ops: ArrayOps, predictions: Array, given: Logits) -> None:
        super().__init__(ops, predictions, given)
        self.sigmoid = None if self.margins else ClosedSigmoid(ops, self.z)
        self.both: tuple[tuple[Array, Any], tuple[Array, Any]] | None = None

    def at(self, sign: Array) -> Array:
        """softplus(±z + Δ)."""
        if self.sigmoid is None:
            assert self.margins is not None
            zero, one = self.margins
            moved = self.ops.xp.where(sign > 0, self.z + zero, self.z - one)
            self.sigmoid = ClosedSigmoid(self.ops, moved)
        return self.sigmoid.at(sign)

    def vjp_at(self, sign: Array, slope: Array, into: Array | None = None) -> Array:
        """That of the sigmoid, pulled back."""
        assert self.sigmoid is not None
        return self._pulled(self.sigmoid.vjp_at(sign, slope, into), into)

    def pair(self, one: Array, zero: Array) -> tuple[Array, Array]:
        """(softplus(−(z − Δ₁)), softplus(z + Δ₀))."""
        if self.sigmoid is not None:
            return self.sigmoid.pair(one, zero)
        if self.both is None:
            assert self.margins is not None
            softplus = self.ops.softplus
            self.both = softplus(self.margins[1] - self.z), softplus(self.z + self.margins[0])
        return self.both[0][0], self.both[1][0]

    def vjp_pair(self, slope_one: Array, slope_zero: Array, into: Array | None = None) -> Array:
        """d₀·σ(z + Δ₀) − d₁·σ(−(z − Δ₁)), pulled back."""
        if self.sigmoid is not None:
            return self._pulled(self.sigmoid.vjp_pair(slope_one, slope_zero, into), into)
        assert self.both is not None
        sigmoid, (one, zero) = self.ops.sigmoid, self.both
        own, cross = sigmoid(zero[1]) * slope_zero, sigmoid(one[1]) * slope_one
        return self._pulled(snapped(self.ops, own, cross, into), into)

    def _pulled(self, gradient: Array, into: Array | None) -> Array:
        ops, temperature = self.ops, self.given.temperature
        if self.cap is not None:
            gradient = ops.in_place(ops.xp.multiply, gradient, self.cap.slope(), into=into)
        return gradient if temperature == 1.0 else gradient / temperature


@dataclass(frozen=True)
class BinaryLogits:
    """Link of binary and multi-label logits with steps before the sigmoid."""

    given: Logits
    neutral: float = 0.0
    symmetric: bool = True

    def rows(self, ops: ArrayOps, predictions: Array, silent: Silent | None = None) -> LogitPairs:
        """One item per element of ``predictions``, differentiable: no slope is infinite."""
        del silent
        return LogitPairs(ops, predictions, self.given)

    def closed(self, ops: ArrayOps, predictions: Array) -> ClosedLogitPairs:
        """The same with the way back, not differentiable."""
        return ClosedLogitPairs(ops, predictions, self.given)
