"""One call on arrays: its value, and its value with the closed-form gradient.

Two functions that a backend runs, both pure in the arrays:

* :func:`plain`: the value by differentiable functions, right under any autodiff, to any order.
* :func:`fused`: value and closed-form gradient to the predictions together; :func:`deferred` makes
  the gradient later, and :func:`wce_core.evaluation.blocks.in_blocks` a block of items at a time.

They share every line but the gradient's. Higher derivatives, and gradients to weights and targets,
are the autodiff of ``plain``; ``fused`` is never differentiated.
"""

from __future__ import annotations

from collections.abc import Callable

from wce_core.arrays.ops import ArrayOps
from wce_core.arrays.rounding import widened
from wce_core.dtypes import at_least_float32
from wce_core.evaluation import regions
from wce_core.evaluation.balancing import with_balance
from wce_core.evaluation.counting import Divisor, counted_and_shared, none_over_zero
from wce_core.evaluation.items import item_losses, kept_gradient, loss_of_mass, rows_of, scale_of
from wce_core.evaluation.linear import with_logits
from wce_core.evaluation.reducing import itemised, reduced, total_of
from wce_core.evaluation.second_look import exactly, is_proved
from wce_core.evaluation.spec import LossSpec
from wce_core.evaluation.weighing import Weighed, silenced, weigh
from wce_core.types import Array, Arrays


def plain(ops: ArrayOps, spec: LossSpec, arrays: Arrays) -> tuple[Array, ...]:
    """The outputs, by functions that any autodiff differentiates rightly, to any order."""
    if spec.chunk_bytes is not None:
        arrays = with_logits(ops, spec, arrays)
    if spec.exact and at_least_float32(ops.dtype_name(arrays["predictions"])) == "float32":
        wide = widened(ops, arrays["predictions"], spec.compute)
        arrays = {**arrays, "predictions": ops.flushing(wide)}
    if spec.region is not None:
        return regions.plain(ops, spec, arrays)
    arrays = with_balance(ops, spec, arrays)
    weighed = weigh(ops, spec, arrays, closed=False)
    weighed, counts, under = counted_and_shared(ops, spec, arrays, weighed)
    if under is not None:
        weighed = none_over_zero(ops, arrays, weighed, under)
    weighed = silenced(spec, weighed)
    rows = rows_of(ops, spec, arrays, weighed, closed=False)
    losses = item_losses(ops, spec, weighed, loss_of_mass(ops, spec, weighed, rows))
    return _outputs(ops, spec, arrays, weighed, losses, counts, under)


def fused(
    ops: ArrayOps, spec: LossSpec, arrays: Arrays, *, gradient: bool = True
) -> tuple[tuple[Array, ...], Array]:
    """The outputs, and the gradient to the predictions of the one that depends on them.

    That is the value, ``LossParts.total``, or for ``reduction="none"`` their sum. The gradient is
    :meth:`LossSpec.kept` is its dtype; None if it is not asked for.
    """
    if is_proved(ops, spec, arrays["predictions"]):
        return exactly(ops, spec, arrays, gradient=gradient)
    outputs, later = deferred(ops, spec, arrays)
    return outputs, later() if gradient else None


def deferred(
    ops: ArrayOps, spec: LossSpec, arrays: Arrays
) -> tuple[tuple[Array, ...], Callable[[], Array]]:
    """:func:`fused`, its gradient made when it is asked for, which is once at most."""
    if spec.region is not None:
        return regions.deferred(ops, spec, arrays)
    arrays = with_balance(ops, spec, arrays)
    weighed, counts, under = counted_and_shared(ops, spec, arrays, weigh(ops, spec, arrays))
    rows = rows_of(ops, spec, arrays, weighed)
    losses = item_losses(ops, spec, weighed, loss_of_mass(ops, spec, weighed, rows))
    outputs = _outputs(ops, spec, arrays, weighed, losses, counts, under)

    def gradient() -> Array:
        scale = scale_of(ops, spec, weighed, under, arrays)
        return kept_gradient(ops, spec, weighed, rows, scale, arrays, under)

    return outputs, gradient


def _outputs(
    ops: ArrayOps,
    spec: LossSpec,
    arrays: Arrays,
    weighed: Weighed,
    losses: Array,
    counts: dict[str, Array],
    under: Divisor | None,
) -> tuple[Array, ...]:
    if spec.reduction == "none":
        return (itemised(ops, spec, losses),)
    total = total_of(ops, spec, weighed, losses, under)
    return reduced(ops, spec, arrays, total, counts, under)
