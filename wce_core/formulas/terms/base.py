"""The contract of a term."""

from typing import Protocol

from wce_core.types import Array, Namespace


class Term(Protocol):
    """A penalty of each class as a function of its own −log p. Stateless or frozen."""

    def penalty(self, xp: Namespace, surprisal: Array) -> Array:
        """What mass 1 on a class of −log p = ``surprisal`` costs; differentiable."""
        ...

    def slope(self, xp: Namespace, surprisal: Array) -> Array | float:
        """∂penalty / ∂surprisal, in closed form; a number where it is the same everywhere."""
        ...
