"""Weights of configured losses: made immutable and comparable."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from weakref import WeakValueDictionary

import numpy as np

_UNCHANGING: WeakValueDictionary[int, np.ndarray] = WeakValueDictionary()
"""Those of all constants that exist, by identity: arrays cannot be hashed."""


def is_frozen(array: np.ndarray) -> bool:
    """Is it that of a :class:`Constant`, which nobody writes to?"""
    return not array.flags.writeable and _UNCHANGING.get(id(array)) is array


class Constant:
    """Numbers that do not change, compared by value: what is known of them once stays true."""

    __slots__ = ("numbers",)

    def __init__(self, numbers: Any) -> None:
        if isinstance(numbers, np.ndarray) and is_frozen(numbers):
            self.numbers = numbers
            return
        own = np.array(numbers)
        # Compilers know no array of NumPy whose dtype is another package's.
        self.numbers = own.astype(np.float32) if own.dtype.name == "bfloat16" else own
        self.numbers.flags.writeable = False
        _UNCHANGING[id(self.numbers)] = self.numbers

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Constant) and np.array_equal(self.numbers, other.numbers)

    def __hash__(self) -> int:
        # −0 + 0 is 0, which it equals; their bytes differ.
        return hash((self.numbers.shape, (self.numbers.astype(np.float64) + 0.0).tobytes()))

    def __reduce__(self) -> Any:
        return Constant, (self.numbers,)  # a copy of it is writeable, and known to nobody

    def __repr__(self) -> str:
        return repr(self.numbers.tolist())


class ConstantMapping:
    """A mapping that does not change, compared by value."""

    __slots__ = ("items",)

    def __init__(self, mapping: Mapping[Any, Any]) -> None:
        self.items = MappingProxyType({key: freeze(value) for key, value in mapping.items()})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ConstantMapping) and dict(self.items) == dict(other.items)

    def __hash__(self) -> int:
        return hash(frozenset(self.items.items()))

    def __reduce__(self) -> Any:
        return ConstantMapping, (dict(self.items),)

    def __repr__(self) -> str:
        return repr(dict(self.items))


class ArrayReference:
    """Another framework's array, as it is, so that gradients still flow to it; by identity."""

    __slots__ = ("array",)

    def __init__(self, array: Any) -> None:
        self.array = array

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ArrayReference) and self.array is other.array

    def __hash__(self) -> int:
        return id(self.array)

    def __reduce__(self) -> Any:
        return ArrayReference, (self.array,)

    def __repr__(self) -> str:
        return repr(self.array)


def freeze(weight: Any) -> Any:
    """The weight, so that it can neither change nor fail to compare.

    Nothing is looked at: what JAX puts in the place of arrays is no array.
    """
    if weight is None or isinstance(
        weight, (bool, int, float, str, np.generic, Constant, ConstantMapping, ArrayReference)
    ):
        return weight
    if isinstance(weight, Mapping):
        return ConstantMapping(weight)
    if isinstance(weight, (np.ndarray, list, tuple)):
        return Constant(weight)
    return ArrayReference(weight)


def unfreeze(weight: Any) -> Any:
    """What :func:`freeze` was given, as the losses take it."""
    if isinstance(weight, Constant):
        return weight.numbers
    if isinstance(weight, ConstantMapping):
        return {key: unfreeze(value) for key, value in weight.items.items()}
    return weight.array if isinstance(weight, ArrayReference) else weight
