"""(1 − p^q) / q: between cross-entropy and 1 − p."""

from __future__ import annotations

from dataclasses import dataclass

from wce_core.arrays.numerics import complement_of_exp
from wce_core.formulas.terms.base import BoundedTerm, Term
from wce_core.formulas.terms.ranges import not_negative
from wce_core.scalars import number
from wce_core.types import Array, Namespace


@dataclass(frozen=True)
class Generalized(BoundedTerm):
    """(1 − p^q) / q, 0 where p is 1 or by a convention more. Never infinite."""

    q: float

    def penalty(self, xp: Namespace, surprisal: Array) -> Array:
        """(1 − e^(−q·s)) / q."""
        inner = -self.q * not_negative(xp, surprisal)
        return complement_of_exp(xp, inner) / self.q

    def slope(self, xp: Namespace, surprisal: Array) -> Array:
        """p^q."""
        return xp.where(surprisal < 0, 0.0, xp.exp(-self.q * surprisal))

    def bend(self, xp: Namespace, surprisal: Array) -> Array:
        """−q·p^q."""
        return -self.q * self.slope(xp, surprisal)


def generalized(q: float) -> Term:
    """The term; an error unless 0 < q ≤ 1."""
    own = float(number("q", q, "a number in (0, 1]"))
    if not 0.0 < own <= 1.0:
        raise ValueError(f"q is {own}; expected a number in (0, 1]")
    return Generalized(own)
