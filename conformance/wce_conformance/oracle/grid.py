"""Numbers on a rectangular grid: the bridge between nested lists and positions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any, Generic, TypeAlias, TypeVar

T = TypeVar("T")
S = TypeVar("S")

Index: TypeAlias = tuple[int, ...]
Nested: TypeAlias = Any  # a number, or a list of Nested: all of one shape


@dataclass(frozen=True)
class Grid(Generic[T]):
    """Values in row-major order with their shape; `()` is the shape of a single number.

    May stand wherever the oracle takes nested lists. Needed for arrays with an axis of
    length 0, whose nested lists don't tell their shape.
    """

    shape: Index
    flat: tuple[T, ...]

    def __post_init__(self) -> None:
        if prod(self.shape) != len(self.flat):
            raise ValueError(f"{len(self.flat)} values do not fill shape {self.shape}")

    @staticmethod
    def of(nested: Nested) -> Grid[Any]:
        """From nested lists; a ragged list is a ValueError."""
        if isinstance(nested, Grid):
            return nested
        if not isinstance(nested, list | tuple):
            return Grid((), (nested,))
        rows = [Grid.of(row) for row in nested]
        shapes = {row.shape for row in rows} or {()}
        if len(shapes) > 1:
            raise ValueError(f"rows of different shapes: {sorted(shapes)}")
        flat = tuple(value for row in rows for value in row.flat)
        return Grid((len(rows), *shapes.pop()), flat)

    @property
    def rank(self) -> int:
        """The number of axes."""
        return len(self.shape)

    def offset(self, index: Index) -> int:
        """Where the value at `index` stands in `flat`."""
        offset = 0
        for length, i in zip(self.shape, index, strict=True):
            offset = offset * length + i
        return offset

    def at(self, index: Index) -> T:
        """The value at `index`."""
        return self.flat[self.offset(index)]

    def map(self, function: Callable[[T], S]) -> Grid[S]:
        """The same shape, each value mapped."""
        return Grid(self.shape, tuple(map(function, self.flat)))

    def nested(self) -> Nested:
        """As nested lists; a single value for shape ()."""
        if not self.shape:
            return self.flat[0]
        length, *rest = self.shape
        step = prod(rest)
        rows = (self.flat[i * step : (i + 1) * step] for i in range(length))
        return [Grid(tuple(rest), row).nested() for row in rows]


def positions(shape: Index) -> Iterator[Index]:
    """Every index into `shape`, in row-major order."""
    return product(*map(range, shape))


def map_nested(function: Callable[[Any], Any], nested: Nested) -> Nested:
    """Nested lists of the same shape, each number mapped."""
    if isinstance(nested, list):
        return [map_nested(function, row) for row in nested]
    return function(nested)


def placed(weights: Grid[T], shape: Index, name: str) -> Callable[[Index], T]:
    """Which of `weights` stands at an item, for items of `shape`.

    Weights have the leading axes of the items, or every axis at its length or 1. They are
    never aligned from the right: class weights can't be taken for sample weights.
    """
    if weights.shape == shape[: weights.rank]:
        return lambda index: weights.at(index[: weights.rank])
    fits = all(own in (1, full) for own, full in zip(weights.shape, shape, strict=False))
    if weights.rank != len(shape) or not fits:
        raise ValueError(f"{name}: shape {weights.shape} is no prefix of the items' {shape}")
    return lambda index: weights.at(
        tuple(0 if own == 1 else i for own, i in zip(weights.shape, index, strict=True))
    )
