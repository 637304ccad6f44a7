"""What a loss will divide by, known before there are predictions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from wce_core.arrays.ops import ArrayOps
from wce_core.arrays.rounding import rounded
from wce_core.call.arguments import as_companion
from wce_core.call.describe import prepare, result_dtype_of
from wce_core.compilers import do_not_convert
from wce_core.dtypes import result_name
from wce_core.errors import choice_error, shape_error
from wce_core.evaluation.balancing import with_balance
from wce_core.evaluation.counting import SUMS, lengths, sums_over_items
from wce_core.evaluation.options import Options
from wce_core.evaluation.spec import LossSpec
from wce_core.evaluation.weighing import weigh
from wce_core.formulas.reductions import DENOMINATORS
from wce_core.formulas.weightings import WEIGHTINGS
from wce_core.formulas.weightings.balanced import is_balanced
from wce_core.frameworks.backend import Backend
from wce_core.frameworks.registry import backend_of, numpy_backend
from wce_core.scalars import integer
from wce_core.types import Array, Arrays, Reduction

from .configured import ConfiguredItems

OF_ITEMS = ("items", "all_items", "batch")
"""Denominators that no weight changes."""
DIVIDING = tuple(name for name, under in DENOMINATORS.items() if under not in (None, "normalizer"))
"""Reductions with a denominator of their own."""


def effective_weight(
    loss: ConfiguredItems[Any],
    targets: Array,
    *,
    sample_weight: Array | None = None,
    mask: Array | None = None,
    num_classes: int | None = None,
    reduction: Reduction | None = None,
    dense: bool | None = None,
    dtype: Any = None,
) -> Any:
    """What a loss of these targets divides by, without predictions: Σω, or the count it uses.

    It is the field of the :class:`wce_core.LossParts` that predictions would give, and what
    ``normalizer=`` of ``reduction="sum"`` takes. Those of several micro-batches are added by
    ``sum()``, those of several processes by what their framework has. So each micro-batch can be
    divided by the denominator of all of them before the first forward pass, and its graph be freed.

    =============================  ==================================================
    ``reduction``                  the result
    =============================  ==================================================
    ``"weighted_mean"``            Σω
    ``"absolute_weighted_mean"``   Σ|ω|
    ``"mean"``                     items not excluded, an integer
    ``"nonzero_mean"``             items with ω ≠ 0, an integer
    ``"mean_over_all"``            all items, an integer
    ``"batch_mean"``               the length of the items' leading axis, an integer
    =============================  ==================================================

    Parameters
    ----------
    loss
        A configured loss of items, such as ``losses.CrossEntropy(class_weight=...)``.
    targets, sample_weight, mask
        As the loss takes them. Framework, device and the items' shape are those of the targets.
    num_classes
        C, where neither class weights nor dense targets tell.
    reduction
        Which denominator, if not that of the loss; named for a loss of ``"sum"``, ``"none"`` or
        ``"parts"``, which has none of its own.
    dense
        Are targets rows of mass, of the predictions' shape? None: those of floating dtypes are, and
        sets of candidates; integers are class indices. Said where integers have an axis of C at the
        class axis, and may be either.
    dtype
        That of the predictions, which Σω is rounded to, float32 at least. None: float64, where
        there is one.

    Returns
    -------
    A number without axes, of the targets' framework. No derivative flows through it.

    Raises
    ------
    TypeError
        For what is no configured loss of items.
    ValueError
        Where the loss has no denominator, nothing tells C, or a cost matrix makes ω depend on the
        predictions. And what the loss itself raises of its targets and weights.

    Examples
    --------
    >>> import dataclasses
    >>> import numpy as np
    >>> from wce_core import effective_weight, losses
    >>> loss = losses.CrossEntropy(class_weight=[1.0, 9.0], reduction="weighted_mean")
    >>> batches = [np.array([0, 0, 1]), np.array([0])]
    >>> whole = sum(effective_weight(loss, labels) for labels in batches)
    >>> whole
    np.float64(12.0)
    >>> share = dataclasses.replace(loss, reduction="sum")
    >>> shares = [share(np.zeros((len(t), 2)), t, normalizer=whole) for t in batches]
    >>> round(float(sum(shares)), 6)
    0.693147

    """
    if not isinstance(loss, ConfiguredItems):
        raise TypeError(
            f"effective_weight() got {type(loss).__name__}; expected a configured loss of items, "
            "such as losses.CrossEntropy()"
        )
    own = loss._arguments
    name = _reduction(own["reduction"] if reduction is None else reduction)
    _check_costs(own, name)
    options = loss._options(own)._replace(reduction=name)
    given = {each: own[each] for each in WEIGHTINGS if each in own}
    given |= {"sample_weight": sample_weight, "mask": mask}
    if is_balanced(given.get("class_weight")):
        options, given = options._replace(balanced=True), {**given, "class_weight": None}
    return _counted(options, targets, given, _classes(own, num_classes), dense, result_name(dtype))


def _reduction(name: Any) -> Reduction:
    if name in DIVIDING:
        found: Reduction = name
        return found
    if name in DENOMINATORS:
        raise ValueError(
            f"reduction={name!r} divides by nothing of its own; name a denominator, such as "
            "effective_weight(..., reduction='weighted_mean')"
        )
    raise choice_error("reduction", name, DIVIDING)


def _check_costs(own: Mapping[str, Any], reduction: Reduction) -> None:
    if own.get("cost_matrix") is not None and DENOMINATORS[reduction] not in OF_ITEMS:
        raise ValueError(
            "cost_matrix weighs an item by the class that is predicted, so that Σω is not known "
            "before; use reduction='parts' with predictions"
        )


def _classes(own: Mapping[str, Any], given: Any) -> int | None:
    """How many there are, by the argument or by the weights of classes."""
    if given is not None:
        return integer("num_classes", given, "an integer")
    for name in ("class_weight", "cost_matrix", "costs"):
        value = own.get(name)
        if isinstance(value, Mapping):
            return len(value)
        shape = getattr(value, "shape", None)
        if shape:
            return int(shape[0])
    return None


@do_not_convert
def _counted(
    options: Options,
    targets: Any,
    given: dict[str, Any],
    classes: int | None,
    dense: bool | None,
    dtype: str | None,
) -> Array:
    be = backend_of(targets) or numpy_backend()
    own = as_companion(be, targets, np.zeros(()), options.targets_name)
    reason = be.refusal(own)
    if reason is not None:
        raise TypeError(f"{options.targets_name} is {reason}")
    if dtype is None:
        wide = be.has_float64(own) and be.can_return("float64")
        dtype = "float64" if wide else "float32"
    with be.scope():
        like = _stand_in(be, options, own, classes, dense, dtype)
        followed = be.followed({**given, "targets": own}, like)
        result = result_dtype_of(be, options, like)
        spec, arrays = prepare(be, options, like, followed.pop("targets"), followed, result)
        return be.summed(spec, _Denominator(spec), arrays)[0]


def _stand_in(
    be: Backend,
    options: Options,
    targets: Array,
    classes: int | None,
    dense: bool | None,
    dtype: str,
) -> Array:
    """Zeros in the place of predictions, of which the shape and the dtype are read."""
    xp, shape = be.xp, be.shape(targets)
    zeros = xp.zeros_like(targets, dtype=be.dtype(dtype))
    if not options.categorical or _are_rows(be, options, targets, classes, dense):
        return zeros
    assert options.axis is not None
    rank, axis = len(shape) + 1, int(options.axis)
    if not -rank <= axis < rank:
        raise shape_error("targets", shape, f"class indices beside a class axis at axis={axis}")
    if classes is None:
        raise ValueError("nothing says how many classes there are; pass num_classes=")
    lengths_of_items: list[Any] = [be.length(targets, i) for i in range(rank - 1)]
    lengths_of_items.insert(axis % rank, classes)
    return xp.broadcast_to(xp.expand_dims(zeros, axis=axis % rank), tuple(lengths_of_items))


def _are_rows(
    be: Backend, options: Options, targets: Array, classes: int | None, dense: bool | None
) -> bool:
    """Have they the predictions' shape? Predictions would tell by theirs."""
    shape, axis = be.shape(targets), options.axis
    assert axis is not None
    alike = -len(shape) <= axis < len(shape) and shape[axis] == classes
    if options.candidates or dense is not None:
        rows = options.candidates or bool(dense)
    elif "int" in be.dtype_name(targets) and alike and len(shape) > 1:
        raise ValueError(
            f"targets are integers of shape {shape}, with as many along axis {axis} as there are "
            "classes; pass dense=True if they are rows of mass, dense=False if class indices"
        )
    else:
        rows = "int" not in be.dtype_name(targets)
    if rows and classes is not None and shape and not alike:
        raise shape_error(options.targets_name, shape, f"{classes} classes along axis {axis}")
    return rows


@dataclass(frozen=True)
class _Denominator:
    """The denominator of a call: what is added up over its items."""

    spec: LossSpec

    def __call__(self, ops: ArrayOps, arrays: Arrays) -> tuple[Array, ...]:
        spec, like = self.spec, arrays["predictions"]
        name = DENOMINATORS[spec.reduction]
        assert name is not None
        known = lengths(ops, spec, arrays)
        if name not in known:
            arrays = with_balance(ops, spec, arrays)
            known = sums_over_items(ops, spec, arrays, weigh(ops, spec, arrays, closed=False))
        if name in SUMS:
            return (rounded(ops, known[name], spec.part, exact=spec.exact),)
        return (ops.scalar(known[name], ops.index_dtype, like),)
