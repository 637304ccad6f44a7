"""Rows of settings in which every two values that go together meet."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from random import Random
from typing import Any, TypeAlias

Row: TypeAlias = dict[str, Any]
CANDIDATES = 60


def covering_rows(
    fixed: Sequence[Mapping[str, Any]],
    free: Mapping[str, Sequence[Any]],
    allowed: Callable[[Row], bool],
    random: Random,
) -> Iterator[Row]:
    """For each of the `fixed` settings a row that adds a value of every `free` one.

    Of some random rows that are allowed, the one that brings most new pairs of values.
    """
    met: set[tuple[Any, ...]] = set()
    for settings in fixed:
        candidates = _candidates(settings, free, allowed, random)
        row = max(candidates, key=lambda candidate: len(pairs(candidate) - met))
        met |= pairs(row)
        yield row


def pairs(row: Row) -> set[tuple[Any, ...]]:
    """Every pair of values of a row; a tuple of weighting modes counts mode by mode."""
    values = [(name, value) for name, value in row.items() if name != "modes"]
    values += [("mode", mode) for mode in row["modes"]]
    return set(combinations(sorted(values, key=repr), 2))


def _candidates(
    settings: Mapping[str, Any],
    free: Mapping[str, Sequence[Any]],
    allowed: Callable[[Row], bool],
    random: Random,
) -> list[Row]:
    candidates: list[Row] = []
    while len(candidates) < CANDIDATES:
        row = {**settings, **{name: random.choice(values) for name, values in free.items()}}
        if allowed(row):
            candidates.append(row)
    return candidates
