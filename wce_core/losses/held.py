"""What is wrong of a configured loss whatever arrays it is called with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from wce_core.call.companions import weight_array
from wce_core.evaluation.options import Options, check_classes, checked_options
from wce_core.formulas.layout import Layout, Shape
from wce_core.formulas.weightings import WEIGHTINGS
from wce_core.formulas.weightings.balanced import is_balanced
from wce_core.frameworks.backend import Backend
from wce_core.frameworks.registry import backend_of, numpy_backend
from wce_core.interchange import by_class
from wce_core.types import Array

Shapes = dict[str, Shape]


def checked(options: Options, weights: Mapping[str, Any]) -> dict[str, Any]:
    """The weights as they are held; TypeError or ValueError for what no call makes right."""
    options = checked_options(options)
    if is_balanced(weights.get("class_weight")):
        weights = {name: weight for name, weight in weights.items() if name != "class_weight"}
    weights = {name: by_class(w) if name == "class_weight" else w for name, w in weights.items()}
    owners = {name: _owner(value) for name, value in weights.items()}
    arrays = {name: _array(options, *owners[name], name, value) for name, value in weights.items()}
    shapes = {name: owners[name][0].shape(array) for name, array in arrays.items()}
    if options.categorical and shapes:
        check_classes(options, _classes(shapes))
    for name, array in arrays.items():
        _check(owners[name][0], options, shapes, name, array)
    return {name: _held(value, arrays[name]) for name, value in weights.items()}


def _owner(value: Any) -> tuple[Backend, Array]:
    """The backend that a weight belongs to, and an array of it."""
    for own in value.values() if isinstance(value, Mapping) else (value,):
        backend = backend_of(own)
        if backend is not None:
            return backend, own
    return numpy_backend(), np.zeros(())


def _array(options: Options, be: Backend, like: Array, name: str, value: Any) -> Array:
    classes = len(value) if options.categorical and isinstance(value, Mapping) else 2
    with be.scope():
        return weight_array(be, like, name, value, classes)


def _held(value: Any, array: Array) -> Any:
    """What NumPy made an array of, as that; numbers, by class too, and arrays as they are."""
    plain = isinstance(value, (bool, int, float, np.generic, Mapping))
    return array if isinstance(array, np.ndarray) and not plain else value


def _check(be: Backend, options: Options, shapes: Shapes, name: str, array: Array) -> None:
    if None in shapes[name]:  # of a graph that is traced
        return
    layout = _layout(options, shapes, name)
    with be.scope():
        laid = WEIGHTINGS[name].prepare(be, layout, array)
        if options.validate is not False and be.readable(laid):
            WEIGHTINGS[name].check(layout, be.to_numpy(laid), None)


def _layout(options: Options, shapes: Shapes, name: str) -> Layout:
    """That of predictions which the weights fit, if there are any."""
    own = shapes[name]
    if options.categorical:
        return Layout.of((_classes(shapes),), 0, categorical=True)
    if name == "pos_weight" and len(own) > 1:
        return Layout.of(own, len(own) - 1, categorical=False)
    per_label = (s[0] for n, s in shapes.items() if len(s) == 1 + (n == "class_weight"))
    return Layout.of((1, next(per_label, 1) or 1), 1, categorical=False)


def _classes(shapes: Shapes) -> int:
    return next((shape[0] for shape in shapes.values() if shape), 1) or 1
