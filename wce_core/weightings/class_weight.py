"""``class_weight``: a weight per class, or {0: w0, 1: w1}, for each label alone if wanted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..errors import shape_error
from ..hints import class_axis_hint
from ..layout import Layout
from ..numerics import along
from ..types import Array
from .base import Weighing, Weighting, check_weights, require_real

if TYPE_CHECKING:
    import numpy as np

    from ..backend import Backend


class ClassWeight(Weighting):
    """Categorical: w_k. Binary: w₀, w₁, laid out in a trailing axis of length 2."""

    name = "class_weight"

    def prepare(self, be: Backend, layout: Layout, value: Any) -> Array:
        """(C,) along the class axis; binary (2,) or (L, 2) with w₀, w₁ in a last axis of 2."""
        require_real(be, self.name, value)
        return (_categorical if layout.categorical else _binary)(be, layout, value)

    def check(self, layout: Layout, values: np.ndarray, included: Any) -> None:
        """Finite, not negative."""
        del included
        check_weights(self.name, values.reshape(-1) if layout.categorical else values)

    def apply(self, weighing: Weighing, array: Array) -> Weighing:
        """Class weights, to be applied to the mass or by a soft rule."""
        array = weighing.wide(array)
        if weighing.axis is not None:
            return weighing._replace(class_weights=array)
        return weighing._replace(class_weights=weighing.be.xp.unstack(array, axis=-1))


def _categorical(be: Backend, layout: Layout, value: Array) -> Array:
    if be.shape(value) != (layout.classes,):
        shape = be.shape(value)
        expected = f"({layout.classes},), one per class"
        hint = class_axis_hint(layout, shape[0]) if len(shape) == 1 else ""
        raise shape_error("class_weight", shape, expected + hint)
    assert layout.axis is not None
    return along(be.xp, value, layout.axis, len(layout.shape))


def _binary(be: Backend, layout: Layout, value: Array) -> Array:
    shape, rank = be.shape(value), len(layout.shape)
    if shape == (2,):
        return be.xp.reshape(value, (1,) * rank + (2,))
    if layout.axis is None or shape != (layout.classes, 2):
        labels = "no label axis" if layout.axis is None else f"{layout.classes} labels"
        raise shape_error(
            "class_weight", shape, f"(2,), or one (w0, w1) row per label; there are {labels}"
        )
    target = tuple(layout.classes if i == layout.axis else 1 for i in range(rank))
    return be.xp.reshape(value, (*target, 2))


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
