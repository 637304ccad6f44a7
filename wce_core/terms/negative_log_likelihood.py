"""−log p: the cross-entropy."""

from dataclasses import dataclass

from ..types import Array, Namespace


@dataclass(frozen=True)
class NegativeLogLikelihood:
    """penalty(log p) = −log p, slope −1."""

    def penalty(self, xp: Namespace, log_p: Array) -> Array:
        """−log p."""
        del xp
        return -log_p

    def slope(self, xp: Namespace, log_p: Array) -> Array:
        """−1."""
        return xp.full_like(log_p, -1.0)


NEGATIVE_LOG_LIKELIHOOD = NegativeLogLikelihood()
