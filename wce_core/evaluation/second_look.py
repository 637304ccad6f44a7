"""Exact results by Ziv's test: float64 first, and 106 bits where that cannot decide.

The first look is the evaluation as it always is. An element that lies farther from where rounding
changes than its error bound is right. Items with an element that does not are evaluated again, by
the same formulas on :class:`wce_core.arrays.double.array.Double`; if a sum does not, all of them.
docs/design/exact.md derives the bounds.
"""

from __future__ import annotations

from functools import partial
from math import prod
from typing import Any, NamedTuple

from wce_core.arrays.boundaries import MOST
from wce_core.arrays.double.array import Double
from wce_core.arrays.double.ops import DoubleOps
from wce_core.arrays.double.rounding import to_float32
from wce_core.arrays.ops import ArrayOps
from wce_core.dtypes import at_least_float32
from wce_core.evaluation.balancing import with_balance
from wce_core.evaluation.counting import (
    SUMS,
    Divisor,
    counted_and_shared,
    needs_weights,
    shared,
)
from wce_core.evaluation.items import (
    gradient_of_mass,
    item_losses,
    kept_gradient,
    loss_of_mass,
    rows_of,
    scale_of,
)
from wce_core.evaluation.reducing import PARTS, itemised, reduced, total_of
from wce_core.evaluation.spec import LossSpec
from wce_core.evaluation.weighing import weigh
from wce_core.formulas.links.softmax import Softmax
from wce_core.formulas.terms.negative_log_likelihood import NegativeLogLikelihood
from wce_core.formulas.weightings import WEIGHTINGS
from wce_core.types import Array, Arrays

EXP, LOG1P = 8, 8
"""What the framework's ``exp`` and ``log1p`` may be off by, in units of 2⁻⁵³: 4 ulp."""
FARTHEST = 90
"""More than −log of the smallest normal float32 number: no difference of logits that counts is
farther, unless a weight makes it count."""
WEIGHTS = 16
"""Roundings on the way of an item's factor: of class, sample and balanced weights and of costs."""
LARGE = 2.0**700
"""Factors beyond which exponentials that count may be no normal numbers."""
BLOCK = 2**15
"""Fewer elements than any block but the last has."""
AT_ONCE = 2**15
"""Elements that are evaluated again at a time."""


def is_proved(ops: ArrayOps, spec: LossSpec, predictions: Array) -> bool:
    """Is there a bound for the first look, and a way to a second one?

    For cross-entropy of logits of at most float32 and class indices, in all weightings that are not
    negative and all reductions, where values can be asked for.
    """
    return (
        spec.exact
        and at_least_float32(ops.dtype_name(predictions)) == "float32"
        and spec.result == "float32"
        and spec.region is None
        and spec.chunk_bytes is None
        and type(spec.link) is Softmax
        and type(spec.term) is NegativeLogLikelihood
        and spec.index_targets
        and spec.one_class
        and not spec.signed
        and ops.looks_again(predictions)
    )


class Bounds(NamedTuple):
    """Error bounds of the first look, in ulps of what it gives. ``factor``: of each item."""

    ops: ArrayOps
    spec: LossSpec
    items: int

    @classmethod
    def of(cls, ops: ArrayOps, spec: LossSpec, predictions: Array) -> Bounds:
        """Of a call."""
        shape = ops.shape(predictions)
        return cls(ops, spec, prod(n or 0 for i, n in enumerate(shape) if i != spec.axis))

    @property
    def of_sum(self) -> int:
        """Of a sum over items: of each block, and of the blocks one after another."""
        return self.ops.sum_roundings(self.items) + self.items * self.spec.classes // BLOCK + 1

    @property
    def of_weights(self) -> int:
        """Of an item's factor, divided."""
        return WEIGHTS + (self.of_sum if needs_weights(self.spec) else 0)

    @property
    def of_row(self) -> int:
        """Of Σ e^d over a row, twice: of the sum, and of that without the largest logit."""
        classes = self.spec.classes
        return 2 * (EXP + classes.bit_length() + self.ops.sum_roundings(classes)) + 4

    def of_gradient(self, factor: Array) -> Array:
        """Of the elements of an item's gradient."""
        return self._at_most(factor, EXP + self.of_row + self.of_weights + 8)

    def of_items(self, factor: Array) -> Array:
        """Of the loss of an item."""
        return self._at_most(factor, LOG1P + self.of_row + self.of_weights + 5)

    def of_total(self, of_items: Array) -> Array:
        """Of a sum of items, none of which is negative; ``of_items``: the largest bound of one."""
        # The losses of many items, each too small for float32, may add up to a number of it.
        ulps = of_items + min(self.of_sum + self.items.bit_length() + 4, MOST)
        return self.ops.xp.where(ulps < MOST, ulps, MOST)

    def of_sum_of_weights(self, like: Array) -> Array:
        """Of a sum of weights."""
        ulps = min(WEIGHTS + self.of_sum, MOST)
        return self.ops.scalar(ulps, "int64", like)

    def _at_most(self, factor: Array, ulps: int) -> Array:
        """With what rounding differences of logits makes, of results that are normal float32."""
        xp = self.ops.xp
        size = xp.abs(factor)
        size = xp.where((size > 1.0) & (size < xp.inf), size, 1.0)
        distance = self.ops.cast(xp.floor(xp.log(size)), "int64") + FARTHEST
        ulps = distance + min(ulps, MOST)
        return xp.where((ulps < MOST) & (size <= LARGE), ulps, MOST)


class Looked(NamedTuple):
    """What the first look gave."""

    outputs: tuple[Array, ...]
    gradient: Array | None
    items: Array
    """Which items to evaluate again, in the predictions' rank."""
    total: Array | None
    """Is a sum over items undecided? None: there is none."""


def exactly(
    ops: ArrayOps, spec: LossSpec, arrays: Arrays, *, gradient: bool
) -> tuple[tuple[Array, ...], Array | None]:
    """The outputs and the gradient, right to the last bit, of a call that :func:`is_proved`."""
    given, xp, axis = arrays, ops.xp, spec.axis
    assert axis is not None
    arrays = with_balance(ops, spec, arrays)
    weighed, counts, under = counted_and_shared(ops, spec, arrays, weigh(ops, spec, arrays))
    rows = rows_of(ops, spec, arrays, weighed)
    losses = item_losses(ops, spec, weighed, loss_of_mass(ops, spec, weighed, rows))
    scale = scale_of(ops, spec, weighed, under, arrays)
    bounds, slopes = Bounds.of(ops, spec, arrays["predictions"]), None
    asked = xp.zeros_like(losses, dtype=ops.dtype("bool"))
    if gradient:
        slopes, asked = first_gradient(
            ops,
            bounds.of_gradient(scale),
            axis,
            partial(kept_gradient, ops, spec, weighed, rows, scale, arrays, under),
        )
    of_items = bounds.of_items(scale)
    if spec.reduction == "none":
        outputs: tuple[Array, ...] = (itemised(ops, spec, losses),)
        asked = asked | ops.undecided(losses, of_items)
        return revised(ops, spec, given, Looked(outputs, slopes, asked, None))
    total = total_of(ops, spec, weighed, losses, under)
    outputs = reduced(ops, spec, arrays, total, counts, under)
    largest = xp.max(of_items) if bounds.items else ops.scalar(0, "int64", total)
    unsure = of_sums(bounds, total, largest, counts)
    return revised(ops, spec, given, Looked(outputs, slopes, asked, unsure))


def first_gradient(
    ops: ArrayOps, ulps: Array, axis: int, made: Any, into: Array | None = None
) -> tuple[Array, Array]:
    """The gradient that ``made`` makes with the test in it, and the items that it asks for."""
    asked: list[Array] = []

    def flushed(raw: Array) -> Array:
        found, rows = ops.flushed_and_undecided(raw, ulps, axis)
        asked.append(rows)
        return found

    gradient = made(into=into, flushed=flushed)
    return gradient, asked[0]


def of_sums(bounds: Bounds, total: Array, of_items: Array, counts: dict[str, Array]) -> Array:
    """Is the total undecided, or a sum of weights that is delivered itself?"""
    ops = bounds.ops
    unsure = ops.undecided(total, bounds.of_total(of_items))
    if bounds.spec.reduction == "parts":
        for name in SUMS:
            own = ops.scalar(counts[name], "float64", total)
            unsure = unsure | ops.undecided(own, bounds.of_sum_of_weights(own))
    return unsure


def revised(
    ops: ArrayOps, spec: LossSpec, arrays: Arrays, first: Looked
) -> tuple[tuple[Array, ...], Array | None]:
    """The first look with what it could not decide decided."""
    asked = ops.xp.any(first.items)
    asked = asked if first.total is None else asked | first.total
    found: tuple[tuple[Array, ...], Array | None] = ops.decided(
        asked, partial(_on_host, ops, spec, arrays, first), (first.outputs, first.gradient)
    )
    return found


def _on_host(
    ops: ArrayOps, spec: LossSpec, arrays: Arrays, first: Looked
) -> tuple[tuple[Array, ...], Array | None]:
    def moved(array: Array | None) -> Array | None:
        return None if array is None else ops.to_host(array)

    own = Looked(
        tuple(map(ops.to_host, first.outputs)),
        moved(first.gradient),
        ops.to_host(first.items),
        moved(first.total),
    )
    given = {name: ops.to_host(array) for name, array in arrays.items()}
    outputs, gradient = _again(ops.host, spec, given, own)
    slopes = None if gradient is None else ops.from_host(gradient)
    return tuple(map(ops.from_host, outputs)), slopes


def _again(
    ops: ArrayOps, spec: LossSpec, arrays: Arrays, first: Looked
) -> tuple[tuple[Array, ...], Array | None]:
    double, xp, spec = DoubleOps(ops), ops.xp, spec._replace(link=Softmax())
    arrays = with_balance(double, spec, arrays)
    _, counts, under = counted_and_shared(double, spec, arrays, weigh(double, spec, arrays))
    asked = _flat(ops, spec, arrays, first.items)[:, 0]
    asked = asked if first.total is None else asked | first.total
    nothing = xp.zeros_like(asked, dtype=ops.dtype("float64"))
    found: tuple[Array, ...] = (nothing, xp.zeros_like(nothing))
    if first.gradient is not None:
        found = (*found, _flat(ops, spec, arrays, first.gradient))
    rows = _Rows(double, spec, arrays, under, gradient=first.gradient is not None)
    hi, lo, *slopes = ops.again(asked, rows.of, found, max(1, AT_ONCE // spec.classes))
    items = Double(ops, hi, lo)
    gradient = _unflat(ops, spec, arrays["predictions"], slopes[0]) if slopes else None
    if first.total is not None:
        return _sums(double, spec, first, items, counts, under), gradient
    (output,) = first.outputs
    sizes = ops.sizes(output)
    again = xp.reshape(to_float32(ops, items), sizes)
    decided = xp.reshape(asked, sizes) & xp.isfinite(output)  # beside a gradient, infinite ones
    return (xp.where(decided, again, output),), gradient


def _sums(
    double: DoubleOps,
    spec: LossSpec,
    first: Looked,
    items: Double,
    counts: dict[str, Any],
    under: Divisor | None,
) -> tuple[Array, ...]:
    """The first look's, or those of the items that were found; infinities and NaN stay."""
    xp = double.base.xp
    total = double.xp.sum(items)
    if under is not None and under.zero is not None:
        total = double.xp.where(under.zero, 0.0, total)
    known: dict[str, Any] = {**counts, "total": total}
    names = PARTS if spec.reduction == "parts" else ("total",)
    outputs = []
    for name, output in zip(names, first.outputs, strict=True):
        if name not in ("total", *SUMS):
            outputs.append(output)
            continue
        own = to_float32(double.base, known[name])
        outputs.append(xp.where(first.total & xp.isfinite(output), own, output))
    return tuple(outputs)


class _Rows(NamedTuple):
    """Items of a call, by their number."""

    double: DoubleOps
    spec: LossSpec
    arrays: Arrays
    under: Divisor | None
    gradient: bool

    def of(self, index: Array) -> tuple[Array, ...]:
        """Both parts of their losses, and their gradients as float32."""
        double, spec = self.double, self.spec._replace(axis=1, batch_axis=0)
        own = {name: self._taken(name, index) for name in self.arrays}
        weighed = shared(double, spec, weigh(double, spec, own), self.under)
        rows = rows_of(double, spec, own, weighed)
        losses = item_losses(double, spec, weighed, loss_of_mass(double, spec, weighed, rows))
        if self.under is not None and weighed.factor is None:
            losses = losses / self.under.number
        losses = double.xp.reshape(losses, (-1,))
        if not self.gradient:
            return losses.hi, losses.lo
        scale = scale_of(double, spec, weighed, self.under, own)
        gradient = gradient_of_mass(double, spec, weighed, rows, scale)
        if self.under is not None and self.under.zero is not None:
            gradient = double.xp.where(self.under.zero, 0.0, gradient)
        return losses.hi, losses.lo, to_float32(double.base, gradient)

    def _taken(self, name: str, index: Array) -> Any:
        array, ops = self.arrays[name], self.double.base
        own = array.hi if isinstance(array, Double) else array
        sliced = name not in WEIGHTINGS or WEIGHTINGS[name].sliced
        if own.ndim < self.arrays["predictions"].ndim or not sliced:
            return array
        if isinstance(array, Double):
            return Double(ops, self._rows(array.hi, index), self._rows(array.lo, index))
        return self._rows(array, index)

    def _rows(self, array: Array, index: Array) -> Array:
        ops = self.double.base
        flat = _flat(ops, self.spec, self.arrays, array)
        return flat if ops.shape(flat)[0] == 1 else ops.xp.take(flat, index, axis=0)


def _flat(ops: ArrayOps, spec: LossSpec, arrays: Arrays, array: Array) -> Array:
    """An array of the predictions' rank as a row for each item, or as one for all of them."""
    xp, axis, shape = ops.xp, spec.axis, ops.shape(array)
    assert axis is not None
    moved, length = xp.moveaxis(array, axis, -1), shape[axis]
    if all(n == 1 for i, n in enumerate(shape) if i != axis):
        return xp.reshape(moved, (1, length))
    like = ops.shape(arrays["predictions"])
    if None in shape or any(n != like[i] for i, n in enumerate(shape) if i != axis):
        sizes = _moved_sizes(ops, spec, arrays["predictions"], length)
        moved = xp.broadcast_to(moved, sizes)
    return xp.reshape(moved, (-1, length))


def _unflat(ops: ArrayOps, spec: LossSpec, predictions: Array, flat: Array) -> Array:
    """Rows in the predictions' shape."""
    sizes = _moved_sizes(ops, spec, predictions, spec.classes)
    return ops.xp.moveaxis(ops.xp.reshape(flat, sizes), -1, spec.axis)


def _moved_sizes(ops: ArrayOps, spec: LossSpec, predictions: Array, length: int | None) -> Any:
    moved = ops.xp.moveaxis(predictions, spec.axis, -1)
    if length == spec.classes:
        return ops.sizes(moved)
    return ops.sizes(moved[..., :1])
