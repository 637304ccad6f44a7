"""A focal penalty of a probability that is shifted, and the two terms of asymmetric loss."""

from __future__ import annotations

from dataclasses import dataclass

from wce_core.arrays.numerics import complement_of_exp, log_of
from wce_core.arrays.powers import fixed_power
from wce_core.formulas.terms.base import BoundedTerm, Sides
from wce_core.formulas.terms.focal import focal
from wce_core.formulas.terms.ranges import not_negative, within
from wce_core.scalars import number
from wce_core.types import Array, Namespace


@dataclass(frozen=True)
class Shifted(BoundedTerm):
    """u^γ·(−log(1 − u)) with u = max(1 − p − m, 0): a class that is likely enough costs nothing.

    p is the probability of the class itself; what is shifted is that of the other one.
    """

    gamma: float
    margin: float

    def penalty(self, xp: Namespace, surprisal: Array) -> Array:
        """0 where u is; of u next to 1, 1 − u is p + m, of which nothing is lost."""
        nothing, beyond, rest = self._shifted(xp, surprisal)
        value = fixed_power(xp, beyond, self.gamma) * (0.0 - log_of(xp, rest, -beyond))
        return xp.where(nothing, 0.0, value)

    def slope(self, xp: Namespace, surprisal: Array) -> Array:
        """p·u^γ·(1/(1 − u) + γ·(−log(1 − u))/u), and 0 where u is."""
        nothing, beyond, rest = self._shifted(xp, surprisal)
        relative = 1.0 / rest
        if self.gamma:
            relative = relative + self.gamma * (0.0 - log_of(xp, rest, -beyond)) / beyond
        steep = xp.exp(-within(xp, surprisal)) * fixed_power(xp, beyond, self.gamma) * relative
        return xp.where(nothing, 0.0, steep)

    def bend(self, xp: Namespace, surprisal: Array) -> Array:
        """p²·u^γ·(γ·(γ − 1)·L/u² + 2γ/(u·(1 − u)) + 1/(1 − u)²) less the slope, L = −log(1 − u)."""
        nothing, beyond, rest = self._shifted(xp, surprisal)
        p, power = xp.exp(-within(xp, surprisal)), fixed_power(xp, beyond, self.gamma)
        relative = 1.0 / (rest * rest)
        if self.gamma:
            cost = (0.0 - log_of(xp, rest, -beyond)) / beyond
            more = (self.gamma - 1.0) * cost + 2.0 / rest
            relative = relative + self.gamma * more / beyond
        steep = p * p * power * relative
        return xp.where(nothing, 0.0, steep - self.slope(xp, surprisal))

    def _shifted(self, xp: Namespace, surprisal: Array) -> tuple[Array, Array, Array]:
        """Where u is 0, u, by the smaller one of p and 1 − p, and 1 − u."""
        inner = -within(xp, not_negative(xp, surprisal))
        p = xp.exp(inner)
        likely = complement_of_exp(xp, inner) - self.margin
        beyond = xp.where(p < 0.5, (1.0 - self.margin) - p, likely)
        nothing = beyond < float(xp.finfo(surprisal.dtype).smallest_normal)
        rest = p + self.margin
        return nothing, xp.where(nothing, 0.5, beyond), xp.where(nothing, 0.5, rest)


def asymmetric(gamma_positive: float, gamma_negative: float, margin: float) -> Sides:
    """The terms of class 1 and of class 0; an error for a γ below 0 and a margin outside [0, 1)."""
    one = focal(gamma_positive, name="gamma_positive")
    zero = focal(gamma_negative, name="gamma_negative")
    own = float(number("margin", margin, "a number in [0, 1)"))
    if not 0.0 <= own < 1.0:
        raise ValueError(f"margin is {own}; expected a number in [0, 1)")
    if not own:
        return Sides(one, zero)
    power = float(number("gamma_negative", gamma_negative, "a finite number from 0 on"))
    return Sides(one, Shifted(power, own))
