"""−log p: the cross-entropy."""

from dataclasses import dataclass

from wce_core.types import Array, Namespace


@dataclass(frozen=True)
class NegativeLogLikelihood:
    """The surprisal itself, slope 1."""

    def penalty(self, xp: Namespace, surprisal: Array) -> Array:
        """−log p."""
        del xp
        return surprisal

    def slope(self, xp: Namespace, surprisal: Array) -> float:
        """1."""
        del xp, surprisal
        return 1.0

    def bend(self, xp: Namespace, surprisal: Array) -> float:
        """0."""
        del xp, surprisal
        return 0.0


NEGATIVE_LOG_LIKELIHOOD = NegativeLogLikelihood()
