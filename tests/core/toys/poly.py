"""A loss that somebody else writes: the first two terms of PolyLoss (Leng et al., ICLR 2022)."""

from __future__ import annotations

from dataclasses import dataclass

from wce_core.losses import binary_loss, categorical_loss
from wce_core.types import Array, Namespace


@dataclass(frozen=True)
class Poly:
    """−log p + ε·(1 − p)."""

    epsilon: float

    def penalty(self, xp: Namespace, surprisal: Array) -> Array:
        return surprisal + self.epsilon * (1.0 - xp.exp(-surprisal))

    def slope(self, xp: Namespace, surprisal: Array) -> Array:
        return 1.0 + self.epsilon * xp.exp(-surprisal)


poly_cross_entropy = categorical_loss(Poly(2.0))
binary_poly_cross_entropy = binary_loss(Poly(2.0))
