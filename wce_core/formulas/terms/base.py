"""The contract of a term."""

from dataclasses import dataclass
from typing import Protocol, TypeAlias, runtime_checkable

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


@dataclass(frozen=True)
class Sides:
    """A term for each class of a binary loss."""

    one: Term
    zero: Term


AnyTerm: TypeAlias = Term | Sides


def sides(term: AnyTerm) -> Sides:
    """The terms of class 1 and of class 0."""
    return term if isinstance(term, Sides) else Sides(term, term)


def bounded(term: AnyTerm) -> bool:
    """Is no penalty infinite? A term says so by an attribute of this name."""
    return getattr(term, "bounded", False)
