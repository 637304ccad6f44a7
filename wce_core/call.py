"""From the arguments of a loss to its outputs: convert, check, describe, run."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from .backend import Backend
from .checks import all_readable, check_values
from .dispatch import PLAIN, as_companion, as_predictions, backend_of
from .errors import dtype_error, shape_error
from .evaluate import Spec, batch_axis
from .handles import Predictions, Tracked, TrackedItems
from .hints import order_hint, target_shape_error
from .interchange import by_class
from .layout import Layout, same_shape
from .links import BINARY_LINKS, CATEGORICAL_LINKS, Link, Probabilities
from .options import (
    FLOATING,
    Options,
    check_classes,
    checked_options,
    ignored_number,
    result_name,
)
from .parts import LossParts
from .precision import mass_dtype, wider
from .types import Array, Arrays, Reduction
from .weightings import WEIGHTINGS
from .weightings.class_weight import listed


def evaluate(options: Options, predictions: Any, targets: Any, given: dict[str, Any]) -> Any:
    """The result of a loss. ``given``: weighting arguments and ``normalizer`` by name."""
    if isinstance(predictions, Predictions):
        return _tracked(predictions, options, targets, given)
    owner = backend_of(predictions)
    arguments = {"predictions": predictions, "targets": targets, **given}
    known = owner and owner.whole_call(options, arguments)
    if known:
        return _packed(options.reduction, known[1])
    be, own = as_predictions(predictions)
    _check_predictions(be, own, targets)
    result = _result_dtype(be, options, own)
    with be.scope():
        spec, arrays = prepare(be, options, own, targets, given, result)
        return _packed(spec.reduction, be.run(spec, arrays))


def described(be: Backend, options: Options, arguments: dict[str, Any]) -> tuple[Spec, Arrays]:
    """What a call of arrays that need no scope comes to, without running it."""
    given = dict(arguments)
    own, targets = given.pop("predictions"), given.pop("targets")
    _check_predictions(be, own, targets)
    return prepare(be, options, own, targets, given, _result_dtype(be, options, own))


def _packed(reduction: Reduction, outputs: tuple[Any, ...]) -> Any:
    return LossParts(*outputs) if reduction == "parts" else outputs[0]


def _tracked(handle: Predictions, options: Options, targets: Any, given: dict[str, Any]) -> Any:
    be = handle.backend
    arguments = {"predictions": handle.array, "targets": targets, **given}
    known = be.whole_call(options, arguments, gradient=True)
    if known is None:
        spec, arrays = described(be, options, arguments)
        known = (spec, *be.fused(spec, arrays))
    spec, outputs, gradient = known
    if spec.reduction == "none" and be.shape(outputs[0]) != ():
        return handle.items(outputs[0], partial(_pulled, be, spec, gradient))
    first = Tracked(handle, outputs[0], lambda: gradient, gradient)
    return _packed(spec.reduction, (first, *outputs[1:]))


def _pulled(be: Backend, spec: Spec, gradient: Array, cotangent: Array) -> Array:
    """No item's loss depends on another item's predictions."""
    cotangent = be.xp.astype(cotangent, gradient.dtype)
    return gradient * (
        cotangent if spec.axis is None else be.xp.expand_dims(cotangent, axis=spec.axis)
    )


def prepare(
    be: Backend,
    options: Options,
    predictions: Array,
    targets: Any,
    given: dict[str, Any],
    result: str,
) -> tuple[Spec, Arrays]:
    """A call in which nothing can be wrong any more but values that cannot be read."""
    options = checked_options(options)
    layout = _layout(be, options, predictions)
    targets = _companion(be, targets, predictions, "targets")
    index_targets = _index_targets(be, layout, targets)
    _check_together(options, layout, given, index_targets=index_targets)
    arrays: Arrays = {"predictions": predictions}
    arrays["targets"] = _laid_targets(be, layout, targets, predictions, index_targets=index_targets)
    arrays.update(_weightings(be, layout, arrays, given))
    if given.get("normalizer") is not None:
        arrays["normalizer"] = _normalizer(be, predictions, given["normalizer"])
    checked = _check(be, options, layout, arrays, index_targets=index_targets)
    spec = _spec(be, options, layout, arrays, result, index_targets=index_targets, checked=checked)
    return spec._replace(mass=_mass_dtype(be, spec, arrays, given)), arrays


# Arrays --------------------------------------------------------------------------------------


def _check_predictions(be: Backend, predictions: Array, targets: Any) -> None:
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


# Shapes and options --------------------------------------------------------------------------


def _layout(be: Backend, options: Options, predictions: Array) -> Layout:
    shape = be.shape(predictions)
    axis = _axis(options, shape)
    layout = Layout.of(shape, axis, categorical=options.categorical)
    if options.categorical and layout.classes == 0:
        raise shape_error("predictions", shape, f"at least one class along axis {axis}")
    return layout


def _axis(options: Options, shape: tuple[int | None, ...]) -> int | None:
    # A plain number: of a symbol that stands for many, Dynamo could not make a message.
    rank, axis = len(shape), None if options.axis is None else int(options.axis)
    if axis is None:
        return rank - 1 if rank >= 2 else None
    if not -rank <= axis < rank:
        what = "class" if options.categorical else "label"
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


def _check_together(
    options: Options, layout: Layout, given: dict[str, Any], *, index_targets: bool
) -> None:
    """Options that go with some arrays only."""
    if layout.categorical:
        check_classes(options, layout.classes)
    if given.get("normalizer") is not None and options.reduction != "sum":
        raise ValueError(f"normalizer with reduction={options.reduction!r}; expected 'sum'")
    if given.get("ignore_index") is not None and layout.categorical and not index_targets:
        raise ValueError("ignore_index with dense targets; expected class indices, or use mask=")


def _link(options: Options) -> Link:
    """What turns predictions into log-probabilities."""
    links: Any = CATEGORICAL_LINKS if options.categorical else BINARY_LINKS
    form = options.form
    if form == "probabilities":
        form = Probabilities(clip=options.clip)
    link: Link = links[options.form_name](form)
    return link


def _check(
    be: Backend, options: Options, layout: Layout, arrays: Arrays, *, index_targets: bool
) -> bool:
    """Look at the values if that is asked for or free; were they looked at?"""
    if options.validate is False:
        return False
    if options.validate and not all_readable(be, arrays):
        raise ValueError(
            f"validate=True, but values of {be.name} arrays cannot be read here (traced, or on an "
            "accelerator); use validate=None or False"
        )
    convention = options.form if isinstance(options.form, Probabilities) else None
    masses = convention is not None and convention.normalize is not None
    form = "masses" if masses else options.form_name
    return check_values(be, layout, arrays, form, index_targets=index_targets)


# The description -----------------------------------------------------------------------------


def _spec(
    be: Backend,
    options: Options,
    layout: Layout,
    arrays: Arrays,
    result: str,
    *,
    index_targets: bool,
    checked: bool,
) -> Spec:
    predictions = arrays["predictions"]
    compute = wider(be.dtype_name(predictions), result)
    has_float64 = be.has_float64(predictions)
    exact = options.precision == "exact"
    if exact and not has_float64:
        raise ValueError(
            f"precision='exact' needs float64, which the device of these {be.name} predictions "
            "does not have; use precision='native'"
        )
    return Spec(
        link=_link(options),
        term=options.term,
        axis=layout.axis if layout.categorical else None,
        classes=layout.classes if layout.categorical else 2,
        index_targets=index_targets,
        checked=checked,
        label_smoothing=float(options.label_smoothing),
        smoothing=options.smoothing,
        soft_weighting=options.soft_weighting,
        reduction=options.reduction,
        empty=options.empty,
        batch_axis=batch_axis(layout),
        exact=exact,
        compute="float64" if exact else compute,
        accumulate="float64" if has_float64 else "float32",
        mass="float64" if exact else compute,
        result=result,
    )


def _mass_dtype(be: Backend, spec: Spec, arrays: Arrays, given: dict[str, Any]) -> str:
    """The dtype of masses that are shared by classes; of an index it is 1."""
    if spec.one_class or spec.compute == spec.accumulate:
        return spec.compute
    weights = ("class_weight", "pos_weight") if spec.soft_weighting == "per_class" else ()
    return mass_dtype(be, arrays, given, weights, spec.compute, spec.accumulate)


def _result_dtype(be: Backend, options: Options, predictions: Array) -> str:
    name = result_name(options.dtype)
    if name is None:
        return be.result_dtype(predictions)
    if not be.can_return(name):
        raise ValueError(f"dtype={name!r}: results of {be.name} cannot have it here")
    return name
