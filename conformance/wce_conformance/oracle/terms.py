"""Terms: what a class costs, as a function of its own surprise −log p."""
# ruff: noqa: D102  # the class says what its methods are of

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from wce_conformance.oracle.autodiff import Var, backward, exp, expm1, log, power
from wce_conformance.oracle.real import INF, Real, mp


class Term(ABC):
    """The penalty f of a class, and how much of an error of its surprise s is found in it."""

    @abstractmethod
    def penalty(self, surprise: Var) -> Var:
        """What mass 1 on a class costs."""

    def slope(self, surprise: Real) -> Real:
        """The magnitude of f′: what an absolute error of the surprise is multiplied with."""
        at = Var(surprise)
        backward(self.penalty(at))
        return abs(at.grad)

    def steepness(self, surprise: Real) -> Real:
        """s·f′/f, and 1 at least: what a relative error of the surprise is multiplied with in f."""
        value = abs(self.penalty(Var(surprise)).value)
        if not 0 < surprise < INF or not 0 < value < INF:
            return mp.one
        return max(mp.one, surprise * self.slope(surprise) / value)

    def bend(self, surprise: Real) -> Real:
        """1 + |s·f″/f′|, and the steepness at least: the same in f′ times a slope of s."""
        steepness = self.steepness(surprise)
        if not 0 < surprise < INF or not 0 < self.slope(surprise) < INF:
            return steepness
        change = mp.diff(lambda power: mp.log(self.slope(mp.exp(power))), mp.log(surprise))
        return max(steepness, 1 + abs(change))


@dataclass(frozen=True)
class Surprise(Term):
    """The surprise itself: cross-entropy."""

    def penalty(self, surprise: Var) -> Var:
        return surprise

    def steepness(self, surprise: Real) -> Real:
        return mp.one

    def bend(self, surprise: Real) -> Real:
        return mp.one


def of_power(gamma: float) -> Real:
    """1 + γ/8: of 4 eps, γ/2 are what a power inherits of the rounding of its base."""
    return 1 + mp.mpf(gamma) / 8


@dataclass(frozen=True)
class Focal(Term):
    """(1 − p)^γ · −log p. Where p is 1, or by a convention more, it is 0; for γ = 0 never."""

    gamma: float

    def __post_init__(self) -> None:
        if not 0 <= self.gamma < float("inf"):
            raise ValueError(f"gamma: {self.gamma} is not a finite number from 0 on")

    def penalty(self, surprise: Var) -> Var:
        if self.gamma == 0:
            return surprise
        if surprise.value <= 0:
            return Var(0)
        return power(-expm1(-surprise), Var(self.gamma)) * surprise

    def steepness(self, surprise: Real) -> Real:
        return max(super().steepness(surprise), of_power(self.gamma))


@dataclass(frozen=True)
class Poly(Term):
    """−log p + ε·(1 − p), for ε ≥ −1. Where a convention makes p more than 1, 1 − p is 0."""

    epsilon: float

    def __post_init__(self) -> None:
        if not -1 <= self.epsilon < float("inf"):
            raise ValueError(f"epsilon: {self.epsilon} is not a finite number from -1 on")

    def penalty(self, surprise: Var) -> Var:
        s, epsilon = surprise.value, mp.mpf(self.epsilon)
        if s < 0 or mp.isinf(s):
            return Var(s, (surprise, mp.one))
        if s and -mp.mag(s) > mp.prec + 10:  # of e^(-1e30) no precision has the digits
            tiny = s * (1 + epsilon) - epsilon * s * s / 2
            return Var(tiny, (surprise, (1 + epsilon) - epsilon * s))
        # Of s − (1 − p), which is s²/2 near 0, the digits of s are needed twice.
        with mp.workprec(mp.prec + 2 * max(0, -mp.mag(s)) + 10 if s else mp.prec):
            value, slope = s - epsilon * mp.expm1(-s), 1 + epsilon * mp.exp(-s)
        return Var(value, (surprise, slope))


@dataclass(frozen=True)
class Generalized(Term):
    """(1 − p^q)/q, for 0 < q ≤ 1. Where p is 1, or by a convention more, it is 0."""

    q: float

    def __post_init__(self) -> None:
        if not 0 < self.q <= 1:
            raise ValueError(f"q: {self.q} is not in (0, 1]")

    def penalty(self, surprise: Var) -> Var:
        if surprise.value < 0:
            return Var(0)
        return -expm1(-Var(self.q) * surprise) / Var(self.q)


@dataclass(frozen=True)
class Shifted(Term):
    """u^γ·(−log(1 − u)) with u = max(1 − p − m, 0): a class that is likely enough costs nothing."""

    gamma: float
    margin: float

    def __post_init__(self) -> None:
        Focal(self.gamma)
        if not 0 <= self.margin < 1:
            raise ValueError(f"margin: {self.margin} is not in [0, 1)")

    def penalty(self, surprise: Var) -> Var:
        if self.margin == 0:
            return Focal(self.gamma).penalty(surprise)
        if surprise.value < self.margin:  # which 1 − p is below, be it too small to be subtracted
            return Var(0)
        u = -expm1(-surprise) - Var(self.margin)
        if u.value <= 0:
            return Var(0)
        return power(u, Var(self.gamma)) * -log(exp(-surprise) + Var(self.margin))

    def steepness(self, surprise: Real) -> Real:
        return max(super().steepness(surprise), of_power(self.gamma))


SURPRISE = Surprise()
