"""A case: one call of a loss, in plain data."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, TypeAlias

from wce_conformance.oracle import (
    CALLED,
    OF_LAYERS,
    Conventions,
    Grid,
    Nested,
    Result,
    curvature,
    round_to,
)

LAYER = ("weight", "bias")
"""The arrays of a linear layer: a row for each class, and a number for each."""
_FLOATS = ("float64", "float32", "float16", "bfloat16")
_OTHERS = {
    "int64": int,
    "int32": int,
    "int16": int,
    "int8": int,
    "uint8": int,
    "bool": bool,
}


@dataclass(frozen=True)
class Tensor:
    """An array: row-major `data` of a `dtype` that holds every value exactly."""

    dtype: str
    shape: tuple[int, ...]
    data: tuple[Any, ...]

    def __post_init__(self) -> None:
        if prod(self.shape) != len(self.data):
            raise ValueError(f"{len(self.data)} values do not fill shape {self.shape}")
        wrong = [value for value in self.data if not _holds(self.dtype, value)]
        if wrong:
            raise ValueError(f"{self.dtype} does not hold {wrong[0]!r}")

    @staticmethod
    def rounded(nested: Nested, dtype: str) -> Tensor:
        """Nested lists as an array, floats rounded to `dtype`."""
        grid: Grid[Any] = Grid.of(nested)
        if dtype in _FLOATS:
            grid = grid.map(lambda value: round_to(value, dtype))
        return Tensor(dtype, grid.shape, grid.flat)

    def grid(self) -> Grid[Any]:
        """As the oracle takes it."""
        return Grid(self.shape, self.data)


Argument: TypeAlias = Tensor | Mapping[str, float] | Conventions | float | int | str | None


@dataclass(frozen=True)
class Case:
    """One call: arrays as `Tensor`, class weights by class as a mapping from "0", "1", …

    `dtype` is that of the predictions. `arguments` holds the keyword arguments that differ from
    their defaults. `flags` name what the case is about.
    """

    id: str
    loss: str
    dtype: str
    predictions: Tensor
    targets: Tensor
    arguments: Mapping[str, Argument]
    comment: str
    flags: tuple[str, ...]

    def expected(self, wrt: Collection[str] = ()) -> Result:
        """What the oracle says, with gradients to the arguments named in `wrt`."""
        arguments = {name: _oracle_argument(value) for name, value in self.arguments.items()}
        loss = CALLED[self.loss].function
        return loss(self.predictions.grid(), self.targets.grid(), **arguments, wrt=wrt)

    @property
    def categorical(self) -> bool:
        """Has it a class axis?"""
        return CALLED[self.loss].categorical

    @property
    def of_regions(self) -> bool:
        """Is it of a loss of regions?"""
        return bool(CALLED[self.loss].of_regions)

    @property
    def layered(self) -> bool:
        """Are its predictions hidden states, of which a linear layer makes logits?"""
        return self.loss in OF_LAYERS

    @property
    def loss_shape(self) -> tuple[int, ...]:
        """The shape of the losses that are not reduced: of its items, or of its regions."""
        shape, axis = list(self.predictions.shape), self.arguments.get("axis")
        assert axis is None or isinstance(axis, int)
        if not self.of_regions:
            return self.item_shape
        axis = -1 if axis is None and self.categorical else axis
        per_sample = self.arguments.get("per", "sample") == "sample"
        if per_sample and len(shape) == 1 and not self.categorical:
            return self.item_shape
        kinds = () if axis is None else (shape.pop(axis),)
        samples = tuple(shape[:1]) if per_sample else ()
        apart = CALLED[self.loss].apart and self.arguments.get("classes", "apart") == "apart"
        return samples + (kinds if apart else ())

    @property
    def item_shape(self) -> tuple[int, ...]:
        """The shape of what is classified."""
        shape, axis = list(self.predictions.shape), self.arguments.get("axis", -1)
        if self.categorical:
            assert isinstance(axis, int)
            del shape[axis]
        return tuple(shape)

    def curvature(self) -> Grid[Any]:
        """∂²Σℓ/∂x² of each prediction alone, whatever the reduction is."""
        left_out = ("reduction", "normalizer", "empty")
        given = {name: value for name, value in self.arguments.items() if name not in left_out}
        arguments = {name: _oracle_argument(value) for name, value in given.items()}
        targets, loss = self.targets.grid(), CALLED[self.loss].function

        def gradient(predictions: Grid[Any]) -> Nested:
            return loss(predictions, targets, **arguments, reduction="sum").gradient

        axis = None
        if self.categorical:
            axis = int(arguments.get("axis", -1)) % len(self.predictions.shape)
        return curvature(gradient, self.predictions.grid(), axis)

    @property
    def known_to_fail(self) -> bool:
        """May exact mode give a neighbour of the right bits? `comment` says why."""
        return "known_to_fail" in self.flags

    def differentiable(self) -> tuple[str, ...]:
        """The arguments beside the predictions that `expected` can differentiate to."""
        weights = ("class_weight", "pos_weight", "sample_weight", "cost_matrix", "costs", *LAYER)
        given = tuple(n for n in weights if self.arguments.get(n) not in (None, "balanced"))
        dense = len(self.targets.shape) == len(self.predictions.shape)
        dense = dense and not (self.categorical and self.targets.dtype == "bool")  # candidates
        dense = dense and not CALLED[self.loss].labels
        return ("targets", *given) if dense else given


def _holds(dtype: str, value: Any) -> bool:
    if dtype in _OTHERS:
        return type(value) is _OTHERS[dtype]
    return isinstance(value, float) and (value != value or round_to(value, dtype) == value)


def _oracle_argument(value: Argument) -> Any:
    if isinstance(value, Tensor):
        return value.grid()
    if isinstance(value, Mapping):
        return {int(label): weight for label, weight in value.items()}
    return value
