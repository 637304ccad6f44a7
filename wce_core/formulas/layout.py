"""Where the classes and the items of a call stand in the predictions' shape."""

from __future__ import annotations

from typing import NamedTuple

from wce_core.arrays.ops import ArrayOps
from wce_core.errors import shape_error
from wce_core.types import Array

Shape = tuple[int | None, ...]
"""None stands for a length that is not known while tracing."""


def same_length(a: int | None, b: int | None) -> bool:
    """Equal, as far as is known."""
    return a is None or b is None or a == b


def same_shape(a: Shape, b: Shape) -> bool:
    """Equal in rank and, as far as is known, in every length."""
    return len(a) == len(b) and all(map(same_length, a, b))


class Layout(NamedTuple):
    """The predictions' shape and the axis of classes (categorical) or labels (binary, or None)."""

    shape: Shape
    axis: int | None
    categorical: bool
    item_axes: tuple[int, ...]
    """The axes of the predictions that count items."""
    items_shape: Shape
    """One entry per item: the predictions' shape, categorical ones without the class axis."""

    @classmethod
    def of(cls, shape: Shape, axis: int | None, *, categorical: bool) -> Layout:
        """With its item axes."""
        class_axis = axis if categorical else None
        axes = tuple(i for i in range(len(shape)) if i != class_axis)
        return cls(shape, axis, categorical, axes, tuple(shape[i] for i in axes))

    @property
    def classes(self) -> int:
        """C for categorical losses, the number of labels for binary ones with a label axis."""
        length = None if self.axis is None else self.shape[self.axis]
        if length is None:
            raise ValueError(f"predictions of shape {self.shape} have no known length of axis")
        return length

    def over_items(self, ops: ArrayOps, array: Array, name: str) -> Array:
        """An array placed like ``sample_weight``, laid out with the predictions' rank.

        Its shape is a prefix of the items' shape, or of the same rank with each axis equal or 1.
        Nothing is aligned from the right: an array over classes never weighs items.
        """
        shape, items = ops.shape(array), self.items_shape
        prefix = len(shape) < len(items) and same_shape(shape, items[: len(shape)])
        equal = len(shape) == len(items) and all(
            a == 1 or same_length(a, b) for a, b in zip(shape, items, strict=True)
        )
        if not (prefix or equal):
            raise shape_error(
                name,
                shape,
                f"a prefix of the items' shape {items}, or its rank with each axis equal or 1",
            )
        for _ in range(len(items) - len(shape)):
            array = ops.xp.expand_dims(array, axis=-1)
        return self.with_class_axis(ops, array)

    def with_class_axis(self, ops: ArrayOps, items: Array) -> Array:
        """An items array with the class axis put back, of length 1."""
        if not self.categorical or self.axis is None:
            return items
        return ops.xp.expand_dims(items, axis=self.axis)

    def as_given(self, array: Array) -> Array:
        """An array without the class axis of length 1 that :meth:`with_class_axis` put in."""
        if self.categorical and array.shape[self.axis] == 1 != self.classes:
            return array.squeeze(self.axis)
        return array
