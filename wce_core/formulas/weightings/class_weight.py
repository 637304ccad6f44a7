"""``class_weight``: a weight per class, or {0: w0, 1: w1}, for each label alone if wanted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from wce_core.arrays.numerics import along
from wce_core.arrays.ops import ArrayOps
from wce_core.errors import shape_error
from wce_core.formulas.hints import class_axis_hint
from wce_core.formulas.layout import Layout
from wce_core.types import Array

from .base import Weighing, Weighting, check_weights, require_real


class ClassWeight(Weighting):
    """Categorical: w_k. Binary: w₀, w₁, laid out in a trailing axis of length 2."""

    name = "class_weight"

    def prepare(self, ops: ArrayOps, layout: Layout, value: Any) -> Array:
        """(C,) along the class axis; binary (2,) or (L, 2) with w₀, w₁ in a last axis of 2."""
        require_real(ops, self.name, value)
        return (_categorical if layout.categorical else _binary)(ops, layout, value)

    def check(self, layout: Layout, values: np.ndarray, included: Any) -> None:
        """Finite, not negative."""
        del included
        check_weights(self.name, values.reshape(-1) if layout.categorical else values)

    def apply(self, weighing: Weighing, array: Array) -> Weighing:
        """Class weights, to be applied to the mass or by a soft rule."""
        array = weighing.wide(array)
        if weighing.axis is not None:
            return weighing._replace(class_weights=array)
        return weighing._replace(class_weights=weighing.ops.xp.unstack(array, axis=-1))


def _categorical(ops: ArrayOps, layout: Layout, value: Array) -> Array:
    if ops.shape(value) != (layout.classes,):
        shape = ops.shape(value)
        expected = f"({layout.classes},), one per class"
        hint = class_axis_hint(layout, shape[0]) if len(shape) == 1 else ""
        raise shape_error("class_weight", shape, expected + hint)
    assert layout.axis is not None
    return along(ops.xp, value, layout.axis, len(layout.shape))


def _binary(ops: ArrayOps, layout: Layout, value: Array) -> Array:
    shape, rank = ops.shape(value), len(layout.shape)
    if shape == (2,):
        return ops.xp.reshape(value, (1,) * rank + (2,))
    if layout.axis is None or shape != (layout.classes, 2):
        labels = "no label axis" if layout.axis is None else f"{layout.classes} labels"
        raise shape_error(
            "class_weight", shape, f"(2,), or one (w0, w1) row per label; there are {labels}"
        )
    target = tuple(layout.classes if i == layout.axis else 1 for i in range(rank))
    return ops.xp.reshape(value, (*target, 2))


def listed(value: Mapping[Any, Any], classes: int) -> list[Any]:
    """The values of a mapping in class order; JSON's ``"3"`` names class 3."""
    named = {_class(key): weight for key, weight in value.items()}
    if len(named) == len(value) and set(named) == set(range(classes)):
        return [named[k] for k in range(classes)]
    missing = [k for k in range(classes) if k not in named]
    steps = f"{_some(missing)} missing" if missing else f"there are {classes}, each named once"
    raise ValueError(
        f"class_weight names the classes {_some(list(value))}; expected every class "
        f"of 0 … {classes - 1}: {steps}"
    )


def _class(key: Any) -> Any:
    return int(key) if isinstance(key, str) and key.isdecimal() else key


def _some(keys: list[Any]) -> str:
    shown = ", ".join(repr(key) for key in keys[:10])
    return f"{shown}, … ({len(keys)})" if len(keys) > 10 else shown
