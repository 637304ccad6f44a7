"""A loss, from its arguments to its result."""

from __future__ import annotations

from functools import partial
from typing import Any

from wce_core.call.companions import check_predictions
from wce_core.call.describe import described, prepare, result_dtype_of
from wce_core.evaluation.options import Options
from wce_core.evaluation.spec import COTANGENT, LossSpec
from wce_core.formulas.weightings.balanced import is_balanced
from wce_core.frameworks.backend import Backend
from wce_core.frameworks.registry import backend_of
from wce_core.types import Array, Arrays

from .arguments import as_predictions
from .handles import Predictions, Tracked
from .parts import LossParts
from .region_parts import RegionParts


def evaluate(options: Options, predictions: Any, targets: Any, given: dict[str, Any]) -> Any:
    """The result of a loss. ``given``: weighting arguments and ``normalizer`` by name."""
    if is_balanced(given.get("class_weight")):
        options, given = options._replace(balanced=True), {**given, "class_weight": None}
    if isinstance(predictions, Predictions):
        return _tracked(predictions, options, targets, given)
    owner = backend_of(predictions)
    arguments = {"predictions": predictions, "targets": targets, **given}
    known = owner and owner.fast_path(options, arguments)
    if known:
        return packed(options, known[1])
    be, own = as_predictions(predictions)
    check_predictions(be, own, targets)
    result = result_dtype_of(be, options, own)
    with be.scope():
        spec, arrays = prepare(be, options, own, targets, given, result)
        return packed(spec, be.run(spec, arrays))


def packed(call: Options | LossSpec, outputs: tuple[Any, ...]) -> Any:
    """The outputs as users get them."""
    if call.reduction != "parts":
        return outputs[0]
    return LossParts(*outputs) if call.region is None else RegionParts(*outputs)


def _tracked(handle: Predictions, options: Options, targets: Any, given: dict[str, Any]) -> Any:
    be = handle.backend
    arguments = {"predictions": handle.array, "targets": targets, **given}
    known = be.fast_path(options, arguments, gradient=True)
    if known is None:
        spec, arrays = described(be, options, arguments)
        if spec.of_regions:
            return _tracked_regions(handle, spec, arrays)
        known = (spec, *be.fused(spec, arrays))
    spec, outputs, gradient = known
    if spec.reduction == "none" and be.shape(outputs[0]) != ():
        return handle.items(outputs[0], partial(_pulled, be, spec, gradient))
    first = Tracked(handle, outputs[0], lambda: gradient, gradient)
    return packed(spec, (first, *outputs[1:]))


def _tracked_regions(handle: Predictions, spec: LossSpec, arrays: Arrays) -> Any:
    if spec.reduction == "parts":
        raise ValueError(
            f"reduction='parts' of a region loss under value_and_grad of {handle.backend.name} "
            "arrays, which have no autodiff; expected another reduction, or arrays that have"
        )
    be = handle.backend
    (losses,), gradient = be.fused(spec, arrays)
    if be.shape(losses) == ():
        return Tracked(handle, losses, lambda: gradient, gradient)
    return handle.items(losses, partial(_pulled_regions, be, spec, arrays))


def _pulled_regions(be: Backend, spec: LossSpec, arrays: Arrays, cotangent: Array) -> Array:
    """Regions of one sample share its predictions: their losses are weighed, and added up."""
    return be.fused(spec._replace(reduction="sum"), {**arrays, COTANGENT: cotangent})[1]


def _pulled(be: Backend, spec: LossSpec, gradient: Array, cotangent: Array) -> Array:
    """No item's loss depends on another item's predictions."""
    cotangent = be.xp.astype(cotangent, gradient.dtype)
    return gradient * (
        cotangent if spec.axis is None else be.xp.expand_dims(cotangent, axis=spec.axis)
    )
