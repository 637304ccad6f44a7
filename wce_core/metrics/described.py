"""From the arguments of a metric to what is added up: those of the losses, looked at as theirs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from wce_core.call.arguments import as_predictions
from wce_core.call.companions import check_predictions, layout_of
from wce_core.call.describe import prepare, result_dtype_of
from wce_core.call.handles import plain
from wce_core.evaluation.options import Options
from wce_core.evaluation.spec import LossSpec
from wce_core.frameworks.backend import Backend, Sums
from wce_core.types import Array, Form


class Call(NamedTuple):
    """A call of a metric in which nothing can be wrong any more but values."""

    spec: LossSpec
    form: Form
    classes: int
    """C, or how many labels stand apart along the given axis."""
    label_axis: int | None
    """The axis of labels that are counted apart."""
    result: str
    """The dtype of sums."""


class Described(NamedTuple):
    """A call, and its arrays."""

    backend: Backend
    call: Call
    arrays: dict[str, Array]


def described(options: Options, predictions: Any, targets: Any, given: dict[str, Any]) -> Described:
    """Converted, checked and laid out as by a loss."""
    be, own = as_predictions(plain(predictions))
    check_predictions(be, own, targets)
    wide = be.has_float64(own) and be.can_return("float64")
    result = result_dtype_of(be, options, own)
    with be.scope():
        followed = be.followed({**given, "targets": targets}, own)
        spec, arrays = prepare(be, options, own, followed.pop("targets"), followed, result)
        layout = layout_of(be, own, options.axis, categorical=options.categorical)
    apart = not options.categorical and options.axis is not None
    call = Call(
        spec=spec._replace(mass=spec.accumulate),
        form=options.form_name,
        classes=layout.classes if options.categorical or apart else 1,
        label_axis=layout.axis if apart else None,
        result="float64" if wide else "float32",
    )
    return Described(be, call, arrays)


def sums_of(
    kind: Callable[[Call], Sums],
    options: Options,
    predictions: Any,
    targets: Any,
    given: dict[str, Any],
) -> tuple[Array, ...]:
    """What ``kind`` adds up over the items of a call."""
    be, call, arrays = described(options, predictions, targets, given)
    with be.scope():
        return be.summed(call.spec, kind(call), arrays)
