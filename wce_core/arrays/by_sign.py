"""Steps of binary losses by e^−|x| and the sign of x: where a selection costs little."""

from __future__ import annotations

from typing import Any

from wce_core.types import Array

from .ops import ArrayOps


class BySign(ArrayOps):
    """There is one exponential, and it does not overflow."""

    def softplus(self, array: Array) -> tuple[Array, Any]:
        """By the sign that is kept."""
        _, above, state = self.both_softplus(array)
        return above, state

    def both_softplus(self, array: Array) -> tuple[Array, Array, Any]:
        """By the sign that is kept."""
        log_sum, (decay, positive) = self.log_sum(array)
        where = self.xp.where
        below = log_sum - where(positive, 0.0, array)
        return below, where(positive, array, 0.0) + log_sum, (decay, positive)

    def log_sum(self, array: Array) -> tuple[Array, Any]:
        """By e^−|x| alone."""
        decay, positive = self._state(array)
        return self._log1p_up_to_one(decay), (decay, positive)

    def sigmoids(self, state: Any) -> tuple[Array, Array]:
        """Of the sign that was kept."""
        decay, positive = state
        large = self._reciprocal_up_to_one(decay)
        small = decay * large
        where = self.xp.where
        return where(positive, large, small), where(positive, small, large)

    def _state(self, array: Array) -> tuple[Array, Array]:
        """e^−|x|, and whether x is not negative."""
        return self.xp.exp(0.0 - self.xp.abs(array)), array >= 0

    def _log1p_up_to_one(self, u: Array) -> Array:
        """log(1 + u) of 0 ≤ u ≤ 1."""
        return self.xp.log1p(u)

    def _reciprocal_up_to_one(self, u: Array) -> Array:
        """1 / (1 + u) of 0 ≤ u ≤ 1."""
        return 1.0 / (1.0 + u)
