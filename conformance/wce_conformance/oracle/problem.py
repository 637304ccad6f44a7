"""What both losses share: a call written out item by item."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wce_conformance.oracle.autodiff import Var, poisoned
from wce_conformance.oracle.checks import check_choice, checked_mask
from wce_conformance.oracle.conventions import Probabilities
from wce_conformance.oracle.grid import Grid, Index, Nested, placed, positions
from wce_conformance.oracle.real import limited, mp
from wce_conformance.oracle.reduction import Batch, Item, Reduction
from wce_conformance.oracle.result import Graph, Result, evaluated
from wce_conformance.oracle.surprise import Conventions, Form
from wce_conformance.oracle.terms import Term
from wce_conformance.oracle.weighting import Rules, Weighing, balanced, weighted


@dataclass(frozen=True)
class Settings:
    """The arguments that are no arrays; `wrt` names the arrays to differentiate to."""

    form: Form
    rules: Rules
    reduction: Reduction
    ignore_index: float | None
    wrt: Collection[str]
    terms: Sequence[Term]
    balanced: bool = False


def form_of(form: Form, clip: float | None) -> Form:
    """What the predictions are: probabilities with their conventions, of which `clip` is one."""
    if form == "probabilities":
        return Probabilities(clip=clip)
    if clip is not None:
        raise ValueError(f"clip: goes with form='probabilities', not {form!r}")
    if not isinstance(form, Conventions):
        check_choice("form", form, ("logits", "probabilities", "log_probabilities"))
    return form


@dataclass(frozen=True)
class Problem(ABC):
    """A call of a loss, its arrays as grids.

    `axis`, counted from the front, is that of the classes or of the labels. `weights` holds the
    arrays of weights that were given, by argument.
    """

    predictions: Grid[Any]
    targets: Grid[Any]
    axis: int | None
    mask: Grid[bool]
    weights: Mapping[str, Grid[Any]]
    settings: Settings

    def result(self) -> Result:
        """The loss and its derivatives."""
        self.check()
        if "sample_weight" in self.weights:
            placed(self.weights["sample_weight"], self.shape, "sample_weight")
        wrt = ("predictions", *self.settings.wrt)
        return evaluated(self.graph, self.settings.reduction, wrt)

    def graph(self) -> Graph:
        """Every item written out at the precision of the moment."""
        leaves = self.differentiated()
        rows = [self.row(at, leaves["predictions"]) for at in positions(self.shape)]
        kept = self.included()
        if self.settings.balanced:
            leaves["class_weight"] = balanced([self.mass(at, leaves) for at in kept], self.classes)
        items = [
            self._item(at, row, leaves) if at in kept else Item(Var(0), Var(0), excluded=True)
            for at, row in zip(positions(self.shape), rows, strict=True)
        ]
        length = self.shape[0] if self.shape else 1
        return Graph(self.shape, Batch(items, length), rows, leaves)

    def included(self) -> list[Index]:
        """The items that are not excluded."""
        seen = placed(self.mask, self.shape, "mask")
        return [at for at in positions(self.shape) if seen(at) and not self.ignored(at)]

    def differentiated(self) -> dict[str, Grid[Var]]:
        """All that the loss can be differentiated to, by argument."""
        leaves = {name: grid.map(Var) for name, grid in self.weights.items()}
        leaves["predictions"] = self.predictions.map(lambda number: Var(limited(number)))
        if self.differentiable_targets:
            leaves["targets"] = self.targets.map(Var)
        return leaves

    def _item(self, at: Index, row: list[Var], leaves: Mapping[str, Grid[Var]]) -> Item:
        mass = self.mass(at, leaves)
        weighing = self.weighing(at, row, mass, leaves)
        loss, omega = weighted(weighing, mass, self.settings.rules)
        loss = poisoned(loss, row) if mp.isnan(loss.value) else loss
        met = mass if "targets" not in self.settings.wrt else [Var(1) for _ in mass]
        rounding = weighing.rounding(mass, self.settings.rules)
        return Item(loss, omega, *rounding, steepest=weighing.steepest(met))

    def sample_weight(self, at: Index, leaves: Mapping[str, Grid[Var]]) -> Var:
        """The sample weight that stands at an item."""
        if "sample_weight" not in leaves:
            return Var(1)
        return placed(leaves["sample_weight"], self.shape, "sample_weight")(at)

    @property
    @abstractmethod
    def shape(self) -> Index:
        """The shape of the items."""

    @property
    @abstractmethod
    def differentiable_targets(self) -> bool:
        """Whether the targets are amounts, not indices."""

    @property
    @abstractmethod
    def classes(self) -> int:
        """How many there are."""

    @abstractmethod
    def check(self) -> None:
        """Refuse shapes and combinations that have no meaning."""

    @abstractmethod
    def ignored(self, at: Index) -> bool:
        """Whether `ignore_index` excludes an item."""

    @abstractmethod
    def row(self, at: Index, predictions: Grid[Var]) -> list[Var]:
        """The predictions of an item."""

    @abstractmethod
    def mass(self, at: Index, leaves: Mapping[str, Grid[Var]]) -> list[Var]:
        """The target mass of an item, class by class."""

    @abstractmethod
    def weighing(
        self, at: Index, row: list[Var], mass: list[Var], leaves: Mapping[str, Grid[Var]]
    ) -> Weighing:
        """The surprises and weights that an item meets."""


def given_grids(arguments: Mapping[str, Nested | None]) -> dict[str, Grid[Any]]:
    """The arguments that are not None, as grids."""
    return {name: Grid.of(value) for name, value in arguments.items() if value is not None}


def mask_grid(mask: Nested | None) -> Grid[bool]:
    """The mask, which lets everything pass if there is none."""
    return checked_mask(True if mask is None else mask)
