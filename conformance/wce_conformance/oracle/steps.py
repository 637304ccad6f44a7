"""Logits, and what is done to them before a softmax is taken of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wce_conformance.oracle.autodiff import Var, exp, log, log1p, tanh, total
from wce_conformance.oracle.real import mp

LARGEST = 2.0**64


@dataclass(frozen=True)
class Logits:
    """Steps, in the order in which they are taken, and a z-loss.

    `softcap` c makes c·tanh(x / c) of a logit x, `temperature` divides it, `adjustment` is added
    class by class. `margin` is subtracted from the logit of the class that is paid for, there
    alone. `z_loss` times (log Σ e^z)², of the logits before the margin, is added to what mass pays.
    """

    temperature: float = 1.0
    softcap: float | None = None
    adjustment: Sequence[float] | None = None
    margin: float | Sequence[float] | None = None
    z_loss: float = 0.0

    def __post_init__(self) -> None:
        for name in ("temperature", "softcap"):
            value = getattr(self, name)
            if value is not None and not 1 / LARGEST <= value <= LARGEST:
                raise ValueError(f"{name}: {value} is not between 2^-64 and 2^64")
        for name in ("adjustment", "margin"):
            value = getattr(self, name)
            if isinstance(value, list):
                object.__setattr__(self, name, tuple(value))
        if any(not abs(a) <= LARGEST for a in self.adjustment or ()):
            raise ValueError("adjustment: not of finite numbers")
        if any(not 0 <= margin <= 64 for margin in self.margins(1)):
            raise ValueError("margin: not in [0, 64]")
        if not 0 <= self.z_loss <= LARGEST:
            raise ValueError(f"z_loss: {self.z_loss} is not a number from 0 on")

    def margins(self, classes: int) -> Sequence[float]:
        """One for each class."""
        if isinstance(self.margin, Sequence):
            return self.margin
        return [self.margin or 0.0] * classes

    def check(self, classes: int) -> None:
        """There are as many numbers as classes."""
        for given in (self.adjustment, self.margin):
            if isinstance(given, Sequence) and len(given) != classes:
                raise ValueError(f"form: {len(given)} numbers for {classes} classes")


def stepped(row: Sequence[Var], given: Logits) -> list[Var]:
    """The logits of a row, one for each class, after all steps but the margin."""
    cooled = [_capped(x, given.softcap) / Var(given.temperature) for x in row]
    if given.adjustment is None:
        return cooled
    return [x + Var(a) for x, a in zip(cooled, given.adjustment, strict=True)]


def surprise_of(logits: Sequence[Var], k: int, margin: float) -> Var:
    """−log p_k, the logit of class k lowered: log(1 + Σ_{j≠k} e^{z_j − z_k + margin})."""
    own = logits[k] - Var(margin)
    return log1p(total(exp(z - own) for j, z in enumerate(logits) if j != k)).at_limit()


def z_loss_of(logits: Sequence[Var], given: Logits) -> Var:
    """ζ·(log Σ e^z)²."""
    normalizer = log(total(exp(z) for z in logits))
    return Var(given.z_loss) * normalizer * normalizer


def pair_of(x: Var, given: Logits) -> list[Var]:
    """The logits of both classes of an element: 0 of class 0, and x of class 1."""
    zero = Var(0)
    return stepped([zero, x], given)


def _capped(x: Var, cap: float | None) -> Var:
    return x if cap is None else Var(cap) * tanh(x / Var(mp.mpf(cap)))
