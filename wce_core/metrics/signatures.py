"""What type checkers are told of the arguments that metrics share with the losses."""

from __future__ import annotations

from typing import Any, TypedDict

from wce_core.types import Array, ClassWeight, Form


class OfSets(TypedDict, total=False):
    """Of what is given sets of classes."""

    class_weight: ClassWeight | None
    sample_weight: Array | None
    mask: Array | None
    axis: int
    form: Form
    validate: bool | None


class OfClasses(OfSets, total=False):
    """Of exclusive classes."""

    ignore_index: int | None


class OfLabels(TypedDict, total=False):
    """Of two classes."""

    class_weight: ClassWeight | None
    pos_weight: Any
    sample_weight: Array | None
    mask: Array | None
    ignore_index: float | None
    axis: int | None
    form: Form
    validate: bool | None
