"""The contract of a term."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, runtime_checkable

from wce_core.arrays.chance import Chance
from wce_core.arrays.ops import ArrayOps
from wce_core.types import Array, Namespace


class Term(Protocol):
    """A penalty of each class as a function of its own −log p. Stateless or frozen.

    One that also has ``bend(xp, surprisal)``, ∂²penalty / ∂surprisal², has second derivatives
    (:class:`Bent`). Without it there is only their positive surrogate.
    """

    def penalty(self, xp: Namespace, surprisal: Array) -> Array:
        """What mass 1 on a class of −log p = ``surprisal`` costs; differentiable."""
        ...

    def slope(self, xp: Namespace, surprisal: Array) -> Array | float:
        """∂penalty / ∂surprisal, in closed form; a number where it is the same everywhere."""
        ...


@runtime_checkable
class Bent(Term, Protocol):
    """A term whose second derivative is known."""

    def bend(self, xp: Namespace, surprisal: Array) -> Array | float:
        """∂²penalty / ∂surprisal², in closed form; a number where it is the same everywhere."""
        ...


class ClosedTerm(ABC):
    """A term that saves closed forms of logits the work of finding p and 1 − p again.

    Surprisals are from 0 on, and nothing is differentiated.
    """

    @abstractmethod
    def penalty_at(self, ops: ArrayOps, surprisal: Array, chance: Chance) -> Array:
        """The penalty."""

    @abstractmethod
    def slope_at(self, ops: ArrayOps, surprisal: Array, chance: Chance) -> Array:
        """Its slope."""


class BoundedTerm:
    """A term of which no penalty is infinite."""


@dataclass(frozen=True)
class Sides:
    """A term for each class of a binary loss."""

    one: Term
    zero: Term


AnyTerm: TypeAlias = Term | Sides


def sides(term: AnyTerm) -> Sides:
    """The terms of class 1 and of class 0."""
    return term if isinstance(term, Sides) else Sides(term, term)


def bends(term: AnyTerm) -> bool:
    """Is its second derivative known?"""
    both = sides(term)
    return isinstance(both.one, Bent) and isinstance(both.zero, Bent)


def penalty_of(ops: ArrayOps, term: Term, rows: Any, surprisal: Array) -> Array:
    """The penalty of a surprisal that these rows gave."""
    if isinstance(term, ClosedTerm) and hasattr(rows, "chance_of"):
        return term.penalty_at(ops, surprisal, rows.chance_of(surprisal))
    return term.penalty(ops.xp, surprisal)


def slope_of(ops: ArrayOps, term: Term, rows: Any, surprisal: Array) -> Array | float:
    """The slope at a surprisal that these rows gave."""
    if isinstance(term, ClosedTerm) and hasattr(rows, "chance_of"):
        return term.slope_at(ops, surprisal, rows.chance_of(surprisal))
    return term.slope(ops.xp, surprisal)
