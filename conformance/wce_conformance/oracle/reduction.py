"""From item losses to one number."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from wce_conformance.oracle.autodiff import Var, absolute, total
from wce_conformance.oracle.checks import check_choice
from wce_conformance.oracle.real import NAN, ONE, Real

ReductionName: TypeAlias = Literal[
    "none",
    "sum",
    "mean",
    "mean_over_all",
    "weighted_mean",
    "absolute_weighted_mean",
    "nonzero_mean",
    "batch_mean",
    "parts",
]
Empty: TypeAlias = Literal["zero", "nan"]


class Parts(NamedTuple):
    """What every reduction is made of: Σℓ, and the denominators.

    Items not excluded, all items, Σω, items with ω ≠ 0, the length of the leading axis, and Σ|ω|.
    """

    total: Real
    items: int
    all_items: int
    weight: Real
    nonzero: int
    batch: int
    absolute_weight: Real


@dataclass(frozen=True)
class Item:
    """ℓ and ω of one item, and whether it is excluded.

    Of its terms, over the classes that have mass: `slope` and `steepness` are means, `bend` is the
    largest; `steepest` is the largest steepness of all that a derivative meets.
    """

    loss: Var
    omega: Var
    slope: Real = ONE
    steepness: Real = ONE
    bend: Real = ONE
    steepest: Real = ONE
    excluded: bool = False


@dataclass(frozen=True)
class Batch:
    """All items in row-major order, and the length of their leading axis (1 for one item)."""

    items: Sequence[Item]
    length: int

    @property
    def loss(self) -> Var:
        """Σℓ."""
        return total(item.loss for item in self.items)

    @property
    def weight(self) -> Var:
        """Σω."""
        return total(item.omega for item in self.items)

    @property
    def absolute_weight(self) -> Var:
        """Σ|ω|."""
        return total(absolute(item.omega) for item in self.items)

    @property
    def included(self) -> int:
        """The number of items that are not excluded."""
        return sum(not item.excluded for item in self.items)

    @property
    def nonzero(self) -> int:
        """The number of items with ω ≠ 0, which excluded ones never have."""
        return sum(not item.excluded and item.omega.value != 0 for item in self.items)

    def parts(self) -> Parts:
        """The sums and counts that merge over batches."""
        return Parts(
            total=self.loss.value,
            items=self.included,
            all_items=len(self.items),
            weight=self.weight.value,
            nonzero=self.nonzero,
            batch=self.length,
            absolute_weight=self.absolute_weight.value,
        )


DENOMINATORS: Mapping[str, Callable[[Batch], Var]] = {
    "mean": lambda batch: Var(batch.included),
    "mean_over_all": lambda batch: Var(len(batch.items)),
    "weighted_mean": lambda batch: batch.weight,
    "absolute_weighted_mean": lambda batch: batch.absolute_weight,
    "nonzero_mean": lambda batch: Var(batch.nonzero),
    "batch_mean": lambda batch: Var(batch.length),
}


@dataclass(frozen=True)
class Reduction:
    """One way to reduce; `normalizer` is a constant for "sum" alone."""

    name: ReductionName
    normalizer: float | None
    empty: Empty

    def __post_init__(self) -> None:
        check_choice("reduction", self.name, ("none", "sum", "parts", *DENOMINATORS))
        check_choice("empty", self.empty, ("zero", "nan"))
        if self.normalizer is not None and self.name != "sum":
            raise ValueError(f"normalizer: goes with reduction='sum', not {self.name!r}")

    def denominator(self, batch: Batch) -> Var:
        """What Σℓ is divided by; 1 where nothing is."""
        if self.normalizer is not None:
            return Var(self.normalizer)
        return DENOMINATORS[self.name](batch) if self.name in DENOMINATORS else Var(1)

    def reduced(self, batch: Batch) -> Var:
        """Σℓ over the denominator; a constant 0, or NaN, over a denominator of 0."""
        denominator = self.denominator(batch)
        if denominator.value == 0:
            return Var(NAN if self.empty == "nan" else 0)
        return batch.loss / denominator
