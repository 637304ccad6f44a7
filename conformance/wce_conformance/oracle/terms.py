"""Terms: what a class costs, as a function of its own surprise −log p."""
# ruff: noqa: D102  # the class says what its methods are of

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from wce_conformance.oracle.autodiff import Var, backward, expm1, power
from wce_conformance.oracle.real import Real, mp, times


class Term(ABC):
    """The penalty of a class, and how much of an error of its surprise is found in it."""

    @abstractmethod
    def penalty(self, surprise: Var) -> Var:
        """What mass 1 on a class costs."""

    @abstractmethod
    def steepness(self, surprise: Real) -> Real:
        """How many relative errors of the surprise are one of the penalty, or of its slope.

        That is s·f′/f, or 1 + s·f″/f′ if that is more, and 1 at least: what rounding may cost.
        """

    def slope(self, surprise: Real) -> Real:
        """The magnitude of f′: what an absolute error of the surprise is multiplied with."""
        at = Var(surprise)
        backward(self.penalty(at))
        return abs(at.grad)


@dataclass(frozen=True)
class Surprise(Term):
    """The surprise itself: cross-entropy."""

    def penalty(self, surprise: Var) -> Var:
        return surprise

    def steepness(self, surprise: Real) -> Real:
        return mp.one


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
        """1 + γ·s·p/(1 − p), which is 1 + γ at p = 1."""
        if surprise <= 0 or mp.isinf(surprise):
            return mp.one
        return 1 + mp.mpf(self.gamma) * times(surprise, mp.exp(-surprise)) / -mp.expm1(-surprise)


SURPRISE = Surprise()
