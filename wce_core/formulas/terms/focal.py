"""(1 − p)^γ · −log p: what is right already counts for less."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from wce_core.arrays.chance import Chance
from wce_core.arrays.numerics import complement_of_exp
from wce_core.arrays.ops import ArrayOps
from wce_core.arrays.powers import fixed_power
from wce_core.formulas.terms.base import ClosedTerm, Term
from wce_core.formulas.terms.negative_log_likelihood import NEGATIVE_LOG_LIKELIHOOD
from wce_core.formulas.terms.ranges import FAR, certain, within
from wce_core.scalars import number
from wce_core.types import Array, Namespace


@dataclass(frozen=True)
class Focal(ClosedTerm):
    """(1 − p)^γ of the surprisal; 0 where p is 1, or by a convention more."""

    gamma: float

    def penalty(self, xp: Namespace, surprisal: Array) -> Array:
        """The surprisal itself where p is 0, so that no infinity is multiplied by a slope of 0."""
        right, far = certain(xp, surprisal), surprisal > FAR
        inner = xp.where(right | far, 1.0, surprisal)
        value = fixed_power(xp, complement_of_exp(xp, -inner), self.gamma) * inner
        return xp.where(far, surprisal, xp.where(right, 0.0, value))

    def slope(self, xp: Namespace, surprisal: Array) -> Array:
        """(1 − p)^γ·(1 + γ·p·s / (1 − p)), in which no power is negative."""
        right = certain(xp, surprisal)
        inner = within(xp, xp.where(right, 1.0, surprisal))
        rest = complement_of_exp(xp, -inner)
        odds = inner * xp.exp(-inner) / rest
        steep = fixed_power(xp, rest, self.gamma) * (1.0 + self.gamma * odds)
        return xp.where(right, 0.0, steep)

    def bend(self, xp: Namespace, surprisal: Array) -> Array:
        """γ·(1 − p)^γ·(p/(1 − p)·(2 + (γ − 1)·o) − o), o = s·p/(1 − p); 0 where p is 1.

        There it is infinite for γ below 1, and multiplied by a slope of 0 of the surprisal.
        """
        right = certain(xp, surprisal)
        inner = within(xp, xp.where(right, 1.0, surprisal))
        rest = complement_of_exp(xp, -inner)
        odds = xp.exp(-inner) / rest
        own = inner * odds
        bent = odds * (2.0 + (self.gamma - 1.0) * own) - own
        return xp.where(right, 0.0, self.gamma * fixed_power(xp, rest, self.gamma) * bent)

    def penalty_at(self, ops: ArrayOps, surprisal: Array, chance: Chance) -> Array:
        """(1 − p)^γ·s."""
        if self.gamma == 1.0:
            return chance.rest * surprisal
        power = fixed_power(ops.xp, chance.rest, self.gamma)
        return ops.in_place(ops.xp.multiply, power, surprisal)

    def slope_at(self, ops: ArrayOps, surprisal: Array, chance: Chance) -> Array:
        """(1 − p)^(γ − 1)·(1 − p + γ·p·s); for γ < 1 as ever."""
        xp, rest = ops.xp, chance.rest
        if self.gamma < 1.0:
            odds = ops.in_place(xp.multiply, ops.at_most(surprisal, FAR), chance.p)
            odds = ops.in_place(xp.multiply, odds, self.gamma)
            inner = xp.where(rest == 0, 1.0, rest)
            return fixed_power(xp, rest, self.gamma) * (1.0 + odds / inner)
        power = fixed_power(xp, rest, self.gamma - 1.0)
        return ops.focal_slope(surprisal, chance, power, self.gamma, FAR)


def focal(gamma: float, *, name: str = "gamma") -> Term:
    """The term, which for γ = 0 is that of the cross-entropy; an error unless γ is from 0 on."""
    own = float(number(name, gamma, "a finite number from 0 on"))
    if not 0.0 <= own < inf:
        raise ValueError(f"{name} is {own}; expected a finite number from 0 on")
    return Focal(own) if own else NEGATIVE_LOG_LIKELIHOOD
