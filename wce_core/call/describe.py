"""From arguments to a description and arrays that fit it: converted, checked and laid out."""

from __future__ import annotations

from functools import reduce
from typing import Any

from wce_core.call.companions import (
    _companion,
    _index_targets,
    _laid_targets,
    _mass_dtype,
    _normalizer,
    _weightings,
    check_candidates,
    check_predictions,
    layout_of,
)
from wce_core.call.layer import bytes_of_chunks, layer_of, layout_of_logits, with_items_of
from wce_core.dtypes import at_least_float32, result_name, wider
from wce_core.evaluation.linear import CLOSED
from wce_core.evaluation.options import Options, check_classes, checked_options
from wce_core.evaluation.spec import LossSpec, batch_axis
from wce_core.formulas.layout import Layout
from wce_core.formulas.links import BINARY_READINGS, READINGS, Link, Probabilities, Softmax
from wce_core.formulas.regions import Region
from wce_core.frameworks.backend import Backend
from wce_core.types import Array, Arrays

from .values import all_readable, check_values


def described(be: Backend, options: Options, arguments: dict[str, Any]) -> tuple[LossSpec, Arrays]:
    """What a call of arrays that need no scope comes to, without running it."""
    given = dict(arguments)
    own, targets = given.pop("predictions"), given.pop("targets")
    check_predictions(be, own, targets)
    return prepare(be, options, own, targets, given, result_dtype_of(be, options, own))


def prepare(
    be: Backend,
    options: Options,
    predictions: Array,
    targets: Any,
    given: dict[str, Any],
    result: str,
) -> tuple[LossSpec, Arrays]:
    """A call in which nothing can be wrong any more but values that cannot be read."""
    options = checked_options(options)
    layer = layer_of(be, options, predictions, given)
    layout = layout_of(be, predictions, options.axis, categorical=options.categorical)
    layout = layout_of_logits(be, layout, layer) if layer else layout
    targets = _companion(be, targets, predictions, options.targets_name)
    index_targets = not options.candidates and _index_targets(be, layout, targets)
    if options.candidates:
        check_candidates(be, layout, targets)
    _check_together(options, layout, given, index_targets=index_targets)
    arrays: Arrays = {"predictions": predictions}
    if layer and not index_targets:
        arrays["targets"] = with_items_of(be, predictions, targets)
    else:
        own = _laid_targets(be, layout, targets, predictions, index_targets=index_targets)
        arrays["targets"] = own
    arrays.update(_weightings(be, layout, arrays, given))
    if given.get("normalizer") is not None:
        arrays["normalizer"] = _normalizer(be, predictions, given["normalizer"])
    checked = _check(be, options, layout, arrays, index_targets=index_targets)
    arrays.update(layer)
    spec = _spec(be, options, layout, arrays, result, index_targets=index_targets, checked=checked)
    return spec._replace(mass=_mass_dtype(be, spec, arrays, given)), arrays


def described_sums(
    be: Backend, options: Options, sums: Array, class_weight: Any
) -> tuple[LossSpec, Arrays]:
    """Sums of regions instead of items: ``sums`` are laid out as the predictions of one item."""
    options = checked_options(options._replace(form="logits", clip=None))
    layout = layout_of(be, sums, options.axis, categorical=options.categorical)
    arrays = {"predictions": sums}
    arrays |= _weightings(be, layout, arrays, {"class_weight": class_weight})
    checked = _check(be, options, layout, arrays, index_targets=True)
    result = result_dtype_of(be, options, sums)
    spec = _spec(be, options, layout, arrays, result, index_targets=True, checked=checked)
    return spec, arrays


def _spec(
    be: Backend,
    options: Options,
    layout: Layout,
    arrays: Arrays,
    result: str,
    *,
    index_targets: bool,
    checked: bool,
) -> LossSpec:
    predictions = arrays["predictions"]
    compute = reduce(wider, (be.dtype_name(arrays[n]) for n in CLOSED if n in arrays), result)
    has_float64 = be.has_float64(predictions)
    exact = options.precision == "exact"
    if exact and not has_float64:
        raise ValueError(
            f"precision='exact' needs float64, which the device of these {be.name} predictions "
            "does not have; use precision='native'"
        )
    narrowed = exact and result != "float64" and at_least_float32(compute) == "float32"
    return LossSpec(
        link=_narrowed(_link(options)) if narrowed else _link(options),
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
        balanced=options.balanced,
        candidates=options.candidates,
        z_loss=options.z_loss,
        signed=options.negative_weights,
        region=None if options.region is None else _region(options.region, options, layout),
        chunk_bytes=bytes_of_chunks(be, options, arrays, compute),
    )


def _region(region: Region, options: Options, layout: Layout) -> Region:
    """With the axes along which regions stand apart."""
    apart = region.classes == "apart" and options.axis is not None
    label = layout.axis if options.axis is not None else None
    # A lone axis of labels is one of samples, too.
    samples = [axis for axis in layout.item_axes if axis != label] or list(layout.item_axes)
    return region._replace(
        axis=layout.axis if apart else None,
        samples=samples[0] if samples and region.per == "sample" else None,
    )


def _narrowed(link: Any) -> Any:
    """With the last bit of a sum that is rounded once more."""
    return Softmax(narrowed=True) if type(link) is Softmax else link


def _link(options: Options) -> Link:
    """What turns predictions into log-probabilities."""
    links: Any = (READINGS if options.categorical else BINARY_READINGS)[options.reading]
    form = options.form
    if form == "probabilities":
        form = Probabilities(clip=options.clip)
    link: Link = links[options.form_name](form)
    return link


def result_dtype_of(be: Backend, options: Options, predictions: Array) -> str:
    """That of the predictions, or the one asked for."""
    name = result_name(options.dtype)
    if name is None:
        return be.result_dtype(predictions)
    if not be.can_return(name):
        raise ValueError(f"dtype={name!r}: results of {be.name} cannot have it here")
    return name


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
    return check_values(
        be,
        layout,
        arrays,
        form,
        index_targets=index_targets,
        negative_weights=options.negative_weights,
        kind="mass" if options.region is None else options.region.targets,
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
