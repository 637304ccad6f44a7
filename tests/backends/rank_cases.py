"""Ranks, accumulation and pieces of a batch: each with each in a thorough session, or a sample."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from dataclasses import dataclass

from wce_core.formulas.reductions import DENOMINATORS

EVERY = bool(os.environ.get("WCE_EVERY_CASE"))
"""Is each case wanted?"""
REDUCTIONS = [name for name, under in DENOMINATORS.items() if under is not None]
DIVIDED = [name for name, under in DENOMINATORS.items() if under not in (None, "normalizer")]
"""Those that know what they divide by."""
CUTS: dict[str, Callable[[int, int], float]] = {
    "even": lambda rank, count: rank / count,
    "uneven": lambda rank, count: (rank / count) ** 2,
    "ranks without items": lambda rank, count: rank // 2 * 2 / count,
    "items on the last rank alone": lambda rank, count: 0.0,
}
"""Where the items of a rank begin, as a fraction of all."""


@dataclass(frozen=True)
class Cell:
    """How many ranks there are, in how many steps they accumulate, and which items are whose."""

    count: int
    steps: int
    cut: str

    def rows(self, items: int) -> list[slice]:
        """The items of each rank."""
        starts = [int(items * CUTS[self.cut](rank, self.count)) for rank in range(self.count)]
        return [slice(*ends) for ends in itertools.pairwise([*starts, items])]


def cells(most: int, cuts: tuple[str, ...] = tuple(CUTS)) -> list[Cell]:
    """Of 1 to ``most`` ranks and 1 to 8 steps; a sample has each number and each cut."""
    counts, steps = range(1, most + 1), range(1, 9)
    if EVERY:
        return [Cell(*each) for each in itertools.product(counts, steps, cuts)]
    return [Cell(1 + (3 * k) % most, k, cuts[k % len(cuts)]) for k in steps]
