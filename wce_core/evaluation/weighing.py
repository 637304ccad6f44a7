"""What the weightings make of a block of items."""

from __future__ import annotations

from typing import Any, NamedTuple, cast

from wce_core.arrays.ops import ArrayOps
from wce_core.evaluation.cuts import cut_of
from wce_core.evaluation.masses import as_labels, neutralised, target_mass
from wce_core.evaluation.spec import LossSpec
from wce_core.formulas.links.base import Silent
from wce_core.formulas.targets.base import SoftTargets, Targets
from wce_core.formulas.targets.binary import BinaryTargets
from wce_core.formulas.targets.candidates import CandidateSets
from wce_core.formulas.targets.class_indices import ClassIndices
from wce_core.formulas.targets.costs import costed
from wce_core.formulas.terms import BoundedTerm, Sides, sides
from wce_core.formulas.weightings import FACTORS, WEIGHTINGS, Weighing
from wce_core.types import Array, Arrays, Cut


class Weighed(NamedTuple):
    """A block of items after all weightings."""

    mass: Targets
    factor: Array | None
    included: Array | None
    silent: Array | Silent | None = None
    """Where autodiff follows: items of which no infinite −log p has a slope; binary, by class."""

    def part(self, cut: Cut) -> Weighed:
        """Some of the items, which have one class each."""
        index: Any = self.mass
        return self._replace(
            mass=index._replace(index=cut_of(index.index, cut)),
            factor=cut_of(self.factor, cut),
            included=cut_of(self.included, cut),
        )


def weigh(ops: ArrayOps, spec: LossSpec, arrays: Arrays, *, closed: bool = True) -> Weighed:
    """Everything about a block that does not need the link; ``closed``: for its closed form."""
    included = _included(ops, arrays)
    mass, poison = target_mass(ops, spec, arrays["targets"], included)
    if closed and spec.axis is None and _symmetric(spec):
        mass = as_labels(cast(BinaryTargets, mass), spec.compute)
    start = Weighing(
        ops,
        arrays["predictions"],
        spec.axis,
        mass,
        spec.accumulate,
        factor=poison,
        included=included,
    )
    weighing = _apply(arrays, start)
    mass, factor = _softened(spec, weighing)
    if weighing.costs is not None:
        own = cast(Any, spec.link).own
        mass = cast(Any, costed(cast(Any, mass), weighing.costs, spec.mass, own=own))
    return Weighed(mass, factor, included)


def _symmetric(spec: LossSpec) -> bool:
    """Is the loss of class 0 that of class 1 at −z?"""
    return cast(Any, spec.link).symmetric and not isinstance(spec.term, Sides)


def silenced(spec: LossSpec, weighed: Weighed) -> Weighed:
    """The items for autodiff: under a factor of 0, an infinite loss has no derivative.

    That to the mass would be 0 · ∞, as that to the predictions, which their link keeps away. So it
    is of all items where no penalty is infinite, and the slope of an infinite −log p is 0.
    """
    if isinstance(spec.term, BoundedTerm):
        return weighed._replace(silent=silent_of(spec, True))
    if weighed.factor is None:
        return weighed._replace(silent=silent_of(spec, None))
    silent = weighed.factor == 0
    found = weighed._replace(silent=silent_of(spec, silent))
    if isinstance(weighed.mass, (ClassIndices, CandidateSets)):  # whose mass is 1
        return found
    return found._replace(mass=cast(SoftTargets, weighed.mass).silenced(silent))


def silent_of(spec: LossSpec, items: Any) -> Any:
    """Those items; binary, of each class, and all where the penalty of the class is bounded."""
    if spec.axis is not None:
        return items
    own = sides(spec.term)
    of_each = (True if isinstance(term, BoundedTerm) else items for term in (own.one, own.zero))
    return Silent(*of_each)


def omega(ops: ArrayOps, spec: LossSpec, weighed: Weighed) -> Array:
    """The effective weight of each item: the mass times the factor, 0 where excluded."""
    own = weighed.factor
    if own is None or not (spec.one_class and cast(ClassIndices, weighed.mass).for_each(own)):
        own = ops.cast(weighed.mass.total(), spec.accumulate)
        own = own if weighed.factor is None else own * weighed.factor
    return neutralised(ops, own, weighed.included, 0.0)


def _included(ops: ArrayOps, arrays: Arrays) -> Array | None:
    included = None
    for name in arrays:
        if name in WEIGHTINGS:
            more = WEIGHTINGS[name].included(ops, arrays[name], arrays["targets"])
            if more is not None:
                included = more if included is None else included & more
    return included


def _apply(arrays: Arrays, weighing: Weighing) -> Weighing:
    for name in arrays:  # in the order of WEIGHTINGS
        if name in WEIGHTINGS:
            weighing = WEIGHTINGS[name].apply(weighing, arrays[name])
    return weighing


def _softened(spec: LossSpec, weighing: Weighing) -> tuple[Targets, Array | None]:
    """Smooth the mass and bring in the class weights by the soft rule."""
    mass, weights, factor = weighing.mass, weighing.class_weights, weighing.factor
    smooth = mass.smoothed(spec.label_smoothing, spec.smoothing) if spec.label_smoothing else mass
    if weights is None:
        return smooth, factor
    if spec.soft_weighting == "per_class" and not spec.one_class:
        return cast(SoftTargets, smooth).weighted(weights), factor
    # An item of one class has the same factor under every rule, and needs no row of masses.
    rule = "mixture" if spec.one_class else spec.soft_weighting
    return smooth, weighing.times(FACTORS[rule](mass, weights))
