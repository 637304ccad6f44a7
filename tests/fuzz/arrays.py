"""Arrays of a kind of numbers.

A few numbers are drawn one by one and stand in turn, or among others that a seed deals. So arrays
of every shape take the same few decisions, and an example can be made simpler step by step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from random import Random
from typing import Any, TypeAlias

from hypothesis import strategies as st

from wce_conformance.cases import Tensor

from .kinds import INTEGERS, TEMPERS, Kind, held

FLOATS = ("float32", "float64", "bfloat16", "float16")
FEW = 6
"""So many numbers are drawn one by one."""

Arrays: TypeAlias = st.SearchStrategy[Tensor]


def numbers(kind: Kind, shape: tuple[int, ...], dtype: str, *, flushed: bool) -> Arrays:
    """An array of a kind, in the dtype's own numbers."""

    def of(temper: str) -> st.SearchStrategy[tuple[float, ...]]:
        return values(kind.strategy(temper), kind.usual, prod(shape))

    def made(own: tuple[float, ...]) -> Tensor:
        return Tensor(dtype, shape, tuple(held(value, dtype, flushed=flushed) for value in own))

    return st.sampled_from(TEMPERS).flatmap(of).map(made)


def exactly(
    one: st.SearchStrategy[Any], deal: Callable[[Random], Any], shape: tuple[int, ...], dtype: str
) -> Arrays:
    """An array of integers or booleans."""
    return values(one, deal, prod(shape)).map(lambda own: Tensor(dtype, shape, own))


def values(
    one: st.SearchStrategy[Any], deal: Callable[[Random], Any], count: int
) -> st.SearchStrategy[tuple[Any, ...]]:
    """So many of them."""
    drawn = st.lists(one, min_size=1, max_size=FEW)
    return st.tuples(drawn, st.integers(0, 2**16)).map(
        lambda pair: tuple(_dealt(*pair, deal, count))
    )


def _dealt(drawn: Sequence[Any], seed: int, deal: Callable[[Random], Any], count: int) -> list[Any]:
    """The simplest seed deals nothing: those that were drawn, in turn."""
    if seed == 0:
        return [drawn[i % len(drawn)] for i in range(count)]
    random = Random(seed)
    return [random.choice(drawn) if random.random() < 0.5 else deal(random) for _ in range(count)]


def dtypes(offered: frozenset[str], *, integers: bool = False) -> st.SearchStrategy[str]:
    """A dtype that the framework has, the usual ones first."""
    names = (*FLOATS, *INTEGERS) if integers else FLOATS
    return st.sampled_from([name for name in names if name in offered])
