"""One call, from arrays to numbers: targets → mass → weights → item losses → reduction.

Three functions that a backend runs, all pure in the arrays:

* :func:`plain`: the value by differentiable functions, right under any autodiff, to any order.
* :func:`fused`: value and closed-form gradient to the predictions together.
* :func:`wce_core.blocks.in_blocks`: ``fused``, a block of items at a time.

``plain`` and ``fused`` share every line but the gradient's. Higher derivatives, and gradients to
weights and targets, are the autodiff of ``plain``; ``fused`` is never differentiated.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from .layout import Layout
from .links import Link
from .mass import Dense, Index, Label, Mass, Pair, SharedMass
from .precision import at_least_float32, rounded, widened
from .reductions import DENOMINATORS
from .terms import Term
from .types import Array, Arrays, Cut, Empty, Reduction, Smoothing, SoftWeighting
from .weightings import FACTORS, WEIGHTINGS, Weighing

if TYPE_CHECKING:
    from .backend import Backend

SHORT_INTEGERS = ("int2", "int4", "int8", "int16", "uint2", "uint4", "uint8", "uint16")
UNIT = 2.0**-64
"""Of weights so large that their sum is infinite: that many of them still have one in it."""
COUNTS = ("mean", "mean_over_all", "batch_mean")
"""Reductions that divide by a number of items, whatever is in them."""
PARTS = ("total", "items", "all_items", "weight", "nonzero", "batch")


class Spec(NamedTuple):
    """Everything of a call that is static: hashable, the key of compiled programs."""

    link: Link
    term: Term
    axis: int | None
    """The class axis of a categorical loss; None: binary."""
    classes: int
    index_targets: bool
    checked: bool
    """The targets' values were looked at: no need to poison invalid ones."""
    label_smoothing: float
    smoothing: Smoothing
    soft_weighting: SoftWeighting
    reduction: Reduction
    empty: Empty
    batch_axis: int | None
    exact: bool
    compute: str
    accumulate: str
    mass: str
    """The dtype of target masses: wider than ``compute`` where that would lose some of them."""
    result: str

    @property
    def one_class(self) -> bool:
        """Is all mass of an item on one class?"""
        return self.index_targets and not self.label_smoothing

    @property
    def part(self) -> str:
        """The dtype of the reals in LossParts: never a half type."""
        return at_least_float32(self.result)


class Divisor(NamedTuple):
    """What Σℓ is divided by, never 0."""

    number: Array
    unit: Array | None = None
    """What weights are multiplied with first, where effective weights add up to infinity."""
    zero: Array | None = None
    """Is there a 1 in the place of a 0? None: it is known that there is not."""


class Weighed(NamedTuple):
    """A block of items after all weightings."""

    mass: Mass
    factor: Array | None
    included: Array | None

    def part(self, cut: Cut) -> Weighed:
        """Some of the items, which have one class each."""
        index: Any = self.mass
        return self._replace(
            mass=index._replace(index=cut_of(index.index, cut)),
            factor=cut_of(self.factor, cut),
            included=cut_of(self.included, cut),
        )


def cut_of(array: Any, cut: Cut) -> Any:
    """The part of an array that has the predictions' rank; any other, and None, as it is."""
    return array if array is None or array.ndim < len(cut) else array[own_cut(array, cut)]


def own_cut(array: Array, cut: Cut) -> Cut:
    """``cut``, whole along the axes on which the array has length 1."""
    return tuple(s if n > 1 else slice(None) for s, n in zip(cut, array.shape, strict=False))


def batch_axis(layout: Layout) -> int | None:
    """The items' leading axis, counted in the predictions."""
    return layout.item_axes[0] if layout.item_axes else None


# Weights -------------------------------------------------------------------------------------


def weigh(be: Backend, spec: Spec, arrays: Arrays, *, closed: bool = True) -> Weighed:
    """Everything about a block that does not need the link; ``closed``: for its closed form."""
    included = _included(be, arrays)
    mass, poison = _target_mass(be, spec, arrays["targets"], included)
    if closed and spec.axis is None and cast(Any, spec.link).symmetric:
        mass = _label(cast(Pair, mass), spec.compute)
    start = Weighing(
        be,
        arrays["predictions"],
        spec.axis,
        mass,
        spec.accumulate,
        factor=poison,
        included=included,
    )
    mass, factor = _softened(spec, _apply(arrays, start))
    return Weighed(mass, factor, included)


def omega(be: Backend, spec: Spec, weighed: Weighed) -> Array:
    """The effective weight of each item: the mass times the factor, 0 where excluded."""
    own = weighed.factor
    if own is None or not (spec.one_class and _for_each(be, own, cast(Index, weighed.mass).index)):
        own = be.cast(weighed.mass.total(), spec.accumulate)
        own = own if weighed.factor is None else own * weighed.factor
    return _neutral(be, own, weighed.included, 0.0)


def _for_each(be: Backend, factor: Array, items: Array) -> bool:
    """Is there a factor for each item, and not one for many?"""
    shape = be.shape(factor)
    return None not in shape and shape == be.shape(items)


def _included(be: Backend, arrays: Arrays) -> Array | None:
    included = None
    for name in arrays:
        if name in WEIGHTINGS:
            more = WEIGHTINGS[name].included(be, arrays[name], arrays["targets"])
            if more is not None:
                included = more if included is None else included & more
    return included


def _apply(arrays: Arrays, weighing: Weighing) -> Weighing:
    for name in arrays:  # in the order of WEIGHTINGS
        if name in WEIGHTINGS:
            weighing = WEIGHTINGS[name].apply(weighing, arrays[name])
    return weighing


def _softened(spec: Spec, weighing: Weighing) -> tuple[Mass, Array | None]:
    """Smooth the mass and bring in the class weights by the soft rule."""
    mass, weights, factor = weighing.mass, weighing.class_weights, weighing.factor
    smooth = mass.smoothed(spec.label_smoothing, spec.smoothing) if spec.label_smoothing else mass
    if weights is None:
        return smooth, factor
    if spec.soft_weighting == "per_class" and not spec.one_class:
        return cast(SharedMass, smooth).weighted(weights), factor
    # An item of one class has the same factor under every rule, and needs no row of masses.
    rule = "mixture" if spec.one_class else spec.soft_weighting
    return smooth, weighing.times(FACTORS[rule](mass, weights))


# Targets -------------------------------------------------------------------------------------


def _target_mass(
    be: Backend, spec: Spec, targets: Array, included: Array | None
) -> tuple[Mass, Array | None]:
    """The mass, excluded items neutral, and a factor of NaN for labels that name no class."""
    if spec.axis is None:
        return _pair(be, spec, targets, included), None
    if spec.index_targets:
        return _index(be, spec, targets, included)
    return _dense(be, spec, targets, included), None


def _index(
    be: Backend, spec: Spec, targets: Array, included: Array | None
) -> tuple[Mass, Array | None]:
    xp, axis, classes = be.xp, spec.axis, spec.classes
    assert axis is not None
    if be.dtype_name(targets) in SHORT_INTEGERS:  # C may lie beyond what they can be compared with
        targets = be.cast(targets, be.index_dtype)
    if spec.checked:
        index, poison = _neutral(be, targets, included, 0), None
    else:
        valid = (targets >= 0) & (targets < classes)
        index = xp.where(valid if included is None else valid & included, targets, 0)
        bad = ~valid if included is None else ~valid & included
        ones = xp.ones_like(index, dtype=be.dtype(spec.accumulate))
        poison = xp.where(bad, xp.nan, ones)
    index = be.cast(index, be.index_dtype)
    return Index(be, index, axis, classes, spec.mass), poison


def _dense(be: Backend, spec: Spec, targets: Array, included: Array | None) -> Dense:
    assert spec.axis is not None
    mass = _neutral(be, widened(be, targets, spec.mass), included, 0.0)
    if not spec.checked:
        mass = be.xp.where(mass >= 0, mass, be.xp.nan)
    return Dense(be, mass, spec.axis)


def _pair(be: Backend, spec: Spec, targets: Array, included: Array | None) -> Mass:
    one = _neutral(be, widened(be, targets, spec.mass), included, 0.0)
    if not spec.checked:
        one = be.xp.where((one >= 0) & (one <= 1), one, be.xp.nan)
    return Pair(be, one, 1.0 - one)


def _label(pair: Pair, dtype: str) -> Pair | Label:
    """A pair of which one is 0 everywhere, where that can be known; its sign in that dtype."""
    be = pair.be
    if be.all_zero(pair.one * pair.zero):
        return Label(be, pair.one, pair.zero, be.cast(pair.zero - pair.one, dtype))
    return pair


def _neutral(be: Backend, array: Array, included: Array | None, neutral: float) -> Array:
    """Excluded items are replaced before anything can be computed from them."""
    return array if included is None else be.xp.where(included, array, neutral)


# Item losses ---------------------------------------------------------------------------------


def rows_of(
    be: Backend, spec: Spec, arrays: Arrays, weighed: Weighed, *, closed: bool = True
) -> Any:
    """The link's one evaluation of a block of predictions, in the computing dtype."""
    predictions = widened(be, arrays["predictions"], spec.compute)
    predictions = _neutral(be, predictions, weighed.included, spec.link.neutral)
    link: Any = spec.link
    rows = link.closed if closed else link.rows
    if spec.axis is None:
        return rows(be, predictions)
    if closed:
        predictions = be.laid_out(predictions, spec.axis)
    return rows(be, predictions, spec.axis)


def item_losses(be: Backend, spec: Spec, weighed: Weighed, loss: Array) -> Array:
    """ℓ from the loss of the mass, in the accumulating dtype if it is multiplied; 0 if excluded.

    Of items that are :func:`shared` their part of the quotient.
    """
    if weighed.factor is not None:
        wide = be.cast(loss, spec.accumulate)
        loss = be.times(weighed.factor, wide)
    return _neutral(be, loss, weighed.included, 0.0)


def scale_of(
    be: Backend, spec: Spec, weighed: Weighed, divisor: Divisor | None, arrays: Arrays
) -> Array:
    """∂(Σℓ / divisor) / ∂(the loss of the mass) of :func:`shared` items, in the mass's dtype."""
    scale = weighed.factor
    if scale is None:
        scale = be.scalar(1.0, spec.accumulate, arrays["predictions"])
        scale = scale if divisor is None else scale / divisor.number
    if weighed.included is not None:
        scale = be.xp.where(weighed.included, scale, 0.0)
    return be.cast(scale, spec.mass)


# Reduction -----------------------------------------------------------------------------------


def counted(spec: Spec) -> tuple[str, ...]:
    """The sums over items that the reduction divides by (``parts``: all)."""
    if spec.reduction == "parts":
        return ("items", "weight", "nonzero")
    name = DENOMINATORS[spec.reduction]
    return (name,) if name in ("items", "weight", "nonzero") else ()


def needs_weights(spec: Spec) -> bool:
    """Are weights among what is counted, or items alone?"""
    return counted(spec) not in ((), ("items",))


def sums_over_items(
    be: Backend, spec: Spec, arrays: Arrays, weighed: Weighed | None, unit: float = 1.0
) -> dict[str, Array]:
    """Those sums, over a block; items alone are counted without its weights.

    ``unit``: what effective weights are multiplied with before they are added.
    """
    names, xp = counted(spec), be.xp
    found: dict[str, Array] = {}
    if "items" in names:
        found["items"] = _items(be, spec, arrays)
    if weighed is not None and needs_weights(spec):
        weights = omega(be, spec, weighed)
        weights = weights if unit == 1.0 else weights * unit
        if "weight" in names:
            found["weight"] = xp.sum(weights, dtype=be.dtype(spec.accumulate))
        if "nonzero" in names:
            found["nonzero"] = _true(be, weights != 0)
    return found


def _items(be: Backend, spec: Spec, arrays: Arrays) -> Array:
    included, predictions = _included(be, arrays), arrays["predictions"]
    if included is None:
        everything = lengths(be, spec, arrays)["all_items"]
        return be.scalar(everything, be.index_dtype, predictions)
    count = _true(be, included)
    for axis in range(predictions.ndim):
        if (
            axis != spec.axis and be.shape(included)[axis] == 1
        ):  # of as many as the predictions have
            count = count * be.length(predictions, axis)
    return count


def _true(be: Backend, flags: Array) -> Array:
    return be.xp.sum(be.cast(flags, be.index_dtype), dtype=be.dtype(be.index_dtype))


def lengths(be: Backend, spec: Spec, arrays: Arrays) -> dict[str, Any]:
    """``all_items`` and ``batch``: known from the shape."""
    predictions = arrays["predictions"]
    axes = [i for i in range(predictions.ndim) if i != spec.axis]
    everything: Any = 1
    for axis in axes:
        everything = everything * be.length(predictions, axis)
    batch = 1 if spec.batch_axis is None else be.length(predictions, spec.batch_axis)
    return {"all_items": everything, "batch": batch}


def denominator(be: Backend, spec: Spec, arrays: Arrays, counts: dict[str, Array]) -> Array | None:
    """What Σℓ is divided by, in the accumulating dtype; None: by nothing."""
    name = DENOMINATORS[spec.reduction]
    if name is None or (name == "normalizer" and name not in arrays):
        return None
    known = {**counts, **arrays}
    if name in ("all_items", "batch"):
        known = lengths(be, spec, arrays)
    return be.scalar(known[name], spec.accumulate, arrays["predictions"])


def divisor(
    be: Backend,
    spec: Spec,
    arrays: Arrays,
    counts: dict[str, Array],
    count: Callable[[float], dict[str, Array]],
) -> Divisor | None:
    """The denominator as something to divide by; ``count`` takes its sums again, in a unit."""
    number = denominator(be, spec, arrays, counts)
    if number is None or be.divides(number):
        return None if number is None else Divisor(number)
    xp, zero, unit = be.xp, number == 0, None
    if DENOMINATORS[spec.reduction] == "weight" and _may_overflow(be, spec, arrays):
        large = xp.isinf(number)
        number = xp.where(large, count(UNIT)["weight"], number)
        unit = xp.where(large, UNIT, xp.ones_like(number))
    return Divisor(xp.where(zero, 1.0, number), unit, zero)


def _may_overflow(be: Backend, spec: Spec, arrays: Arrays) -> bool:
    """Is a weight of a dtype whose largest numbers, added, are no numbers of the sum's?"""
    return any(
        be.dtype_name(array) == spec.accumulate
        for name, array in arrays.items()
        if name in WEIGHTINGS or name == "targets"
    )


def shared(spec: Spec, weighed: Weighed, divisor: Divisor | None) -> Weighed:
    """The items with their factors divided, before anything large is multiplied or added."""
    if divisor is None:
        return weighed
    mass, factor, unit = weighed.mass, weighed.factor, divisor.unit
    if unit is not None and spec.mass == spec.accumulate and not spec.one_class:
        mass = cast(SharedMass, mass).scaled(unit)
    elif unit is not None and factor is not None:
        factor = factor * unit
    if factor is not None:
        factor = factor / divisor.number
    return weighed._replace(mass=mass, factor=factor)


def _none_over_zero(be: Backend, arrays: Arrays, weighed: Weighed, divisor: Divisor) -> Weighed:
    """The items, none of them included over a denominator of 0.

    So nothing of them, be it NaN, reaches a gradient by autodiff, which multiplies by 0.
    """
    if divisor.zero is None:
        return weighed
    some = be.xp.reshape(~divisor.zero, (1,) * arrays["predictions"].ndim)
    return weighed._replace(included=some if weighed.included is None else weighed.included & some)


def total_of(
    be: Backend, spec: Spec, weighed: Weighed, losses: Array, divisor: Divisor | None
) -> Array:
    """Σℓ of :func:`shared` items, divided."""
    total = be.total(losses, spec.accumulate)
    if divisor is not None and weighed.factor is None:
        return total / divisor.number
    return total


def reduced(
    be: Backend,
    spec: Spec,
    arrays: Arrays,
    total: Array,
    counts: dict[str, Array],
    divisor: Divisor | None,
) -> tuple[Array, ...]:
    """The outputs of a call that sums: the quotient, or the parts."""
    if spec.reduction == "parts":
        return _parts(be, spec, arrays, total, counts)
    if divisor is not None and divisor.zero is not None:
        fallback = 0.0 if spec.empty == "zero" else float("nan")
        total = be.xp.where(divisor.zero, fallback, total)
    return (rounded(be, total, spec.result, exact=spec.exact),)


def _parts(
    be: Backend, spec: Spec, arrays: Arrays, total: Array, counts: dict[str, Array]
) -> tuple[Array, ...]:
    like = arrays["predictions"]
    fields: dict[str, Any] = {"total": total, **counts, **lengths(be, spec, arrays)}
    for name in PARTS:
        if name in ("total", "weight"):
            fields[name] = rounded(be, fields[name], spec.part, exact=spec.exact)
        else:
            fields[name] = be.scalar(fields[name], be.index_dtype, like)
    return tuple(fields[name] for name in PARTS)


def itemised(be: Backend, spec: Spec, losses: Array) -> Array:
    """The output of ``reduction="none"``: the items' shape, the result's dtype."""
    losses = rounded(be, losses, spec.result, exact=spec.exact)
    return losses if spec.axis is None else be.xp.squeeze(losses, axis=spec.axis)


# The whole -----------------------------------------------------------------------------------


def plain(be: Backend, spec: Spec, arrays: Arrays) -> tuple[Array, ...]:
    """The outputs, by functions that any autodiff differentiates rightly, to any order."""
    if spec.exact and at_least_float32(be.dtype_name(arrays["predictions"])) == "float32":
        wide = widened(be, arrays["predictions"], spec.compute)
        arrays = {**arrays, "predictions": be.flushing(wide)}
    weighed = weigh(be, spec, arrays, closed=False)
    weighed, counts, under = counted_and_shared(be, spec, arrays, weighed)
    if under is not None:
        weighed = _none_over_zero(be, arrays, weighed, under)
    rows = rows_of(be, spec, arrays, weighed, closed=False)
    losses = item_losses(be, spec, weighed, weighed.mass.loss(spec.term, rows))
    return _outputs(be, spec, arrays, weighed, losses, counts, under)


def fused(
    be: Backend, spec: Spec, arrays: Arrays, *, gradient: bool = True
) -> tuple[tuple[Array, ...], Array]:
    """The outputs, and the gradient to the predictions of the one that depends on them.

    That is the value, ``LossParts.total``, or for ``reduction="none"`` their sum. The gradient is
    float32, or float64 for float64 predictions; None if it is not asked for.
    """
    weighed, counts, under = counted_and_shared(be, spec, arrays, weigh(be, spec, arrays))
    rows = rows_of(be, spec, arrays, weighed)
    losses = item_losses(be, spec, weighed, weighed.mass.loss(spec.term, rows))
    outputs = _outputs(be, spec, arrays, weighed, losses, counts, under)
    if not gradient:
        return outputs, None
    scale = scale_of(be, spec, weighed, under, arrays)
    return outputs, kept_gradient(be, spec, weighed, rows, scale, arrays, under)


def counted_and_shared(
    be: Backend, spec: Spec, arrays: Arrays, weighed: Weighed
) -> tuple[Weighed, dict[str, Array], Divisor | None]:
    """The items ready to be divided, what was counted, and the divisor."""
    count = partial(sums_over_items, be, spec, arrays, weighed)
    counts = count()
    under = divisor(be, spec, arrays, counts, count)
    return shared(spec, weighed, under), counts, under


def _outputs(
    be: Backend,
    spec: Spec,
    arrays: Arrays,
    weighed: Weighed,
    losses: Array,
    counts: dict[str, Array],
    under: Divisor | None,
) -> tuple[Array, ...]:
    if spec.reduction == "none":
        return (itemised(be, spec, losses),)
    total = total_of(be, spec, weighed, losses, under)
    return reduced(be, spec, arrays, total, counts, under)


def kept_gradient(
    be: Backend,
    spec: Spec,
    weighed: Weighed,
    rows: Any,
    scale: Array,
    arrays: Arrays,
    divisor: Divisor | None,
    into: Array | None = None,
) -> Array:
    """The closed-form gradient to the predictions, as it is kept until the cotangent is known.

    float32, or float64 for float64 predictions. ``rows`` are used up. With ``into`` it may be that,
    or wider than it: assigned, it is rounded.
    """
    kept = at_least_float32(be.dtype_name(arrays["predictions"]))
    own = into if kept == spec.compute else None
    gradient = weighed.mass.gradient(spec.term, rows, scale, own)
    # Where items are counted, 0 means that all of them are excluded already.
    if divisor is not None and divisor.zero is not None and spec.reduction not in COUNTS:
        gradient = be.xp.where(divisor.zero, 0.0, gradient)
    if kept == spec.compute:
        return gradient
    gradient = be.flushed(gradient) if spec.exact else gradient
    return be.cast(gradient, kept) if into is None else gradient
