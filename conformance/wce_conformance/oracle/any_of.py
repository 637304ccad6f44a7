"""Cross-entropy of items of which any of some candidates is right."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from wce_conformance.oracle.autodiff import Var, poisoned, total
from wce_conformance.oracle.checks import check_choice, check_shape, checked_axis, class_weight_grid
from wce_conformance.oracle.grid import Grid, Index, Nested
from wce_conformance.oracle.multiclass import _Multiclass
from wce_conformance.oracle.problem import Settings, form_of, given_grids, mask_grid
from wce_conformance.oracle.real import NAN, mp
from wce_conformance.oracle.reduction import Empty, Item, Reduction, ReductionName
from wce_conformance.oracle.result import Result
from wce_conformance.oracle.sets import RULES, Rule
from wce_conformance.oracle.surprise import Form, undefined
from wce_conformance.oracle.terms import SURPRISE
from wce_conformance.oracle.weighting import Rules


def any_of_cross_entropy(
    predictions: Nested,
    candidates: Nested,
    *,
    rule: Rule = "marginal",
    class_weight: Nested | Mapping[int, float] | None = None,
    sample_weight: Nested | None = None,
    mask: Nested | None = None,
    axis: int = -1,
    negative_weights: bool = False,
    form: Form = "logits",
    reduction: ReductionName = "mean",
    normalizer: float | None = None,
    empty: Empty = "zero",
    wrt: Collection[str] = (),
) -> Result:
    """The surprise of each item's set of candidates, by a rule; `candidates` are booleans.

    ω is the sample weight times the mean of the class weights of the candidates. A set of none has
    no loss: NaN. `negative_weights` says that they are meant: here they are numbers like others.
    """
    check_choice("rule", rule, RULES)
    x = Grid.of(predictions)
    axis = checked_axis(axis, x.rank)
    weights = {
        "class_weight": class_weight_grid(class_weight, x.shape[axis]),
        "sample_weight": sample_weight,
    }
    return _AnyOf(
        rule=rule,
        predictions=x,
        targets=Grid.of(candidates),
        axis=axis,
        mask=mask_grid(mask),
        weights=given_grids(weights),
        settings=Settings(
            form_of(form, None),
            Rules(0.0, "uniform", "mixture"),
            Reduction(reduction, normalizer, empty),
            None,
            wrt,
            (SURPRISE,),
            class_weight == "balanced",
        ),
    ).result()


@dataclass(frozen=True, kw_only=True)
class _AnyOf(_Multiclass):
    """A call of `any_of_cross_entropy`."""

    rule: Rule

    @property
    def differentiable_targets(self) -> bool:
        return False

    def mass(self, at: Index, leaves: Mapping[str, Grid[Var]]) -> list[Var]:
        """The same share on every candidate, which "balanced" counts."""
        row: list[Any] = self.row(at, self.targets)
        return [Var(mp.mpf(right) / max(1, sum(row))) for right in row]

    def _check_targets(self) -> None:
        check_shape("candidates", self.targets.shape, self.predictions.shape)
        if {type(value) for value in self.targets.flat} - {bool}:
            raise TypeError("candidates: expected booleans")

    def ignored(self, at: Index) -> bool:
        return False

    def _item(self, at: Index, row: list[Var], leaves: Mapping[str, Grid[Var]]) -> Item:
        members = [k for k, right in enumerate(self.row(at, self.targets)) if right]
        s = self.sample_weight(at, leaves)
        if not members:
            return Item(poisoned(Var(NAN), row), Var(NAN))
        if "class_weight" in leaves:
            pairs = zip(self.mass(at, leaves), leaves["class_weight"].flat, strict=True)
            s = s * total(share * weight for share, weight in pairs)
        if undefined(row, self.settings.form):
            return Item(poisoned(s * Var(NAN), row), s)
        loss = s * RULES[self.rule](row, self.settings.form, members)
        return Item(loss, s, slope=mp.mpf(len(members) if self.rule == "pinned" else 1))
