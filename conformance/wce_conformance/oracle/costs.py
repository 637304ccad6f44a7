"""Losses of a matrix of costs: what an item pays for every class, whichever it belongs to."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from wce_conformance.oracle.autodiff import Var, total
from wce_conformance.oracle.checks import check_shape, checked_axis, class_weight_grid
from wce_conformance.oracle.grid import Grid, Index, Nested
from wce_conformance.oracle.mass import Smoothing, under
from wce_conformance.oracle.multiclass import _Multiclass
from wce_conformance.oracle.problem import Settings, form_of, given_grids, mask_grid
from wce_conformance.oracle.real import NAN, ONE
from wce_conformance.oracle.reduction import Empty, Item, Reduction, ReductionName
from wce_conformance.oracle.result import Result
from wce_conformance.oracle.sets import class_chance, surprise_of_others
from wce_conformance.oracle.surprise import Form, undefined
from wce_conformance.oracle.terms import SURPRISE
from wce_conformance.oracle.weighting import Rules, SoftWeighting, Weighing

Paid: TypeAlias = Callable[[list[Var], Form, int], Var]
"""What an item pays a cost of 1 of a class with."""


def expected_cost(predictions: Nested, targets: Nested, **arguments: Any) -> Result:
    """What mass 1 on class t costs is Σ_j A[t, j]·p_j; all else is as of `cross_entropy`."""
    return _loss(predictions, targets, class_chance, own=True, **arguments)


def pairwise_cost(predictions: Nested, targets: Nested, **arguments: Any) -> Result:
    """What mass 1 on class t costs is −Σ_{j≠t} A[t, j]·log(1 − p_j)."""
    return _loss(predictions, targets, surprise_of_others, own=False, **arguments)


def _loss(
    predictions: Nested,
    targets: Nested,
    paid: Paid,
    *,
    own: bool,
    costs: Nested,
    class_weight: Nested | Mapping[int, float] | None = None,
    sample_weight: Nested | None = None,
    mask: Nested | None = None,
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    smoothing: Smoothing = "uniform",
    soft_weighting: SoftWeighting = "per_class",
    negative_weights: bool = False,
    axis: int = -1,
    form: Form = "logits",
    reduction: ReductionName = "mean",
    normalizer: float | None = None,
    empty: Empty = "zero",
    wrt: Collection[str] = (),
) -> Result:
    x = Grid.of(predictions)
    axis = checked_axis(axis, x.rank)
    weights = {
        "class_weight": class_weight_grid(class_weight, x.shape[axis]),
        "sample_weight": sample_weight,
        "costs": costs,
    }
    rules = Rules(label_smoothing, smoothing, soft_weighting)
    reducing = Reduction(reduction, normalizer, empty)
    return _Costs(
        predictions=x,
        targets=Grid.of(targets),
        axis=axis,
        mask=mask_grid(mask),
        weights=given_grids(weights),
        settings=Settings(
            form_of(form, None),
            rules,
            reducing,
            ignore_index,
            wrt,
            (SURPRISE,),
            class_weight == "balanced",
        ),
        paid=paid,
        own=own,
    ).result()


@dataclass(frozen=True, kw_only=True)
class _Costs(_Multiclass):
    """A call of one of them. `own`: does the true class cost anything?"""

    paid: Paid
    own: bool

    def check(self) -> None:
        super().check()
        check_shape("costs", self.weights["costs"].shape, (self.classes, self.classes))

    def weighing(
        self, at: Index, row: list[Var], mass: list[Var], leaves: Mapping[str, Grid[Var]]
    ) -> Weighing:
        form, classes = self.settings.form, range(self.classes)
        lost = Var(NAN if undefined(row, form) else 0)
        if undefined(row, form):
            paid = [lost for _ in classes]
        else:
            # One class has no others, and nothing to pay for them.
            paid = [self.paid(row, form, j) for j in classes] if self.own or len(row) > 1 else []
        costs = [self._cost(t, paid, leaves["costs"]) + lost for t in classes]
        return replace(super().weighing(at, row, mass, leaves), surprises=costs)

    def _item(self, at: Index, row: list[Var], leaves: Mapping[str, Grid[Var]]) -> Item:
        """What an error of a surprise comes to is multiplied with a cost."""
        given = (cost.value for cost in leaves["costs"].flat)
        return replace(super()._item(at, row, leaves), slope=max(given, default=ONE))

    def _cost(self, t: int, paid: list[Var], costs: Grid[Var]) -> Var:
        """Of mass 1 on class t."""
        met = [j for j in range(len(paid)) if self.own or j != t]
        return total(under(costs.at((t, j)), paid[j]) for j in met)
