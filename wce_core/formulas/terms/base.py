"""The contract of a term."""

from typing import Protocol, runtime_checkable

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
