"""Target mass: how much of an item belongs to each class."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

from wce_conformance.oracle.autodiff import Var, total
from wce_conformance.oracle.real import INF, NAN, mp

Smoothing: TypeAlias = Literal["uniform", "others"]


def one_hot(label: int, classes: int) -> list[Var]:
    """The mass of a class index. A label that names no class has no known mass: NaN."""
    if not 0 <= label < classes:
        return [Var(NAN) for _ in range(classes)]
    return [Var(int(k == label)) for k in range(classes)]


def smoothed(mass: Sequence[Var], whole: Var, epsilon: float, smoothing: Smoothing) -> list[Var]:
    """The mass, which is M in all, a part ε of it spread over all classes, or over the others.

    "uniform": (1 − ε)·q_k + ε·M/C; "others": (1 − ε)·q_k + ε·(M − q_k)/(C − 1).
    """
    if epsilon == 0:
        return list(mass)
    kept, spread = Var(1 - mp.mpf(epsilon)), Var(epsilon)
    received = [_received(mass, whole, k, smoothing) for k in range(len(mass))]
    return [kept * q + spread * more for q, more in zip(mass, received, strict=True)]


def shares(mass: Sequence[Var], whole: Var) -> list[Var]:
    """The shares r = q / M, for mass that is not 0 in all."""
    return [q / whole for q in mass]


def under(mass: Var, surprise: Var) -> Var:
    """The term q · −log p, where 0 · log 0 is 0, forward and backward."""
    if mass.value == 0 and surprise.value == INF:
        return Var(0)
    return mass * surprise


def _received(mass: Sequence[Var], whole: Var, k: int, smoothing: Smoothing) -> Var:
    """What class k gets of a unit that is spread."""
    if smoothing == "uniform":
        return whole / Var(len(mass))
    return total(q for j, q in enumerate(mass) if j != k) / Var(len(mass) - 1)
