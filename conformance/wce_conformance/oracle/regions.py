"""Losses of regions: how well the predictions of a sample, or of a batch, cover the targets."""
# ruff: noqa: D102  # the classes that are not abstract are described by the one that is

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from wce_conformance.oracle.autodiff import Var, poisoned
from wce_conformance.oracle.binary import _Binary
from wce_conformance.oracle.chances import binary_chance, class_chances
from wce_conformance.oracle.checks import check_choice
from wce_conformance.oracle.conventions import Chance
from wce_conformance.oracle.grid import Grid, Index, positions
from wce_conformance.oracle.lovasz import Lovasz, margin_errors
from wce_conformance.oracle.multiclass import _Multiclass
from wce_conformance.oracle.overlap import Counted, Overlap, Pixel, by_size, together
from wce_conformance.oracle.problem import Problem
from wce_conformance.oracle.real import mp
from wce_conformance.oracle.reduction import Batch, Item
from wce_conformance.oracle.region_rounding import RegionRoundings, Row
from wce_conformance.oracle.result import Graph

Per: TypeAlias = Literal["sample", "batch"]
Classes: TypeAlias = Literal["apart", "together"]
Absent: TypeAlias = Literal["count", "zero", "skip"]


@dataclass(frozen=True)
class Regions:
    """Which items and classes are a region, and what becomes of one without targets."""

    per: Per
    classes: Classes
    absent: Absent

    def __post_init__(self) -> None:
        check_choice("per", self.per, ("sample", "batch"))
        check_choice("classes", self.classes, ("apart", "together"))
        check_choice("absent", self.absent, ("count", "zero", "skip"))


class Place(NamedTuple):
    """Which sample an item is of, () of one or of a batch, and of which classes it says something.

    A class is its number, or () where there is but one.
    """

    sample: Index
    classes: tuple[Index, ...]


@dataclass(frozen=True, kw_only=True)
class _Regional(Problem):
    """A call whose losses are those of regions."""

    overlap: Overlap | Lovasz
    regions: Regions

    def graph(self) -> Graph:
        """Every region written out at the precision of the moment."""
        leaves = self.differentiated()
        logits = {at: self.row(at, leaves["predictions"]) for at in positions(self.shape)}
        kept = self.included()
        rows = {
            at: Row(row, self.chances(row) if at in kept else [Chance(Var(0), Var(0))] * len(row))
            for at, row in logits.items()
        }
        roundings = RegionRoundings(list(rows.values()))
        items = []
        for sample in positions(self._samples()):
            own = {at: rows[at] for at in kept if self.place(at).sample == sample}
            items += list(self._of_sample(own, leaves, roundings))
        return Graph(
            self._shape_of_regions(),
            Batch(items, self.shape[0] if self.shape else 1),
            list(logits.values()),
            leaves,
            self.shape,
            roundings if self.differences else None,
        )

    def _samples(self) -> Index:
        return () if self.regions.per == "batch" else self.samples

    def _apart(self) -> bool:
        return self.regions.classes == "apart" and not self.overlap.generalized

    def _shape_of_regions(self) -> Index:
        return self._samples() + (self.kinds if self._apart() else ())

    def _of_sample(
        self, rows: Mapping[Index, Row], leaves: Mapping[str, Grid[Var]], roundings: RegionRoundings
    ) -> Iterator[Item]:
        """The regions of a sample."""
        classes = list(positions(self.kinds))
        counted = [self.overlap.counted(self._pixels(k, rows, leaves)) for k in classes]
        weights = [leaves["class_weight"].at(k) if "class_weight" in leaves else Var(1)
                   for k in classes]  # fmt: skip
        if self._apart():
            for kind, own, weight in zip(classes, counted, weights, strict=True):
                members = [row for at, row in rows.items() if kind in self.place(at).classes]
                yield self._region(own, weight, members, roundings)
            return
        if self.overlap.generalized:
            counted = by_size(counted)
        weighted = [own.times(w) for own, w in zip(counted, weights, strict=True)]
        yield self._region(together(weighted), Var(1), list(rows.values()), roundings)

    def _pixels(
        self, kind: Index, rows: Mapping[Index, Row], leaves: Mapping[str, Grid[Var]]
    ) -> list[Pixel]:
        """The items as one class sees them."""
        rounded = self.settings.form in ("logits", "log_probabilities")
        pixels = []
        for at, row in rows.items():
            classes = self.place(at).classes
            if kind in classes:
                k = classes.index(kind)
                target = self.amounts(at, leaves)[k]
                weight = self.sample_weight(at, leaves)
                pixels.append(Pixel(weight, row.chances[k], target, rounded=rounded))
        return pixels

    def _region(
        self, counted: Counted, weight: Var, rows: Sequence[Row], roundings: RegionRoundings
    ) -> Item:
        missing = counted.present.value == 0 and not mp.isnan(counted.wrong.value)
        if missing and self.regions.absent != "count":
            roundings.regions.append(mp.zero)
            skipped = self.regions.absent == "skip"
            return Item(Var(0), Var(0) if skipped else weight, excluded=skipped)
        loss = weight * self.overlap.loss(counted)
        if mp.isnan(loss.value):
            loss = poisoned(loss, [x for row in rows for x in row.logits])
        if self.differences:
            roundings.add(loss, self.overlap, counted, rows)
        steepness = self.overlap.steepness(counted)
        return Item(loss, weight, steepness=steepness, steepest=steepness)

    @property
    @abstractmethod
    def samples(self) -> Index:
        """How many samples there are, () if the call is of one."""

    @property
    @abstractmethod
    def kinds(self) -> Index:
        """How many classes there are, () if there is but one."""

    @property
    @abstractmethod
    def differences(self) -> bool:
        """Are logits subtracted from each other?"""

    @abstractmethod
    def place(self, at: Index) -> Place:
        """Where an item belongs."""

    @abstractmethod
    def amounts(self, at: Index, leaves: Mapping[str, Grid[Var]]) -> list[Var]:
        """The target mass of those classes of an item that it says something of."""

    @abstractmethod
    def chances(self, row: Sequence[Var]) -> list[Chance]:
        """p of the classes of an item."""


@dataclass(frozen=True, kw_only=True)
class OfClasses(_Regional, _Multiclass):
    """Regions of C exclusive classes."""

    @property
    def samples(self) -> Index:
        return self.shape[:1]

    @property
    def kinds(self) -> Index:
        return (self.classes,)

    @property
    def differences(self) -> bool:
        return self.settings.form == "logits"

    def place(self, at: Index) -> Place:
        sample = at[: len(self._samples())]
        return Place(sample, tuple((k,) for k in range(self.classes)))

    def amounts(self, at: Index, leaves: Mapping[str, Grid[Var]]) -> list[Var]:
        return self.mass(at, leaves)

    def chances(self, row: Sequence[Var]) -> list[Chance]:
        return class_chances(row, self.settings.form)


@dataclass(frozen=True, kw_only=True)
class OfLabels(_Regional, _Binary):
    """Regions of elements that are each a question of its own, of labels along an axis or none."""

    @property
    def samples(self) -> Index:
        return self._without_labels(self.shape)[:1]

    @property
    def kinds(self) -> Index:
        return () if self.axis is None else (self.shape[self.axis],)

    @property
    def differences(self) -> bool:
        return False

    def place(self, at: Index) -> Place:
        kind = () if self.axis is None else (at[self.axis],)
        return Place(self._without_labels(at)[: len(self._samples())], (kind,))

    def amounts(self, at: Index, leaves: Mapping[str, Grid[Var]]) -> list[Var]:
        return [leaves["targets"].at(at)]

    def chances(self, row: Sequence[Var]) -> list[Chance]:
        if isinstance(self.overlap, Lovasz):
            return [margin_errors(row[0])]
        return [binary_chance(row[0], self.settings.form)]

    def _without_labels(self, of_axes: Index) -> Index:
        return tuple(n for axis, n in enumerate(of_axes) if axis != self.axis)
