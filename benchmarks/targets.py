"""What this library must reach and aims for: ratios to a peer's time in the same mode."""

from __future__ import annotations

from typing import NamedTuple

from benchmarks.pairs import DICE, FOCAL
from benchmarks.workloads import Workload

LARGE = 1_000_000


class Target(NamedTuple):
    """``must`` and ``aim``: the largest ratios that meet them."""

    must: float
    aim: float


TARGETS: dict[tuple[str, str, str], tuple[Target | None, Target | None]] = {
    ("F", "eager", "native"): (Target(0.5, 0.25), Target(2.2, 1.2)),
    ("F", "eager, configured", "native"): (None, Target(1.8, 1.2)),
    ("F", "eager", "exact"): (Target(1.3, 0.7), Target(2.4, 2.4)),
    ("F", "compiled", "native"): (Target(1.0, 0.8), Target(1.3, 1.0)),
    ("tf.nn", "eager", "native"): (Target(0.7, 0.5), Target(1.0, 0.7)),
    ("tf.nn", "tf.function", "native"): (Target(0.7, 0.5), Target(1.0, 0.7)),
    ("tf.nn", "XLA", "native"): (Target(0.9, 0.5), Target(1.0, 0.7)),
    ("tf.nn", "eager", "exact"): (Target(1.3, 1.0), None),
    ("tf.nn", "XLA", "exact"): (Target(2.0, 1.0), None),
    ("optax", "jit", "native"): (Target(1.0, 0.8), Target(1.05, 1.0)),
    ("optax", "not jitted", "native"): (Target(0.3, 0.2), Target(0.3, 0.2)),
    ("optax", "jit", "exact"): (Target(3.0, 1.5), None),
    ("sklearn _loss", "eager", "native"): (Target(0.6, 0.4), Target(4.0, 3.0)),
    ("sklearn _loss", "eager", "exact"): (Target(0.9, 0.6), None),
    (DICE, "eager", "native"): (Target(1.0, 0.7), None),
    **{
        (FOCAL, mode, "native"): (Target(1.3, 1.1), Target(1.3, 1.1))
        for mode in ("eager", "jit", "tf.function", "XLA")
    },
}
"""(peer, mode, precision) → for a million elements and more, and for 64 × 10."""
BINARY_EAGER = (Target(0.5, 0.25), Target(2.2, 2.2))
"""The same for BCE with ``pos_weight``, native, against a framework's eager loss."""
MEMORY: dict[tuple[str, str, str], Target] = {("F", "eager", "native"): Target(0.6, 0.5)}
"""Ratios of peak memory, value and gradient."""


def target_of(workload: Workload, peer: str, mode: str, precision: str, what: str) -> Target | None:
    """The target of a ratio, if it has one: value and gradient, at the two ends of size."""
    large, small = TARGETS.get((peer, mode, precision), (None, None))
    eager = (mode, precision) == ("eager", "native") and peer not in (FOCAL, DICE)
    if eager and large and workload.loss != "cross_entropy":
        large, small = BINARY_EAGER
    if what != "value + gradient":
        return None
    if workload.small:
        return small
    return large if workload.size >= LARGE else None


def verdict(target: Target | None, ratio: float) -> str:
    """Aim, must, or missed; empty where nothing was set."""
    if target is None:
        return ""
    if ratio <= target.aim:
        return f"aim met (≤ {target.aim:g})"
    return (
        f"must met (≤ {target.must:g})" if ratio <= target.must else f"**missed** ({target.must:g})"
    )
