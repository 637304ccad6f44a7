"""An array framework of its own: boxes around NumPy arrays that NumPy's functions do not know."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np


class Box:
    """An array; ``like`` counts how many were made, to show that the losses really run on boxes."""

    made = 0

    def __init__(self, values: Any) -> None:
        self.values = np.asarray(values)
        Box.made += 1

    shape = property(lambda self: self.values.shape)
    dtype = property(lambda self: self.values.dtype)
    ndim = property(lambda self: self.values.ndim)
    device = property(lambda self: "cpu")

    def __getitem__(self, key: Any) -> Box:
        return Box(self.values[key])

    def __array__(self, *args: Any, **kwargs: Any) -> np.ndarray:
        raise TypeError("a box does not turn into a NumPy array by itself")


def _binary(function: Callable[[Any, Any], Any], swap: bool) -> Callable[[Box, Any], Box]:
    def method(self: Box, other: Any) -> Box:
        pair = (self.values, unboxed(other))
        return Box(function(*(reversed(pair) if swap else pair)))

    return method


def _unary(function: Callable[[Any], Any]) -> Callable[[Box], Box]:
    return lambda self: Box(function(self.values))


def unboxed(value: Any) -> Any:
    """The NumPy array of a box; lists and tuples item by item; anything else as it is."""
    if isinstance(value, (list, tuple)):
        return type(value)(unboxed(item) for item in value)
    return value.values if isinstance(value, Box) else value


for _name in ["add", "sub", "mul", "truediv", "pow", "and", "or", "xor"]:
    _function = getattr(operator, f"__{_name}__")
    setattr(Box, f"__{_name}__", _binary(_function, swap=False))
    setattr(Box, f"__r{_name}__", _binary(_function, swap=True))
for _name in ["eq", "ne", "lt", "le", "gt", "ge"]:
    setattr(Box, f"__{_name}__", _binary(getattr(operator, _name), swap=False))
for _name in ["neg", "invert"]:
    setattr(Box, f"__{_name}__", _unary(getattr(operator, _name)))
