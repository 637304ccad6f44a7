"""Cross-entropy of elements that are each a question of yes (1) or no (0)."""

from collections.abc import Collection, Mapping
from typing import Literal

from wce_conformance.oracle.autodiff import Var
from wce_conformance.oracle.checks import check_shape, checked_axis, class_weight_grid
from wce_conformance.oracle.grid import Grid, Index, Nested, placed
from wce_conformance.oracle.problem import (
    Problem,
    Settings,
    form_of,
    given_grids,
    mask_grid,
)
from wce_conformance.oracle.reduction import Empty, Reduction, ReductionName
from wce_conformance.oracle.result import Result
from wce_conformance.oracle.steps import Logits
from wce_conformance.oracle.surprise import Form, binary_surprises
from wce_conformance.oracle.terms import SURPRISE, Term
from wce_conformance.oracle.weighting import Rules, SoftWeighting, Weighing


def binary_cross_entropy(
    predictions: Nested,
    targets: Nested,
    *,
    class_weight: Nested | Mapping[int, float] | Literal["balanced"] | None = None,
    pos_weight: Nested | None = None,
    sample_weight: Nested | None = None,
    mask: Nested | None = None,
    ignore_index: float | None = None,
    label_smoothing: float = 0.0,
    soft_weighting: SoftWeighting = "per_class",
    negative_weights: bool = False,
    axis: int | None = None,
    form: Form = "logits",
    clip: float | None = None,
    reduction: ReductionName = "mean",
    normalizer: float | None = None,
    empty: Empty = "zero",
    wrt: Collection[str] = (),
    terms: tuple[Term, Term] = (SURPRISE, SURPRISE),
) -> Result:
    """Weighted binary cross-entropy of every element, or a loss of other terms.

    Predictions are those of class 1, terms those of class 0 and of class 1.

    An element with target y has mass 1 − y on class 0 and y on class 1, and all else follows
    as for two classes. `class_weight` "balanced": n/(K·n_k), of all elements that are not
    excluded. `negative_weights` says that they are meant: here they are numbers like others.
    `axis` is the label axis, where `class_weight` of shape (L, 2) and
    `pos_weight` of shape (L,) stand: the last by default, none for rank 0 and 1. `pos_weight` of
    the predictions' rank, from 2 on, stands at each element, its axes equal or 1. `wrt` names
    further arguments to differentiate to: "targets", "class_weight", "pos_weight",
    "sample_weight".
    """
    x = Grid.of(predictions)
    rules = Rules(label_smoothing, "uniform", soft_weighting)
    reducing = Reduction(reduction, normalizer, empty)
    weights = {
        "class_weight": class_weight_grid(class_weight, 2),
        "pos_weight": pos_weight,
        "sample_weight": sample_weight,
    }
    return _Binary(
        predictions=x,
        targets=Grid.of(targets),
        axis=_label_axis(axis, x.rank),
        mask=mask_grid(mask),
        weights=given_grids(weights),
        settings=Settings(
            form_of(form, clip),
            rules,
            reducing,
            ignore_index,
            wrt,
            terms,
            class_weight == "balanced",
        ),
    ).result()


def _label_axis(axis: int | None, rank: int) -> int | None:
    if axis is not None:
        return checked_axis(axis, rank)
    return rank - 1 if rank >= 2 else None


class _Binary(Problem):
    """A call of `binary_cross_entropy`."""

    @property
    def classes(self) -> int:
        return 2

    @property
    def shape(self) -> Index:
        return self.predictions.shape

    @property
    def differentiable_targets(self) -> bool:
        return True

    def check(self) -> None:
        check_shape("targets", self.targets.shape, self.shape)
        if isinstance(self.settings.form, Logits):
            self.settings.form.check(2)
            if self.settings.form.z_loss:
                raise ValueError("z_loss: goes with rows of logits")
        self._check_per_label("class_weight", (2,))
        if self._per_element("pos_weight"):
            placed(self.weights["pos_weight"], self.shape, "pos_weight")
        elif not self._one_for_all("pos_weight"):
            self._check_per_label("pos_weight", ())

    def _one_for_all(self, name: str) -> bool:
        """Is it a single weight with an axis, beside predictions with one axis?"""
        return len(self.shape) == 1 and name in self.weights and self.weights[name].shape == (1,)

    def _per_element(self, name: str) -> bool:
        """Has it an axis for each of the predictions', of which there are two at least?"""
        return name in self.weights and self.weights[name].rank == len(self.shape) >= 2

    def _check_per_label(self, name: str, alone: Index) -> None:
        """Weights have the shape `alone`, or that for each label."""
        if name not in self.weights or self.weights[name].shape == alone:
            return
        if self.axis is None:
            raise ValueError(f"{name}: shape {self.weights[name].shape}, but no label axis")
        check_shape(name, self.weights[name].shape, (self.shape[self.axis], *alone))

    def ignored(self, at: Index) -> bool:
        return bool(self.targets.at(at) == self.settings.ignore_index)

    def row(self, at: Index, predictions: Grid[Var]) -> list[Var]:
        return [predictions.at(at)]

    def mass(self, at: Index, leaves: Mapping[str, Grid[Var]]) -> list[Var]:
        y = leaves["targets"].at(at)
        return [Var(1) - y, y]

    def weighing(
        self, at: Index, row: list[Var], mass: list[Var], leaves: Mapping[str, Grid[Var]]
    ) -> Weighing:
        return Weighing(
            surprises=binary_surprises(row[0], self.settings.form),
            class_weights=self._class_weights(at, leaves),
            costs=None,
            sample_weight=self.sample_weight(at, leaves),
            terms=self.settings.terms,
            constant=Var(1),
        )

    def _class_weights(self, at: Index, leaves: Mapping[str, Grid[Var]]) -> tuple[Var, Var]:
        """w0, and w1 times the weight of positives."""
        w0 = self._per_label("class_weight", at, leaves, (0,))
        w1 = self._per_label("class_weight", at, leaves, (1,))
        return w0, w1 * self._per_label("pos_weight", at, leaves, ())

    def _per_label(
        self, name: str, at: Index, leaves: Mapping[str, Grid[Var]], entry: Index
    ) -> Var:
        if name not in leaves:
            return Var(1)
        weights = leaves[name]
        if not entry and self._one_for_all(name):
            return weights.at((0,))
        if not entry and self._per_element(name):
            return placed(weights, self.shape, name)(at)
        if self.axis is None or weights.rank == len(entry):
            return weights.at(entry)
        return weights.at((at[self.axis], *entry))
