"""−log p + ε·(1 − p): cross-entropy with another weight on the first of its powers of 1 − p."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from wce_core.arrays.numerics import complement_of_exp, excess_of_exp
from wce_core.formulas.terms.base import Term
from wce_core.formulas.terms.negative_log_likelihood import NEGATIVE_LOG_LIKELIHOOD
from wce_core.formulas.terms.ranges import not_negative
from wce_core.scalars import number
from wce_core.types import Array, Namespace


@dataclass(frozen=True)
class Poly:
    """−log p + ε·(1 − p), where 1 − p is 0 if a convention makes p more than 1.

    For ε < 0 it is (1 + ε)·s − ε·(s − (1 − p)), two numbers that are not negative.
    """

    epsilon: float

    def penalty(self, xp: Namespace, surprisal: Array) -> Array:
        """By s − (1 − p) = p − 1 + s, which has a series of its own, where they would cancel."""
        inner = -not_negative(xp, surprisal)
        if self.epsilon >= 0:
            return surprisal + self.epsilon * complement_of_exp(xp, inner)
        below = xp.where(surprisal < 0, surprisal, 0.0)
        value = -self.epsilon * (excess_of_exp(xp, inner) + below)
        return value if self.epsilon == -1 else value + (1.0 + self.epsilon) * surprisal

    def slope(self, xp: Namespace, surprisal: Array) -> Array:
        """1 + ε·p, or 1 where p is more than 1."""
        inner = -not_negative(xp, surprisal)
        if self.epsilon >= 0:
            steep = 1.0 + self.epsilon * xp.exp(inner)
        else:
            steep = (1.0 + self.epsilon) - self.epsilon * complement_of_exp(xp, inner)
        return xp.where(surprisal < 0, 1.0, steep)

    def bend(self, xp: Namespace, surprisal: Array) -> Array:
        """−ε·p, and 0 where p is more than 1."""
        steep = -self.epsilon * xp.exp(-not_negative(xp, surprisal))
        return xp.where(surprisal < 0, 0.0, steep)


def poly(epsilon: float) -> Term:
    """The term, which for ε = 0 is that of the cross-entropy; an error unless ε is from −1 on."""
    own = float(number("epsilon", epsilon, "a finite number from -1 on"))
    if not -1.0 <= own < inf:
        raise ValueError(f"epsilon is {own}; expected a finite number from -1 on")
    return Poly(own) if own else NEGATIVE_LOG_LIKELIHOOD
