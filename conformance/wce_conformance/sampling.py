"""Which vectors are seen where all of them would take too long: the same ones every time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol, TypeAlias
from zlib import crc32

from wce_conformance.vectors import Vector

Traits: TypeAlias = set[tuple[str, ...]]


class Named(Protocol):
    """A vector or a case."""

    @property
    def id(self) -> str:
        """Unique."""
        ...


def hashed(named: Named) -> int:
    """Told by the id, so that new ones hardly change which of the old ones are run."""
    return crc32(named.id.encode())


def in_sample(named: Named, one_in: int) -> bool:
    """Is it in a sample of one in so many?"""
    return hashed(named) % one_in == 0


def each(vector: Vector) -> Traits:
    """Its loss, its reduction and its weightings, each by itself."""
    return {(vector.loss,), *((option,) for option in _options(vector))}


def pairs(vector: Vector) -> Traits:
    """Its reduction and its weightings, as those of its loss."""
    return {(vector.loss, option) for option in _options(vector)}


def _options(vector: Vector) -> tuple[str, ...]:
    return (vector.reduction, *(vector.modes or ("unweighted",)))


def showing(traits: Callable[[Vector], Traits], vectors: Iterable[Vector]) -> frozenset[str]:
    """Ids: in the order of hashes, every vector with a trait that none before it had."""
    seen: Traits = set()
    found = set()
    for vector in sorted(vectors, key=hashed):
        if traits(vector) - seen:
            found.add(vector.id)
        seen |= traits(vector)
    return frozenset(found)
