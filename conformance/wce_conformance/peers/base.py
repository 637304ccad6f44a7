"""What the adapters of other libraries share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from wce_conformance.implementation import Answer, Given
from wce_conformance.oracle import Conventions
from wce_conformance.peers.asked import CROSS_ENTROPIES, Asked
from wce_conformance.vectors import Vector


class Peer(ABC):
    """An :class:`~wce_conformance.implementation.Implementation` by a library's own losses.

    It may lay data out as the library wants it (move an axis, add one of length 1, convert a
    dtype where that changes no value), but computes nothing itself: a call that takes more than
    the library's own arguments is not offered. Neither are the calls to be refused: their errors
    are wce_core's.
    """

    name: str
    version: str
    notes: tuple[str, ...] = ()
    routes: tuple[str, ...] = ("eager",)
    precisions: tuple[str, ...] = ("native",)
    sampled: Mapping[str, int] = {}
    repeated: tuple[str, ...] = ()
    dtypes: frozenset[str] = frozenset({"float64", "float32", "float16", "bfloat16"})

    def offers(self, vector: Vector) -> bool:
        """Do the library's own arguments say what the vector asks for?"""
        if vector.error is not None or vector.dtype not in self.dtypes:
            return False
        if vector.loss not in CROSS_ENTROPIES:
            return False
        asked = Asked(vector)
        if isinstance(vector.options.get("form"), Conventions):
            return False
        if vector.reduction == "parts" or not self.empty_is_said(asked):
            return False
        return self.binary(asked) if asked.binary else self.multiclass(asked)

    def run(self, vector: Vector, route: str, precision: str) -> Given:
        """Value and gradient by the library's own way."""
        del route, precision
        return Answer(*self.answer(Asked(vector)))

    @abstractmethod
    def empty_is_said(self, asked: Asked) -> bool:
        """A mean of nothing is what the library says."""

    @abstractmethod
    def multiclass(self, asked: Asked) -> bool:
        """Is this call of `cross_entropy` offered?"""

    @abstractmethod
    def binary(self, asked: Asked) -> bool:
        """Is this call of `binary_cross_entropy` offered?"""

    @abstractmethod
    def answer(self, asked: Asked) -> tuple[Any, Any]:
        """(value, gradient to the predictions or None), as NumPy arrays."""
