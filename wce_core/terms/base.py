"""The contract of a term."""

from typing import Protocol

from ..types import Array, Namespace


class Term(Protocol):
    """A penalty of each class as a function of its own log-probability. Stateless or frozen."""

    def penalty(self, xp: Namespace, log_p: Array) -> Array:
        """What mass 1 on a class of log-probability ``log_p`` costs; differentiable."""
        ...

    def slope(self, xp: Namespace, log_p: Array) -> Array | float:
        """∂penalty / ∂log_p, in closed form; a number where it is the same everywhere."""
        ...
