"""Refusals of calls that have no meaning. Values are never refused, they are computed."""

from collections.abc import Collection, Mapping
from typing import Any

from wce_conformance.oracle.grid import Grid, Index, Nested


def check_choice(name: str, given: str, choices: Collection[str]) -> None:
    """Raise a ValueError unless `given` is one of the choices."""
    if given not in choices:
        raise ValueError(f"{name}: {given!r} is none of {', '.join(choices)}")


def check_shape(name: str, given: Index, expected: Index) -> None:
    """Raise a ValueError unless the shapes are equal."""
    if given != expected:
        raise ValueError(f"{name}: shape {given}, expected {expected}")


def checked_axis(axis: int, rank: int) -> int:
    """The axis counted from the front."""
    if not -rank <= axis < rank:
        raise ValueError(f"axis: {axis} is no axis of rank-{rank} predictions")
    return axis % rank


def checked_mask(mask: Nested) -> Grid[bool]:
    """The mask as a grid; anything but booleans is a TypeError."""
    grid = Grid.of(mask)
    if not all(isinstance(value, bool) for value in grid.flat):
        raise TypeError("mask: expected booleans")
    return grid


def class_weight_grid(class_weight: Nested | Mapping[int, Any] | None, classes: int) -> Nested:
    """Class weights as an array; a mapping must name each of the classes and nothing else.

    None for those that the batch is to say.
    """
    if class_weight == "balanced":
        return None
    if not isinstance(class_weight, Mapping):
        return class_weight
    if set(class_weight) != set(range(classes)):
        raise ValueError(f"class_weight: names {sorted(class_weight)}, expected all {classes}")
    return Grid((classes,), tuple(class_weight[k] for k in range(classes)))
