"""The losses of regions by their names: each of exclusive classes, and of labels of their own."""

from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeAlias

from wce_conformance.oracle.checks import checked_axis, class_weight_grid
from wce_conformance.oracle.grid import Grid, Nested
from wce_conformance.oracle.lovasz import Lovasz
from wce_conformance.oracle.overlap import Overlap
from wce_conformance.oracle.problem import Settings, form_of, given_grids, mask_grid
from wce_conformance.oracle.reduction import Reduction, ReductionName
from wce_conformance.oracle.regions import Absent, Classes, OfClasses, OfLabels, Per, Regions
from wce_conformance.oracle.result import Result
from wce_conformance.oracle.surprise import Form
from wce_conformance.oracle.terms import SURPRISE
from wce_conformance.oracle.weighting import Rules

Family: TypeAlias = Callable[..., Result]
"""Predictions, targets, the :class:`Overlap` and all arguments that the losses share."""
SMOOTH = 1e-5


def of_classes(
    predictions: Nested,
    targets: Nested,
    overlap: Overlap | Lovasz,
    *,
    class_weight: Nested | Mapping[int, float] | None = None,
    sample_weight: Nested | None = None,
    mask: Nested | None = None,
    ignore_index: int | None = None,
    per: Per = "sample",
    classes: Classes = "apart",
    absent: Absent = "count",
    axis: int = -1,
    form: Form = "logits",
    reduction: ReductionName = "mean",
    wrt: Collection[str] = (),
) -> Result:
    """The loss of regions of the classes along `axis`; targets are those of `cross_entropy`."""
    x = Grid.of(predictions)
    axis = checked_axis(axis, x.rank)
    weights = {
        "class_weight": class_weight_grid(class_weight, x.shape[axis]),
        "sample_weight": sample_weight,
    }
    return OfClasses(
        predictions=x,
        targets=Grid.of(targets),
        axis=axis,
        mask=mask_grid(mask),
        weights=given_grids(weights),
        settings=_settings(form, reduction, ignore_index, wrt),
        overlap=overlap,
        regions=Regions(per, classes, absent),
    ).result()


def of_labels(
    predictions: Nested,
    targets: Nested,
    overlap: Overlap | Lovasz,
    *,
    sample_weight: Nested | None = None,
    mask: Nested | None = None,
    ignore_index: float | None = None,
    per: Per = "sample",
    classes: Classes = "apart",
    absent: Absent = "count",
    axis: int | None = None,
    form: Form = "logits",
    reduction: ReductionName = "mean",
    wrt: Collection[str] = (),
) -> Result:
    """The loss of regions of elements, of each label along `axis` where there is one.

    Where there is but one axis and regions are those of samples, it is that of samples.
    """
    x = Grid.of(predictions)
    labels = None if axis is None else checked_axis(axis, x.rank)
    if per == "sample" and x.rank == 1:
        labels = None
    return OfLabels(
        predictions=x,
        targets=Grid.of(targets),
        axis=labels,
        mask=mask_grid(mask),
        weights=given_grids({"sample_weight": sample_weight}),
        settings=_settings(form, reduction, ignore_index, wrt),
        overlap=overlap,
        regions=Regions(per, classes, absent),
    ).result()


def _settings(
    form: Form, reduction: ReductionName, ignored: float | None, wrt: Collection[str]
) -> Settings:
    if not isinstance(form, str):
        raise TypeError("form: logits, probabilities or log_probabilities")
    if reduction not in ("none", "sum", "mean", "weighted_mean"):
        raise ValueError(f"reduction: {reduction!r} is none of regions")
    return Settings(
        form=form_of(form, None),
        rules=Rules(0.0, "uniform", "per_class"),
        reduction=Reduction(reduction, None, "zero"),
        ignore_index=ignored,
        wrt=wrt,
        terms=(SURPRISE, SURPRISE),
    )


def dice(family: Family) -> Family:
    """1 − (2·TP + σ) / (2·TP + FP + FN + σ)."""

    def loss(
        predictions: Nested,
        targets: Nested,
        *,
        smooth: float = SMOOTH,
        squared: bool = False,
        **rest: Any,
    ) -> Result:
        return family(predictions, targets, Overlap(smooth, hits=2.0, squared=squared), **rest)

    return loss


def jaccard(family: Family) -> Family:
    """1 − (TP + σ) / (TP + FP + FN + σ)."""

    def loss(
        predictions: Nested,
        targets: Nested,
        *,
        smooth: float = SMOOTH,
        squared: bool = False,
        **rest: Any,
    ) -> Result:
        return family(predictions, targets, Overlap(smooth, squared=squared), **rest)

    return loss


def tversky(family: Family) -> Family:
    """1 − (TP + σ) / (TP + α·FP + β·FN + σ)."""

    def loss(
        predictions: Nested,
        targets: Nested,
        *,
        smooth: float = SMOOTH,
        alpha: float = 0.5,
        beta: float = 0.5,
        **rest: Any,
    ) -> Result:
        return family(predictions, targets, Overlap(smooth, alpha, beta), **rest)

    return loss


def focal_tversky(family: Family) -> Family:
    """The same to the power of γ."""

    def loss(
        predictions: Nested,
        targets: Nested,
        *,
        smooth: float = SMOOTH,
        alpha: float = 0.5,
        beta: float = 0.5,
        gamma: float = 0.75,
        **rest: Any,
    ) -> Result:
        return family(predictions, targets, Overlap(smooth, alpha, beta, gamma=gamma), **rest)

    return loss


def generalized_dice(family: Family) -> Family:
    """That of Dice, of sums over all classes, each over the square of its mass."""

    def loss(
        predictions: Nested, targets: Nested, *, smooth: float = SMOOTH, **rest: Any
    ) -> Result:
        if "classes" in rest:
            raise TypeError("classes: they are always together")
        return family(predictions, targets, Overlap(smooth, hits=2.0, generalized=True), **rest)

    return loss


def lovasz_softmax(predictions: Nested, targets: Nested, *, absent: Absent, **rest: Any) -> Result:
    """The Lovász extension of Jaccard loss, of errors 1 − p and p; targets are 0 and 1."""
    return of_classes(predictions, targets, Lovasz(), absent=absent, **rest)


def lovasz_hinge(predictions: Nested, targets: Nested, *, absent: Absent, **rest: Any) -> Result:
    """Of errors max(1 − z, 0) and max(1 + z, 0)."""
    return of_labels(predictions, targets, Lovasz(), absent=absent, **rest)
