"""Item losses and their gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wce_core.arrays.ops import ArrayOps
from wce_core.arrays.rounding import widened
from wce_core.evaluation.counting import COUNTS, Divisor
from wce_core.evaluation.masses import neutralised
from wce_core.evaluation.spec import COTANGENT, LossSpec
from wce_core.evaluation.weighing import Weighed
from wce_core.types import Array, Arrays


def rows_of(
    ops: ArrayOps, spec: LossSpec, arrays: Arrays, weighed: Weighed, *, closed: bool = True
) -> Any:
    """The link's one evaluation of a block of predictions, in the computing dtype."""
    predictions = widened(ops, arrays["predictions"], spec.compute)
    predictions = neutralised(ops, predictions, weighed.included, spec.link.neutral)
    link: Any = spec.link
    along = () if spec.axis is None else (spec.axis,)
    if not closed:
        return link.rows(ops, predictions, *along, silent=weighed.silent)
    if spec.axis is not None:
        predictions = ops.memory_order(predictions, spec.axis)
    return link.closed(ops, predictions, *along)


def loss_of_mass(ops: ArrayOps, spec: LossSpec, weighed: Weighed, rows: Any) -> Array:
    """What the mass of each item costs, before its factor: the term's penalties, and a z-loss."""
    loss = weighed.mass.loss(spec.term, rows)
    if not spec.z_loss:
        return loss
    normalizer = rows.normalizer()
    squared = ops.cast((spec.z_loss * normalizer) * normalizer, ops.dtype_name(loss))
    return loss + ops.times(ops.cast(weighed.mass.total(), ops.dtype_name(loss)), squared)


def gradient_of_mass(
    ops: ArrayOps,
    spec: LossSpec,
    weighed: Weighed,
    rows: Any,
    scale: Array,
    into: Array | None = None,
) -> Array:
    """scale · ∂(that) / ∂predictions, in closed form; perhaps written to ``into``."""
    if not spec.z_loss:
        return weighed.mass.gradient(spec.term, rows, scale, into)
    more = _z_gradient(ops, spec, weighed, rows, scale)  # first: a way back uses up what it needs
    gradient = weighed.mass.gradient(spec.term, rows, scale, into)
    return ops.in_place(ops.xp.add, gradient, more, into=into)


def _z_gradient(ops: ArrayOps, spec: LossSpec, weighed: Weighed, rows: Any, scale: Array) -> Array:
    normalizer = rows.normalizer()
    slope = (2.0 * spec.z_loss) * normalizer
    steep = ops.cast(weighed.mass.total() * scale, ops.dtype_name(slope))
    return rows.vjp_normalizer(steep * slope)


def item_losses(ops: ArrayOps, spec: LossSpec, weighed: Weighed, loss: Array) -> Array:
    """ℓ from the loss of the mass, in the accumulating dtype if it is multiplied; 0 if excluded.

    Of items that are :func:`shared` their part of the quotient.
    """
    if weighed.factor is not None:
        wide = ops.cast(loss, spec.accumulate)
        loss = ops.times(weighed.factor, wide)
    return neutralised(ops, loss, weighed.included, 0.0)


def scale_of(
    ops: ArrayOps, spec: LossSpec, weighed: Weighed, divisor: Divisor | None, arrays: Arrays
) -> Array:
    """∂(Σℓ / divisor) / ∂(the loss of the mass) of :func:`shared` items, in the mass's dtype."""
    scale = weighed.factor
    if scale is None:
        scale = ops.scalar(1.0, spec.accumulate, arrays["predictions"])
        scale = scale if divisor is None else ops.xp.divide(scale, divisor.number)
    if COTANGENT in arrays:
        scale = scale * ops.cast(arrays[COTANGENT], spec.accumulate)
    if weighed.included is not None:
        scale = ops.xp.where(weighed.included, scale, 0.0)
    return ops.cast(scale, spec.mass)


def kept_gradient(
    ops: ArrayOps,
    spec: LossSpec,
    weighed: Weighed,
    rows: Any,
    scale: Array,
    arrays: Arrays,
    divisor: Divisor | None,
    into: Array | None = None,
    flushed: Callable[[Array], Array] | None = None,
) -> Array:
    """The closed-form gradient to the predictions, as it is kept until the cotangent is known.

    Of the dtype that the description says. ``rows`` are used up. With ``into`` it may be that,
    or wider than it: assigned, it is rounded. ``flushed`` in the place of the usual one looks at it
    before it is.
    """
    kept = spec.kept(ops.dtype_name(arrays["predictions"]))
    own = into if kept == spec.compute else None
    gradient = gradient_of_mass(ops, spec, weighed, rows, scale, own)
    # Where items are counted, 0 means that all of them are excluded already.
    if divisor is not None and divisor.zero is not None and spec.reduction not in COUNTS:
        gradient = ops.xp.where(divisor.zero, 0.0, gradient)
    if kept == spec.compute:
        return gradient
    if spec.exact:
        gradient = (flushed or ops.flushed)(gradient)
    return ops.cast(gradient, kept) if into is None else gradient
