"""Logits of C classes with steps before the softmax: :class:`Logits`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wce_core.arrays.cancellation import snapped, sum_of_others
from wce_core.arrays.numerics import along
from wce_core.arrays.ops import ArrayOps
from wce_core.types import Array

from .logits import Logits
from .softmax import ClosedSoftmax, SoftmaxRows
from .steps import laid, rows_of


class _Rows:
    """What both readings share: logits after the steps, and margins."""

    def __init__(self, ops: ArrayOps, predictions: Array, axis: int, given: Logits) -> None:
        self.ops, self.xp, self.axis, self.given = ops, ops.xp, axis, given
        self.rows = rows_of(ops, given, predictions, axis)

    def _lowered(self, index: Array) -> Array:
        """The logits, that of the class by its margin."""
        logits = self.rows.distances
        classes = along(
            self.xp, self.ops.arange(logits.shape[self.axis], index), self.axis, logits.ndim
        )
        return logits - self.xp.where(classes == index, self._margins(logits), 0.0)

    def _margins(self, like: Array) -> Array:
        assert self.given.margins is not None
        return laid(self.ops, self.given.margins, like, self.axis)

    def _with_margins(self, shifted: Array, own: Array, others: Array) -> Array:
        """log(1 + others / own), of a class's lowered exponential and the sum of all others'.

        ``own`` is e^shifted less the margin. One of the two is not small, and divides.
        """
        xp = self.xp
        likely = own >= others
        ratio = xp.where(likely, others, own) / xp.where(likely, own, others)
        distance = shifted - self._margins(shifted)
        return xp.log1p(ratio) + xp.where(
            likely, 0.0, xp.log(xp.where(likely, 1.0, others)) - distance
        )

    def _lowering(self, like: Array) -> Array:
        """e to the negative margins."""
        assert self.given.margins is not None
        return laid(self.ops, np.exp(-self.given.margins), like, self.axis)


class LogitRows(_Rows):
    """−log p by functions that autodiff can follow."""

    def __init__(self, ops: ArrayOps, predictions: Array, axis: int, given: Logits) -> None:
        super().__init__(ops, predictions, axis, given)
        self.softmax = SoftmaxRows(ops, self.rows.distances, axis)

    def at(self, index: Array) -> Array:
        """−log p of class ``index`` of each row."""
        if self.given.margins is None:
            return self.softmax.at(index)
        return SoftmaxRows(self.ops, self._lowered(index), self.axis).at(index)

    def every(self, mass: Array) -> Array:
        """−log p of every class, each with its own margin."""
        if self.given.margins is None:
            return self.softmax.every(mass)
        shifted = self.softmax.shifted
        exp = self.xp.exp(shifted)
        others = sum_of_others(self.ops, exp, self.axis, self.softmax.top)
        return self._with_margins(shifted, exp * self._lowering(exp), others)

    def normalizer(self) -> Array:
        """log Σ e^z, before margins."""
        return (self.rows.level + self.softmax.largest) + self.softmax.log_sum


class ClosedLogitRows(_Rows):
    """The same with the way back."""

    def __init__(self, ops: ArrayOps, predictions: Array, axis: int, given: Logits) -> None:
        super().__init__(ops, predictions, axis, given)
        self.softmax: ClosedSoftmax | None = None
        self.lowered: ClosedSoftmax | None = None
        self.surprisals: Array = None

    def _plain(self) -> ClosedSoftmax:
        """The softmax before margins."""
        if self.softmax is None:
            self.softmax = ClosedSoftmax(self.ops, self.rows.distances, self.axis)
        return self.softmax

    def _of(self, index: Array) -> ClosedSoftmax:
        """The softmax in which the class of each row is lowered."""
        if self.given.margins is None:
            return self._plain()
        if self.lowered is None:
            self.lowered = ClosedSoftmax(self.ops, self._lowered(index), self.axis)
        return self.lowered

    def at(self, index: Array) -> Array:
        """−log p of class ``index`` of each row."""
        return self._of(index).at(index)

    def every(self, mass: Array) -> Array:
        """−log p of every class, each with its own margin."""
        softmax = self._plain()
        if self.given.margins is None:
            return softmax.every(mass)
        if self.surprisals is None:
            shifted = softmax.predictions - softmax.largest
            self.own = softmax.exp * self._lowering(softmax.exp)
            self.others = softmax.rest + (1.0 - softmax.exp)
            self.surprisals = self._with_margins(shifted, self.own, self.others)
        return self.surprisals

    def normalizer(self) -> Array:
        """log Σ e^z, before margins."""
        softmax = self._plain()
        return (self.rows.level + softmax.largest) + softmax.log_sum

    def vjp_normalizer(self, slope: Array) -> Array:
        """slope·p_j, pulled back; asked for before the other ways back."""
        softmax = self._plain()
        return self._pulled(softmax.exp * (self._cooled(slope) / softmax.whole))

    def vjp_at(self, index: Array, slope: Array, into: Array | None = None) -> Array:
        """That of the softmax, pulled back."""
        return self._pulled(self._of(index).vjp_at(index, self._cooled(slope), into), into)

    def vjp(self, slopes: Array, into: Array | None = None) -> Array:
        """That of the softmax; with margins e_j·Σ_{k≠j} d_k / D_k − d_j·(D_j − own_j) / D_j.

        D_k is the sum of all exponentials, that of class k lowered.
        """
        softmax, slopes = self._plain(), self._cooled(slopes)
        if self.given.margins is None:
            return self._pulled(softmax.vjp(slopes, into), into)
        whole = self.others + self.own
        own = slopes * (self.others / whole)
        return self._pulled(snapped(self.ops, self._cross(softmax.exp, slopes, whole), own))

    def _cross(self, exp: Array, slopes: Array, whole: Array) -> Array:
        """e_j·Σ_{k≠j} d_k / D_k.

        Of the likeliest class alone D_k may be small: then every e_j / D_k is at most 1.
        """
        ops, xp, axis = self.ops, self.xp, self.axis
        top, _ = ops.argmax_and_max(exp, axis)
        least = ops.take_along_axis(whole, top, axis)
        steep = ops.take_along_axis(slopes, top, axis)
        nothing = xp.zeros_like(steep)
        shares = ops.put_along_axis(slopes / whole, top, nothing, axis)
        steepest, _ = ops.argmax_and_max(xp.abs(shares), axis)
        among_others = exp * sum_of_others(ops, shares, axis, steepest)
        return among_others + ops.put_along_axis((exp / least) * steep, top, nothing, axis)

    def _cooled(self, slope: Array) -> Array:
        temperature = self.given.temperature
        return slope if temperature == 1.0 else slope / temperature

    def _pulled(self, gradient: Array, into: Array | None = None) -> Array:
        cap = self.rows.cap
        if cap is None:
            return gradient
        return self.ops.in_place(self.xp.multiply, gradient, cap.slope(), into=into)


@dataclass(frozen=True)
class CategoricalLogits:
    """Link of multi-class logits with steps before the softmax."""

    given: Logits
    neutral: float = 0.0

    def rows(
        self, ops: ArrayOps, predictions: Array, axis: int, silent: Array | None = None
    ) -> LogitRows:
        """The rows of ``predictions`` along ``axis``, differentiable: no slope is infinite."""
        del silent
        return LogitRows(ops, predictions, axis, self.given)

    def closed(self, ops: ArrayOps, predictions: Array, axis: int) -> ClosedLogitRows:
        """The same with the way back, not differentiable."""
        return ClosedLogitRows(ops, predictions, axis, self.given)
