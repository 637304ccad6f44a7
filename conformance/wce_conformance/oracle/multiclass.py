"""Cross-entropy of items that belong to one of C classes, or partly to several."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Literal

from wce_conformance.oracle.autodiff import Var
from wce_conformance.oracle.checks import check_shape, checked_axis, class_weight_grid
from wce_conformance.oracle.grid import Grid, Index, Nested
from wce_conformance.oracle.mass import Smoothing, one_hot
from wce_conformance.oracle.problem import (
    Problem,
    Settings,
    form_of,
    given_grids,
    mask_grid,
)
from wce_conformance.oracle.real import NAN, mp
from wce_conformance.oracle.reduction import Empty, Reduction, ReductionName
from wce_conformance.oracle.result import Result
from wce_conformance.oracle.steps import Logits
from wce_conformance.oracle.surprise import Form, class_surprises, row_penalty
from wce_conformance.oracle.terms import SURPRISE, Term
from wce_conformance.oracle.weighting import Rules, SoftWeighting, Weighing, lowest_argmax


def cross_entropy(
    predictions: Nested,
    targets: Nested,
    *,
    class_weight: Nested | Mapping[int, float] | Literal["balanced"] | None = None,
    sample_weight: Nested | None = None,
    mask: Nested | None = None,
    ignore_index: int | None = None,
    cost_matrix: Nested | None = None,
    label_smoothing: float = 0.0,
    smoothing: Smoothing = "uniform",
    soft_weighting: SoftWeighting = "per_class",
    negative_weights: bool = False,
    axis: int = -1,
    form: Form = "logits",
    clip: float | None = None,
    reduction: ReductionName = "mean",
    normalizer: float | None = None,
    empty: Empty = "zero",
    wrt: Collection[str] = (),
    term: Term = SURPRISE,
    problem: Callable[..., _Multiclass] | None = None,
) -> Result:
    """Weighted cross-entropy over the classes along `axis`, or a loss of another term.

    `negative_weights` says that they are meant: here they are numbers like others.
    `class_weight` "balanced": n/(K·n_k), of the items that are not excluded.
    `targets` of the predictions' rank are mass along `axis`; of one rank less, class indices.
    `wrt` names further arguments to differentiate to: "targets" (mass only), "class_weight",
    "sample_weight", "cost_matrix". `problem` makes the call of its fields, if another does.
    """
    x = Grid.of(predictions)
    axis = checked_axis(axis, x.rank)
    rules = Rules(label_smoothing, smoothing, soft_weighting)
    reducing = Reduction(reduction, normalizer, empty)
    weights = {
        "class_weight": class_weight_grid(class_weight, x.shape[axis]),
        "sample_weight": sample_weight,
        "cost_matrix": cost_matrix,
    }
    return (problem or _Multiclass)(
        predictions=x,
        targets=Grid.of(targets),
        axis=axis,
        mask=mask_grid(mask),
        weights=given_grids(weights),
        settings=Settings(
            form_of(form, clip),
            rules,
            reducing,
            ignore_index,
            wrt,
            (term,),
            class_weight == "balanced",
        ),
    ).result()


class _Multiclass(Problem):
    """A call of `cross_entropy`."""

    axis: int

    @property
    def classes(self) -> int:
        return self.predictions.shape[self.axis]

    @property
    def shape(self) -> Index:
        return self.predictions.shape[: self.axis] + self.predictions.shape[self.axis + 1 :]

    @property
    def differentiable_targets(self) -> bool:
        return self.targets.rank == self.predictions.rank

    def check(self) -> None:
        if self.classes == 0:
            raise ValueError("predictions: no classes")
        if self.settings.rules.smoothing == "others" and self.classes == 1:
            raise ValueError("smoothing: there are no others beside one class")
        if isinstance(self.settings.form, Logits):
            self.settings.form.check(self.classes)
        self._check_targets()
        expected = {"class_weight": (self.classes,), "cost_matrix": (self.classes, self.classes)}
        for name in expected.keys() & self.weights.keys():
            check_shape(name, self.weights[name].shape, expected[name])

    def _check_targets(self) -> None:
        dense = self.differentiable_targets
        check_shape("targets", self.targets.shape, self.predictions.shape if dense else self.shape)
        kinds = {type(value) for value in self.targets.flat}
        if bool in kinds:
            raise TypeError("targets: booleans are candidate sets, which need another loss")
        if dense and self.targets.rank == 1 and not kinds - {int}:
            raise TypeError("targets: a lone row of mass is of floats; of integers it is labels")
        if dense and self.settings.ignore_index is not None:
            raise ValueError("ignore_index: goes with class indices, not with mass")
        if not dense and kinds - {int}:
            raise TypeError("targets: class indices are integers")

    def ignored(self, at: Index) -> bool:
        return not self.differentiable_targets and self.targets.at(at) == self.settings.ignore_index

    def row(self, at: Index, predictions: Grid[Var]) -> list[Var]:
        before, after = at[: self.axis], at[self.axis :]
        return [predictions.at((*before, k, *after)) for k in range(self.classes)]

    def mass(self, at: Index, leaves: Mapping[str, Grid[Var]]) -> list[Var]:
        if self.differentiable_targets:
            return self.row(at, leaves["targets"])
        return one_hot(self.targets.at(at), self.classes)

    def weighing(
        self, at: Index, row: list[Var], mass: list[Var], leaves: Mapping[str, Grid[Var]]
    ) -> Weighing:
        ones = [Var(1) for _ in row]
        everywhere = "targets" in self.settings.wrt or self.settings.rules.label_smoothing > 0
        met = [everywhere or q.value != 0 for q in mass]
        return Weighing(
            surprises=class_surprises(row, self.settings.form, met),
            class_weights=leaves["class_weight"].flat if "class_weight" in leaves else ones,
            costs=self._costs(row, leaves),
            sample_weight=self.sample_weight(at, leaves),
            terms=[self.settings.terms[0]] * self.classes,
            beside=row_penalty(row, self.settings.form),
        )

    def _costs(self, row: list[Var], leaves: Mapping[str, Grid[Var]]) -> list[Var] | None:
        """A[k, argmax_j x_j] for every true class k. NaN predicts no class."""
        if "cost_matrix" not in leaves:
            return None
        if any(mp.isnan(x.value) for x in row):
            return [Var(NAN) for _ in row]
        predicted = lowest_argmax(row)
        return [leaves["cost_matrix"].at((k, predicted)) for k in range(self.classes)]
