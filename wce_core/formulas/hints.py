"""The one next step that an error names, where what was meant can be told from what was given."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from wce_core.errors import shape_error

from .layout import Layout, Shape, same_shape


def target_shape_error(layout: Layout, shape: Shape) -> ValueError:
    """A ValueError for targets that fit neither the items nor the predictions."""
    expected = f"the predictions' shape {layout.shape}"
    if layout.categorical:
        expected = f"{layout.items_shape} for class indices, or {layout.shape} for dense mass"
    step = next(_steps(layout, shape), None)
    return shape_error("targets", shape, f"{expected}; {step}" if step else expected)


def _steps(layout: Layout, shape: Shape) -> Iterator[str]:
    items = layout.items_shape
    for axis in _ones(shape, items):
        yield f"squeeze axis {axis} of targets, which has length 1"
    for axis in _ones(items, shape):
        yield f"squeeze axis {layout.item_axes[axis]} of predictions, which has length 1"
    if layout.categorical:
        for axis in sorted(range(len(layout.shape)), key=lambda axis: axis != 1):
            if same_shape(_without(layout.shape, axis), shape):
                yield f"they would fit if the classes stood along axis={axis}"


def class_axis_hint(layout: Layout, classes: int | None) -> str:
    """Which other axis has as many classes as there are weights."""
    if layout.categorical and layout.shape[1:2] == (classes,):
        return "; they would fit if the classes stood along axis=1"
    return ""


def order_hint(dtype: str) -> str:
    """Whether the arguments seem swapped, by the dtype of the targets."""
    swapped = "float" in dtype
    return "; the targets are floating: predictions come first, then targets" if swapped else ""


def ignore_hint(value: Any) -> str:
    """How to leave out items with a negative target, which marks them by custom."""
    marked = value < 0 and value == round(value)
    return f"; to leave such items out pass ignore_index={value}" if marked else ""


def negative_hint(value: Any) -> str:
    """How to weigh by what has a sign, as an advantage has."""
    finite = -float("inf") < value < 0
    return "; where it is meant, pass negative_weights=True" if finite else ""


def _ones(longer: Shape, shorter: Shape) -> Iterator[int]:
    """Axes of length 1, the last first, without which the one shape is the other."""
    for axis in reversed(range(len(longer))):
        if longer[axis] == 1 and same_shape(_without(longer, axis), shorter):
            yield axis


def _without(shape: Shape, axis: int) -> Shape:
    return (*shape[:axis], *shape[axis + 1 :])
