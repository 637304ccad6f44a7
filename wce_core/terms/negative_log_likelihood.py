"""−log p: the cross-entropy."""

from dataclasses import dataclass

from ..types import Array, Namespace


@dataclass(frozen=True)
class NegativeLogLikelihood:
    """penalty(log p) = −log p, slope −1."""

    def penalty(self, xp: Namespace, log_p: Array) -> Array:
        """−log p."""
        del xp
        return 0.0 - log_p  # a certain item costs 0, not -0

    def slope(self, xp: Namespace, log_p: Array) -> float:
        """−1."""
        del xp, log_p
        return -1.0


NEGATIVE_LOG_LIKELIHOOD = NegativeLogLikelihood()
