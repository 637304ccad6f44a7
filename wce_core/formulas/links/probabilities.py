"""Probabilities: exact logarithms; p = 0 under mass costs +inf. Other conventions by option.

Conventions are steps in a fixed order: normalize "before", clip, normalize "after", and then the
logarithm with its offset and floor. Each has a value and a way back for slopes; autodiff follows
the values as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, inf
from typing import ClassVar, Literal, NamedTuple, Protocol

import numpy as np

from wce_core.arrays.cancellation import snapped, sum_of_others
from wce_core.arrays.missing import of_nan
from wce_core.arrays.numerics import along, log_of, product, total
from wce_core.arrays.ops import ArrayOps
from wce_core.compilers import assume_constant_result
from wce_core.dtypes import SMALLEST_NORMAL
from wce_core.errors import range_error
from wce_core.scalars import number
from wce_core.types import Array, Form

from .base import Silent

NUMBERS = {
    "clip": "a number in [0, 0.5)",
    "offset": "a finite number from 0 on",
    "floor": "a finite number below 0",
}
"""What is expected of each."""


@dataclass(frozen=True)
class Probabilities:
    """What ``form="probabilities"`` means, with the conventions of other libraries.

    Without arguments it is ``form="probabilities"`` itself: exact logarithms of the predictions as
    they are. Where a convention makes the logarithm constant, its gradient is 0.

    >>> import numpy as np
    >>> from wce_core import losses
    >>> floored = losses.Probabilities(floor=-100.0)
    >>> losses.binary_cross_entropy([0.0, 0.5], [1, 1], form=floored, reduction="none").round(4)
    array([100.    ,   0.6931])
    """

    clip: float | None = None
    """Bounds p to [clip, 1−clip]."""
    offset: float = 0.0
    """Added inside of the logarithms: log(p + offset) and, binary, log(1 − p + offset)."""
    floor: float | None = None
    """The least that a logarithm can be."""
    normalize: Literal["before", "after"] | None = None
    """Multi-class: divides a row by its sum, before or after ``clip``; its gradient takes part."""
    of: ClassVar[Form] = "probabilities"

    def __post_init__(self) -> None:
        for name, expected in NUMBERS.items():
            value = getattr(self, name)
            if value is not None or name == "offset":
                object.__setattr__(self, name, float(number(name, value, expected)))
        if self.clip is not None and not 0.0 <= self.clip < 0.5:
            raise range_error("clip", self.clip, NUMBERS["clip"])
        if not 0.0 <= self.offset < inf:
            raise range_error("offset", self.offset, NUMBERS["offset"])
        if self.floor is not None and not -inf < self.floor < 0.0:
            raise range_error("floor", self.floor, NUMBERS["floor"])
        if self.normalize not in (None, "before", "after"):
            raise ValueError(f"normalize is {self.normalize!r}; expected 'before', 'after' or None")

    @property
    def beyond_float32(self) -> bool:
        """Does it need numbers that float32 rounds away, or has not at all?"""
        return self.offset > 0.0 or 0.0 < (self.clip or 0.0) < SMALLEST_NORMAL


class Chance(NamedTuple):
    """p and 1 − p, of which the smaller loses nothing, whatever the other is rounded to.

    ``rest`` None: p is as it was given, and 1 − p, where it is small, a subtraction without loss.
    """

    p: Array
    rest: Array | None = None

    @property
    def complement(self) -> Array:
        """1 − p."""
        return 1.0 - self.p if self.rest is None else self.rest


class Step(Protocol):
    """One convention, applied to what the one before has left."""

    after: Chance

    def vjp(self, slope: Array) -> Array:
        """The gradient to what came in, given that to p of what came out."""
        ...


class Normalized:
    """Rows divided by their sums; 1 − p is the sum of the others, divided."""

    def __init__(self, ops: ArrayOps, masses: Array, axis: int, *, offset: float) -> None:
        xp = ops.xp
        self.ops, self.axis, self.whole = ops, axis, total(xp, masses, axis)
        divisor = self.whole
        if not offset:
            # The infinite slope of log 0 must not meet that of the sum, which is 0 there.
            divisor = xp.where((masses == 0) & (divisor != 0), 1.0, divisor)
        largest, _ = ops.argmax_and_max(masses, axis)
        others = sum_of_others(ops, masses, axis, largest)
        self.after = Chance(masses / divisor, others / self.whole)

    def vjp(self, slope: Array) -> Array:
        """(g_j·(1 − p_j) − Σ_{k≠j} g_k p_k) / sum."""
        ops, (p, rest) = self.ops, self.after
        shares = product(ops.xp, p, slope)
        steepest, _ = ops.argmax_and_max(ops.xp.abs(shares), self.axis)
        others = sum_of_others(ops, shares, self.axis, steepest)
        return snapped(ops, slope * rest, others) / self.whole


class Clipped:
    """p and 1 − p not below ``clip``, and constant where they would be."""

    def __init__(self, ops: ArrayOps, before: Chance, clip: float) -> None:
        self.xp = xp = ops.xp
        least = _not_below(clip, ops.dtype_name(before.p))
        p, rest = before.p, before.complement
        low, high = p < least, rest < least
        self.constant = low | high
        self.after = Chance(
            xp.where(low, clip, xp.where(high, 1.0 - clip, p)),
            xp.where(low, 1.0 - clip, xp.where(high, clip, rest)),
        )

    def vjp(self, slope: Array) -> Array:
        """0 where it is constant."""
        return self.xp.where(self.constant, 0.0, slope)


class Logarithm:
    """log(p + offset), not below ``floor``.

    ``value`` is anything finite where p = 0 and no mass stands, and p stays out of the logarithm
    there and where the floor is certain, so that autodiff meets no infinite derivative.
    """

    def __init__(
        self,
        ops: ArrayOps,
        chance: Chance,
        convention: Probabilities,
        needed: Array | None = None,
        *,
        silent: Array | None = None,
    ) -> None:
        self.xp = xp = ops.xp
        offset, self.floor = convention.offset, convention.floor
        if silent is not None:
            lost = silent & (chance.p == 0)
            chance = chance._replace(p=xp.where(lost, ops.constant(chance.p), chance.p))
        self.inner = chance.p + offset if offset else chance.p
        if self.floor is not None:
            lost = self.inner <= 0.5 * exp(self.floor)
        elif needed is not None:
            lost = (self.inner == 0) & ~needed
        else:
            self.value = _log_plus(ops, chance, offset)
            return
        p = xp.where(lost, 0.5, chance.p)
        rest = None if chance.rest is None else xp.where(lost, 0.5, chance.rest)
        self.value = xp.where(lost, self.floor or 0.0, _log_plus(ops, Chance(p, rest), offset))
        if self.floor is not None:
            self.value = xp.where(self.value < self.floor, self.floor, self.value)

    def vjp(self, slope: Array) -> Array:
        """slope / (p + offset), with 0 / 0 = 0; 0 where it is constant."""
        xp = self.xp
        gradient = slope / xp.where((slope == 0) & (self.inner == 0), 1.0, self.inner)
        return gradient if self.floor is None else xp.where(self.value <= self.floor, 0.0, gradient)


def _log_plus(ops: ArrayOps, chance: Chance, offset: float) -> Array:
    """log(p + offset), which near 1 is told by (offset − (1 − p)), or by (offset − 1) + p."""
    xp, (p, rest) = ops.xp, chance
    if not offset:
        return xp.log(p) if rest is None else log_of(xp, p, -rest)
    excess = xp.where(p >= 0.5, offset - chance.complement, (offset - 1.0) + p)
    return log_of(xp, p + offset, excess)


@assume_constant_result
def _not_below(number: float, dtype: str) -> float:
    """The least number of ``dtype`` that is not below this one: less than both is the same."""
    own = np.float32(number) if dtype == "float32" else np.float64(number)
    return float(own if own >= number else np.nextafter(own, np.inf, dtype=own.dtype))


def _given(ops: ArrayOps, predictions: Array, convention: Probabilities) -> Chance:
    """In float64 where it is there and float32 lacks the numbers of the convention."""
    if convention.beyond_float32 and ops.has_float64(predictions):
        predictions = ops.cast(predictions, "float64")
    if not convention.offset:
        return Chance(predictions)
    # Of (1 − p) + offset XLA makes (1 + offset) − p, but not through a selection.
    complement = ops.xp.where(predictions == predictions, 1.0 - predictions, predictions)
    return Chance(predictions, complement)


class CategoricalProbabilityRows:
    """Rows of probabilities along a class axis. NaN at one class is NaN for its row."""

    def __init__(
        self,
        ops: ArrayOps,
        predictions: Array,
        axis: int,
        convention: Probabilities,
        silent: Array | None = None,
    ) -> None:
        self.ops, self.xp, self.axis, self.convention = ops, ops.xp, axis, convention
        self.silent = silent
        self.dtype = ops.dtype_name(predictions)
        self.level = of_nan(ops, predictions, axis)
        self.steps: list[Step] = []
        self.logarithm: Logarithm | None = None
        self.chance = _given(ops, predictions, convention)
        self._normalize("before")
        if convention.clip is not None:
            self._take(Clipped(ops, self.chance, convention.clip))
        self._normalize("after")

    def _normalize(self, when: str) -> None:
        if self.convention.normalize == when:
            offset = self.convention.offset
            self._take(Normalized(self.ops, self.chance.p, self.axis, offset=offset))

    def _take(self, step: Step) -> None:
        self.steps.append(step)
        self.chance = step.after

    def at(self, index: Array) -> Array:
        """−log p of class ``index`` of each row."""
        if self.logarithm is None:
            p, rest = self.chance
            own = Chance(
                self._picked(p, index), None if rest is None else self._picked(rest, index)
            )
            self.logarithm = Logarithm(self.ops, own, self.convention, silent=self.silent)
        return self.level - self.ops.cast(self.logarithm.value, self.dtype)

    def _picked(self, rows: Array, index: Array) -> Array:
        return self.ops.take_along_axis(rows, index, self.axis)

    def every(self, mass: Array) -> Array:
        """−log p of every class."""
        if self.logarithm is None:
            self.logarithm = Logarithm(
                self.ops, self.chance, self.convention, mass != 0, silent=self.silent
            )
        return self.level - self.ops.cast(self.logarithm.value, self.dtype)

    def vjp_at(self, index: Array, slope: Array, into: Array | None = None) -> Array:
        """−slope / (p + offset) at ``index`` and 0 elsewhere, pulled back."""
        assert self.logarithm is not None
        own = self.logarithm.vjp(0.0 - self._wide(slope))
        places = self.ops.arange(self.chance.p.shape[self.axis], index)
        classes = along(self.xp, places, self.axis, self.chance.p.ndim)
        return self._pulled(self.xp.where(classes == index, own, 0.0), into)

    def vjp(self, slopes: Array, into: Array | None = None) -> Array:
        """−d_k / (p_k + offset), pulled back."""
        assert self.logarithm is not None
        return self._pulled(self.logarithm.vjp(0.0 - self._wide(slopes)), into)

    def _wide(self, slopes: Array) -> Array:
        return self.ops.cast(slopes, self.ops.dtype_name(self.chance.p))

    def _pulled(self, gradient: Array, into: Array | None) -> Array:
        for step in reversed(self.steps):
            gradient = step.vjp(gradient)
        gradient = self.ops.cast(gradient, self.dtype)
        return self.ops.in_place(self.xp.add, gradient, self.level, into=into)


class BinaryProbabilityRows:
    """The probability of class 1, and 1 − p, which is that of class 0."""

    def __init__(
        self,
        ops: ArrayOps,
        predictions: Array,
        convention: Probabilities,
        silent: Silent | None = None,
    ) -> None:
        self.ops, self.convention, self.dtype = ops, convention, ops.dtype_name(predictions)
        self.silent = silent
        self.chance = _given(ops, predictions, convention)
        self.clipped: Clipped | None = None
        self.logarithms: tuple[Logarithm, Logarithm] | None = None
        if convention.clip is not None:
            self.clipped = Clipped(ops, self.chance, convention.clip)
            self.chance = self.clipped.after

    def pair(self, one: Array, zero: Array) -> tuple[Array, Array]:
        """(−log p, −log(1 − p))."""
        if self.logarithms is None:
            mirrored = Chance(self.chance.complement, self.chance.p)
            silent = self.silent or Silent(None, None)
            self.logarithms = (
                Logarithm(self.ops, self.chance, self.convention, one != 0, silent=silent.one),
                Logarithm(self.ops, mirrored, self.convention, zero != 0, silent=silent.zero),
            )
        log_one, log_zero = self.logarithms
        cast, dtype = self.ops.cast, self.dtype
        return 0.0 - cast(log_one.value, dtype), 0.0 - cast(log_zero.value, dtype)

    def vjp_pair(self, slope_one: Array, slope_zero: Array, into: Array | None = None) -> Array:
        """d₀ / (1 − p + offset) − d₁ / (p + offset); 0 where the logarithms are constant."""
        del into
        assert self.logarithms is not None
        (one, zero), cast = self.logarithms, self.ops.cast
        wide = self.ops.dtype_name(self.chance.p)
        own, cross = zero.vjp(cast(slope_zero, wide)), one.vjp(cast(slope_one, wide))
        gradient = snapped(self.ops, own, cross)
        if self.clipped is not None:
            gradient = self.clipped.vjp(gradient)
        return cast(gradient, self.dtype)


@dataclass(frozen=True)
class CategoricalProbabilities:
    """Link of multi-class probabilities."""

    convention: Probabilities
    neutral: float = 0.5

    def rows(
        self, ops: ArrayOps, predictions: Array, axis: int, silent: Array | None = None
    ) -> CategoricalProbabilityRows:
        """The rows of ``predictions`` along ``axis``."""
        # A product, so that autodiff finds NaN at each class of a row that has it at one.
        missing = of_nan(ops, predictions, axis)
        given = predictions * (1.0 + missing)
        return CategoricalProbabilityRows(ops, given, axis, self.convention, silent)

    def closed(self, ops: ArrayOps, predictions: Array, axis: int) -> CategoricalProbabilityRows:
        """The same with the way back."""
        return CategoricalProbabilityRows(ops, predictions, axis, self.convention)


@dataclass(frozen=True)
class BinaryProbabilities:
    """Link of the probability of class 1."""

    convention: Probabilities
    neutral: float = 0.5
    symmetric: bool = False

    def rows(
        self, ops: ArrayOps, predictions: Array, silent: Silent | None = None
    ) -> BinaryProbabilityRows:
        """One item per element of ``predictions``."""
        return BinaryProbabilityRows(ops, predictions, self.convention, silent)

    def closed(self, ops: ArrayOps, predictions: Array) -> BinaryProbabilityRows:
        """The same rows: their slopes need nothing that autodiff could not follow."""
        return self.rows(ops, predictions)
