"""Probabilities, and what other libraries do to them before they take the logarithm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from wce_conformance.oracle.autodiff import Var, log, log1p, total
from wce_conformance.oracle.checks import check_choice
from wce_conformance.oracle.real import NAN, mp


@dataclass(frozen=True)
class Probabilities:
    """Conventions, in the order in which they are applied.

    `normalize="before"` divides a row by its sum; `clip` bounds p to [clip, 1 − clip];
    `normalize="after"` divides then; `offset` is added to p and to 1 − p inside of the logarithms;
    `floor` bounds the logarithms from below.
    """

    clip: float | None = None
    offset: float = 0.0
    floor: float | None = None
    normalize: Literal["before", "after"] | None = None

    def __post_init__(self) -> None:
        if self.clip is not None and not 0 <= self.clip < 0.5:
            raise ValueError(f"clip: {self.clip} is not in [0, 0.5)")
        if not 0 <= self.offset < float("inf"):
            raise ValueError(f"offset: {self.offset} is not a finite number from 0 on")
        if self.floor is not None and not -float("inf") < self.floor < 0:
            raise ValueError(f"floor: {self.floor} is not a finite number below 0")
        if self.normalize is not None:
            check_choice("normalize", self.normalize, ("before", "after"))


class Chance(NamedTuple):
    """p and 1 − p: of a difference of two numbers near 1, sixty digits may keep none."""

    p: Var
    rest: Var


def row_logarithms(row: Sequence[Var], given: Probabilities) -> list[Var]:
    """The logarithm of each class of a row."""
    chances = [_given(p) for p in row]
    if given.normalize == "before":
        chances = _divided(chances)
    chances = [_bounded(chance, given.clip) for chance in chances]
    if given.normalize == "after":
        chances = _divided(chances)
    return [_logarithm(chance, given) for chance in chances]


def binary_logarithms(p: Var, given: Probabilities) -> tuple[Var, Var]:
    """The logarithms of 1 − p and of p."""
    if given.normalize is not None:
        raise ValueError("normalize: goes with rows of probabilities")
    chance = _bounded(_given(p), given.clip)
    return _logarithm(Chance(chance.rest, chance.p), given), _logarithm(chance, given)


def _given(p: Var) -> Chance:
    return Chance(p, Var(1) - p)


def _divided(row: Sequence[Chance]) -> list[Chance]:
    """Each divided by the sum of all; NaN for a row without mass."""
    whole = total(chance.p for chance in row)
    if whole.value == 0:
        return [Chance(Var(NAN), Var(NAN)) for _ in row]
    others = [total(c.p for j, c in enumerate(row) if j != k) for k in range(len(row))]
    return [Chance(c.p / whole, rest / whole) for c, rest in zip(row, others, strict=True)]


def _bounded(chance: Chance, clip: float | None) -> Chance:
    """Bound p to [ε, 1 − ε]; constant where that changed it."""
    if clip is None:
        return chance
    low, high = Var(mp.mpf(clip)), Var(1) - Var(mp.mpf(clip))
    if chance.p.value < clip:
        return Chance(low, high)
    return Chance(high, low) if chance.rest.value < clip else chance


def _logarithm(chance: Chance, given: Probabilities) -> Var:
    """log(p + offset), not below the floor; constant where that changed it."""
    offset = Var(given.offset)
    if chance.p.value > 0.5:
        found = log1p(offset - chance.rest)
    else:
        found = log(chance.p + offset)
    if given.floor is not None and found.value < given.floor:
        return Var(given.floor)
    return found
