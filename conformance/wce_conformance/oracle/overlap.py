"""How much of a region is missed: sums over its pixels, and the quotient that each loss makes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import NamedTuple

from wce_conformance.oracle.autodiff import Var, power, share, total
from wce_conformance.oracle.conventions import Chance
from wce_conformance.oracle.real import ONE, Real, mp


class Pixel(NamedTuple):
    """An item as one class sees it: ω, p with 1 − p, and the target mass t of the class.

    `rounded`: p is computed, and not a prediction as it stands.
    """

    weight: Var
    chance: Chance
    target: Var
    rounded: bool = True

    def positive(self) -> Var:
        """ω·p·t."""
        return self.weight * self.chance.p * self.target

    def negatives(self) -> tuple[Var, Var]:
        """ω·p·(1 − t) and ω·(1 − p)·t: of what is no target, and of what is missed."""
        false = self.chance.p * (Var(1) - self.target)
        return self.weight * false, self.weight * self.chance.rest * self.target

    def square(self) -> Var:
        """ω·(p − t)², where p − t is p·(1 − t) − (1 − p)·t."""
        p, rest = self.chance
        false, missed = p * (Var(1) - self.target), rest * self.target
        # Added, since an exact difference would need every digit of what tends to 0.
        error = false + -missed
        if not self.rounded:
            return self.weight * error * error
        # Of its slope, twice the error, each of the two terms is rounded.
        slopes = (error, 2 * false.value), (error, -2 * missed.value)
        return self.weight * Var(error.value**2, *slopes)

    def roughness(self) -> Real:
        """Σ |∂/∂p|·p of the square, whose p and 1 − p are each rounded."""
        p, rest, t, w = (
            v.value for v in (self.chance.p, self.chance.rest, self.target, self.weight)
        )
        return 2 * w * abs(p * (1 - t) - rest * t) * (abs(p * (1 - t)) + abs(rest * t))


@dataclass(frozen=True)
class Overlap:
    """A loss of a region: (N / (N + S + σ))^γ.

    N = `false`·FP + `missed`·FN, or Σ ω·(p − t)² if `squared`; S = `hits`·TP; σ is `smooth`.
    `generalized`: classes count by 1/T².
    """

    smooth: float
    false: float = 1.0
    missed: float = 1.0
    hits: float = 1.0
    gamma: float = 1.0
    squared: bool = False
    generalized: bool = False

    def __post_init__(self) -> None:
        if not (self.smooth >= 0 and isfinite(self.smooth)):
            raise ValueError(f"smooth: {self.smooth} is not a finite number from 0 on")
        sides = (self.false, self.missed)
        if not all(side >= 0 and isfinite(side) for side in sides) or not any(sides):
            raise ValueError(f"alpha, beta: {sides} are not two finite numbers from 0 on")
        if not 0 < self.gamma < float("inf"):
            raise ValueError(f"gamma: {self.gamma} is not a finite number above 0")

    def counted(self, pixels: Sequence[Pixel]) -> Counted:
        """The sums of one class."""
        hit = Var(self.hits) * total(pixel.positive() for pixel in pixels)
        present = total(pixel.weight * pixel.target for pixel in pixels)
        if self.squared:
            rough = sum((pixel.roughness() for pixel in pixels), mp.zero)
            return Counted(total(pixel.square() for pixel in pixels), hit, present, rough)
        pairs = [pixel.negatives() for pixel in pixels]
        false, missed = total(f for f, _ in pairs), total(m for _, m in pairs)
        wrong = Var(self.false) * false + Var(self.missed) * missed
        return Counted(wrong, hit, present, wrong.value)

    def loss(self, counted: Counted) -> Var:
        """Of the sums of a region. Where nothing is wrong, a power has no derivative."""
        missing = share(counted.wrong, counted.hit + Var(self.smooth))
        if self.gamma == 1:
            return missing
        return power(missing, Var(self.gamma)) if missing.value != 0 else Var(0)

    def steepness(self, counted: Counted) -> Real:
        """What a relative error of p and 1 − p comes to in the loss."""
        if not (counted.wrong.value > 0 and mp.isfinite(counted.rough)):
            return ONE
        return max(ONE, self.gamma * counted.rough / counted.wrong.value)


class Counted(NamedTuple):
    """N, S and T of a class or of a region, and what a relative error of p and 1 − p is of N."""

    wrong: Var
    hit: Var
    present: Var
    rough: Real

    def times(self, factor: Var) -> Counted:
        """Weighted; T is not."""
        return Counted(
            factor * self.wrong, factor * self.hit, self.present, abs(factor.value) * self.rough
        )


def together(classes: Sequence[Counted]) -> Counted:
    """The sums of several classes."""
    return Counted(
        total(own.wrong for own in classes),
        total(own.hit for own in classes),
        total(own.present for own in classes),
        sum((own.rough for own in classes), mp.zero),
    )


def by_size(classes: Sequence[Counted]) -> list[Counted]:
    """Each over T², a constant; without mass over the least T² of those with some, or over 1."""
    sizes = [own.present.value for own in classes]
    least = min((size for size in sizes if size != 0), default=ONE)
    inverse = [1 / (size or least) ** 2 for size in sizes]
    return [own.times(Var(factor)) for own, factor in zip(classes, inverse, strict=True)]
