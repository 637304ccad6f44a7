"""Targets and weightings as arrays that are laid out with the predictions' rank."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wce_core.dtypes import FLOATING
from wce_core.errors import dtype_error, shape_error
from wce_core.evaluation.options import ignored_number
from wce_core.evaluation.spec import LossSpec
from wce_core.formulas.hints import order_hint, target_shape_error
from wce_core.formulas.layout import Layout, same_shape
from wce_core.formulas.weightings import WEIGHTINGS
from wce_core.formulas.weightings.class_weight import listed
from wce_core.frameworks.backend import Backend
from wce_core.frameworks.registry import PLAIN, backend_of
from wce_core.interchange import by_class
from wce_core.types import Array, Arrays

from .arguments import as_companion
from .handles import Predictions, Tracked, TrackedItems
from .mass_dtype import mass_dtype


def check_predictions(be: Backend, predictions: Array, targets: Any) -> None:
    """A floating array that the losses can read."""
    reason = be.refusal(predictions)
    if reason is not None:
        raise TypeError(f"predictions are {reason}")
    dtype = be.dtype_name(predictions)
    if dtype not in FLOATING:
        expected = "a floating dtype: " + ", ".join(FLOATING)
        owner = backend_of(targets)
        hint = order_hint(owner.dtype_name(targets)) if owner else ""
        raise dtype_error("predictions", dtype, expected + hint)


def _companion(be: Backend, value: Any, predictions: Array, name: str) -> Array:
    if isinstance(value, (Predictions, Tracked, TrackedItems)):
        raise TypeError(
            f"{name} depends on the predictions that value_and_grad passed; it must be constant. "
            "To differentiate such a function use JAX, PyTorch or TensorFlow"
        )
    array = as_companion(be, value, predictions, name)
    reason = be.refusal(array) or be.misplaced(array, predictions)
    if reason is not None:
        raise TypeError(f"{name} is {reason}")
    if be.dtype_name(array).startswith("complex"):
        raise dtype_error(name, be.dtype_name(array), "a real dtype")
    return array


def _laid_targets(
    be: Backend, layout: Layout, targets: Array, predictions: Array, *, index_targets: bool
) -> Array:
    if index_targets:
        targets = layout.with_class_axis(be, targets)
    return be.require_shape(targets, predictions, layout.axis if index_targets else None)


def _weightings(
    be: Backend, layout: Layout, arrays: Arrays, given: dict[str, Any]
) -> dict[str, Array]:
    predictions = arrays["predictions"]
    prepared: dict[str, Array] = {}
    for name, weighting in WEIGHTINGS.items():
        value = given.get(name)
        if value is None:
            continue
        if name == "ignore_index":
            value = _like_targets(be, value, arrays["targets"])
            if value is None:
                continue
        classes = layout.classes if layout.categorical else 2
        array = weight_array(be, predictions, name, value, classes)
        prepared[name] = weighting.prepare(be, layout, array)
    return prepared


def weight_array(be: Backend, like: Array, name: str, value: Any, classes: int) -> Array:
    """A weighting's argument as an array of the framework of ``like``, on its device."""
    if name == "class_weight" and type(value) not in PLAIN and backend_of(value) is None:
        value = by_class(value)
    if name == "class_weight" and isinstance(value, Mapping):
        value = _stacked(be, listed(value, classes), like)
    return _companion(be, value, like, name)


def _stacked(be: Backend, values: list[Any], predictions: Array) -> Any:
    """The values of a mapping as one array, of the framework if one of them belongs to it."""
    if not any(be.owns(value) for value in values):
        return values
    own = [_companion(be, value, predictions, "class_weight") for value in values]
    widest = be.xp.result_type(*own)
    return be.xp.stack([be.xp.astype(value, widest) for value in own])


def _like_targets(be: Backend, value: Any, targets: Array) -> Array | None:
    """``ignore_index`` in the targets' dtype; a number that this dtype lacks equals no target."""
    return be.matching(ignored_number(value), targets)


def _normalizer(be: Backend, predictions: Array, value: Any) -> Array:
    array = _companion(be, value, predictions, "normalizer")
    if be.shape(array) != ():
        raise shape_error("normalizer", be.shape(array), "a scalar")
    return array


def layout_of(be: Backend, predictions: Array, axis: int | None, *, categorical: bool) -> Layout:
    """Where classes or labels stand in the predictions' shape; ValueError where they cannot."""
    shape = be.shape(predictions)
    axis = _axis(shape, axis, categorical=categorical)
    layout = Layout.of(shape, axis, categorical=categorical)
    if categorical and layout.classes == 0:
        raise shape_error("predictions", shape, f"at least one class along axis {axis}")
    return layout


def _axis(shape: tuple[int | None, ...], given: int | None, *, categorical: bool) -> int | None:
    # A plain number: of a symbol that stands for many, Dynamo could not make a message.
    rank, axis = len(shape), None if given is None else int(given)
    if axis is None:
        return rank - 1 if rank >= 2 else None
    if not -rank <= axis < rank:
        what = "class" if categorical else "label"
        raise shape_error("predictions", shape, f"a {what} axis at axis={axis}")
    return axis % rank


def _index_targets(be: Backend, layout: Layout, targets: Array) -> bool:
    """Class indices or dense mass: decided by the rank, never by the values."""
    shape, dtype = be.shape(targets), be.dtype_name(targets)
    if not layout.categorical:
        if not same_shape(shape, layout.shape):
            raise target_shape_error(layout, shape)
        return False
    if same_shape(shape, layout.shape):
        _check_mass(shape, dtype)
        return False
    if same_shape(shape, layout.items_shape):
        if "int" not in dtype:
            raise dtype_error("targets", dtype, "an integer dtype for class indices")
        return True
    raise target_shape_error(layout, shape)


def check_candidates(be: Backend, layout: Layout, candidates: Array) -> None:
    """A row of booleans for each row of predictions."""
    shape, dtype = be.shape(candidates), be.dtype_name(candidates)
    if dtype != "bool":
        raise dtype_error("candidates", dtype, "bool, True for each class that is right")
    if not same_shape(shape, layout.shape):
        raise shape_error("candidates", shape, f"the predictions' shape {layout.shape}")


def _check_mass(shape: tuple[int | None, ...], dtype: str) -> None:
    """A row of booleans is a set of candidates; a lone row of integers, labels of two classes."""
    if len(shape) == 1 and "float" not in dtype:
        raise dtype_error(
            "targets",
            f"{dtype} and the predictions' shape {shape}",
            "one class index for one row of predictions, or a floating row of mass. For many "
            "items of two classes use binary_cross_entropy",
        )
    if dtype == "bool":
        raise dtype_error(
            "targets", dtype, "mass of a numeric dtype (boolean rows are candidate sets)"
        )


def _mass_dtype(be: Backend, spec: LossSpec, arrays: Arrays, given: dict[str, Any]) -> str:
    """The dtype of masses that are shared by classes; of an index it is 1."""
    weights = ("costs",) if "costs" in arrays else ()
    if spec.compute == spec.accumulate or (spec.one_class and not weights):
        return spec.compute
    per_class = spec.soft_weighting == "per_class" and not spec.one_class
    if per_class and spec.balanced:
        return spec.accumulate
    weights = ("class_weight", "pos_weight", *weights) if per_class else weights
    return mass_dtype(be, arrays, given, weights, spec.compute, spec.accumulate)
