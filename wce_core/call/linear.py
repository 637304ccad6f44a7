"""A loss of a linear layer, from its arguments to its result."""

from __future__ import annotations

from functools import partial
from typing import Any

from wce_core.evaluation.linear import CLOSED
from wce_core.evaluation.options import Options
from wce_core.evaluation.spec import COTANGENT, LossSpec
from wce_core.formulas.weightings.balanced import is_balanced
from wce_core.frameworks.backend import Backend
from wce_core.types import Array, Arrays

from .arguments import as_predictions
from .companions import check_predictions
from .describe import prepare, result_dtype_of
from .handles import Predictions, Tracked
from .run import packed

NAMES = ("hidden", "weight", "bias")
"""What users call :data:`CLOSED`."""


def evaluate_linear(
    options: Options, hidden: Any, weight: Any, targets: Any, given: dict[str, Any]
) -> Any:
    """The result of a loss of logits hidden·weightᵀ + bias, which is among those ``given``."""
    if is_balanced(given.get("class_weight")):
        options, given = options._replace(balanced=True), {**given, "class_weight": None}
    layer: dict[str, Any] = dict(zip(CLOSED, (hidden, weight, given.get("bias")), strict=True))
    handles = {name: each for name, each in layer.items() if isinstance(each, Predictions)}
    if len(handles) > 1:
        named: dict[str, str] = dict(zip(CLOSED, NAMES, strict=True))
        both = " and ".join(named[name] for name in handles)
        raise TypeError(f"{both} are of value_and_grad; expected one of them at a time")
    layer |= {name: handle.array for name, handle in handles.items()}
    be, own = as_predictions(layer["predictions"])
    check_predictions(be, own, targets)
    if not handles:
        known = be.fast_path(options, {**layer, "predictions": own, "targets": targets, **given})
        if known:
            return packed(options, known[1])
    result = result_dtype_of(be, options, own)
    given = {**given, "projection": layer["projection"], "bias": layer["bias"]}
    with be.scope():
        spec, arrays = prepare(be, options, own, targets, given, result)
        if not handles:
            return packed(spec, be.run(spec, arrays))
        ((name, handle),) = handles.items()
        return _tracked(be, spec, arrays, name, handle)


def _tracked(be: Backend, spec: LossSpec, arrays: Arrays, name: str, handle: Predictions) -> Any:
    """With the gradient to one of the arrays, where there is no autodiff."""
    if spec.reduction == "none" and be.shape(arrays["predictions"])[:-1] != ():
        (items,) = be.run(spec, arrays)
        return handle.items(items, partial(_pulled, be, spec, arrays, name))
    outputs, gradients = be.fused_layer(spec, arrays, (name,))
    first = Tracked(handle, outputs[0], lambda: gradients[name], gradients[name])
    return packed(spec, (first, *outputs[1:]))


def _pulled(be: Backend, spec: LossSpec, arrays: Arrays, name: str, cotangent: Array) -> Array:
    """In chunks once more, items weighed by the cotangent."""
    laid = be.xp.expand_dims(cotangent, axis=-1)
    return be.fused_layer(spec, {**arrays, COTANGENT: laid}, (name,))[1][name]
