"""What the runner asks of an implementation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

from wce_conformance.adapters.base import Outcome
from wce_conformance.vectors import Vector

if TYPE_CHECKING:
    import numpy as np


class Answer(NamedTuple):
    """An :class:`Outcome` with gradients to further arguments, by name."""

    value: Any
    gradient: np.ndarray | None
    gradients: Mapping[str, np.ndarray] = {}


class Refused(NamedTuple):
    """The call ended in an error: right for an invalid vector, wrong for any other."""

    error: str
    message: str = ""


class NotOffered(NamedTuple):
    """The implementation has no such thing, which is neither right nor wrong."""

    reason: str = ""


Given: TypeAlias = Outcome | Answer | Refused | NotOffered


class Implementation(Protocol):
    """A library on one framework.

    ``routes``: ways to call it, such as "eager" and "compiled". ``precisions``: "native", and
    "exact" if it promises identical bits. ``sampled``: for routes too slow for every vector, one
    in how many is run. ``repeated``: routes on which items are repeated, because a compiler has
    other code for many numbers than for few.
    """

    name: str
    version: str
    routes: tuple[str, ...]
    precisions: tuple[str, ...]
    sampled: Mapping[str, int]
    repeated: tuple[str, ...]

    def offers(self, vector: Vector) -> bool:
        """Does it have the loss, the weighting modes and the dtypes of the vector?"""
        ...

    def run(self, vector: Vector, route: str, precision: str) -> Given:
        """The answer to a vector; an exception is a failure, and names itself."""
        ...
