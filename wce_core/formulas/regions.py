"""Region losses: how well a whole region is covered, as a ratio of sums over its items.

Of a region, TP = Σ ω·p·t, FP = Σ ω·p·(1 − t) and FN = Σ ω·(1 − p)·t. A loss is N / (N + S + σ) of
its mistakes N and of what is right, S. It is one minus an index such as Dice's, written so that
nothing cancels where a region is nearly right.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from sys import float_info
from typing import Any, NamedTuple

from wce_core.errors import choice_error
from wce_core.scalars import number
from wce_core.types import Absent, Per, TargetKind, Together


@dataclass(frozen=True)
class Ratio:
    """N and S in terms of TP, FP and FN: N = α·FP + β·FN, S = r·TP."""

    false_positive: float = 1.0
    """α."""
    false_negative: float = 1.0
    """β."""
    right: float = 1.0
    """r."""
    exponent: float = 1.0
    """γ: the ratio is raised to it."""
    squared: bool = False
    """N = Σ ω·(p − t)²."""
    balanced: bool = False
    """Sums of a class are divided by (Σ ω·t)²."""


@dataclass(frozen=True)
class Lovasz:
    """The Lovász extension of Jaccard loss."""


class Region(NamedTuple):
    """What a region is, and its loss: all of it static."""

    measure: Ratio | Lovasz
    per: Per
    classes: Together
    smooth: float
    absent: Absent
    axis: int | None = None
    """The axis of classes or labels that stand apart; None: there is none."""
    samples: int | None = None
    """The axis of samples that stand apart."""

    @property
    def targets(self) -> TargetKind:
        """What its dense targets are."""
        return "shares" if isinstance(self.measure, Ratio) else "labels"

    @property
    def kept(self) -> tuple[int, ...]:
        """The axes of predictions along which there are sums, in their order in the result."""
        kept = (axis for axis in (self.samples, self.axis) if axis is not None)
        return tuple(dict.fromkeys(kept))

    def check_parts(self) -> None:
        """Sums of batches may be added up where they are of the same regions."""
        if not isinstance(self.measure, Ratio):
            raise ValueError("reduction='parts' of a Lovász loss, which sorts; it has no sums")
        if self.per != "batch":
            raise ValueError(
                "reduction='parts' with per='sample': samples of other batches are other regions; "
                "expected per='batch'"
            )


CHOICES: dict[str, tuple[Any, ...]] = {
    "per": ("sample", "batch"),
    "classes": ("apart", "together"),
    "absent": ("count", "zero", "skip"),
}
REDUCTIONS = ("none", "sum", "mean", "weighted_mean", "parts")


def region(
    measure: Ratio | Lovasz, per: Per, classes: Together, smooth: float, absent: Absent
) -> Region:
    """Checked; an error for what no array makes right."""
    for name, value in (("per", per), ("classes", classes), ("absent", absent)):
        if value not in CHOICES[name]:
            raise choice_error(name, value, CHOICES[name])
    if isinstance(measure, Ratio) and measure.balanced and classes == "apart":
        raise ValueError("classes='apart': generalized Dice loss is of classes together")
    return Region(measure, per, classes, _smooth(smooth), absent)


def _smooth(value: Any) -> float:
    """Not a subnormal number, by which no quotient can be divided."""
    own = not_negative("smooth", value)
    if 0.0 < own < float_info.min:
        raise ValueError(f"smooth is {own}; expected 0 or a number from {float_info.min:.3g} on")
    return own


def dice(*, squared: bool = False) -> Ratio:
    """(FP + FN) / (2·TP + FP + FN), or of squares."""
    return Ratio(right=2.0, squared=flag("squared", squared))


def jaccard(*, squared: bool = False) -> Ratio:
    """(FP + FN) / (TP + FP + FN), or of squares."""
    return Ratio(squared=flag("squared", squared))


def tversky(alpha: float, beta: float, gamma: float = 1.0) -> Ratio:
    """((α·FP + β·FN) / (TP + α·FP + β·FN))^γ."""
    weights = not_negative("alpha", alpha), not_negative("beta", beta)
    if not any(weights):
        raise ValueError("alpha and beta are 0; expected a mistake that counts")
    own = not_negative("gamma", gamma)
    if not own:
        raise ValueError("gamma is 0; expected a finite number above 0")
    return Ratio(*weights, exponent=own)


def generalized_dice() -> Ratio:
    """Dice of sums over classes, each divided by the square of its size."""
    return Ratio(right=2.0, balanced=True)


def not_negative(name: str, value: Any) -> float:
    """A finite number from 0 on."""
    own = float(number(name, value, "a finite number from 0 on"))
    if not 0.0 <= own < inf:
        raise ValueError(f"{name} is {own}; expected a finite number from 0 on")
    return own


def flag(name: str, value: Any) -> bool:
    """True or False."""
    if value not in (False, True):
        raise choice_error(name, value, (False, True))
    return bool(value)
