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
    ("F", "eager, configured", "native"): (None, Target(1.8, 1.3)),
    ("F", "compiled", "native"): (Target(1.0, 0.8), Target(1.3, 1.0)),
    ("optax", "not jitted", "native"): (Target(0.3, 0.2), Target(0.3, 0.2)),
    (DICE, "eager", "native"): (Target(1.0, 0.7), None),
    **{
        (FOCAL, mode, "native"): (Target(1.3, 1.1), Target(1.3, 1.1))
        for mode in ("eager", "jit", "tf.function", "XLA")
    },
}
"""(peer, mode, precision) → for a million elements and more, and for 64 × 10."""
BOTH, VALUE = "value + gradient", "value"
GOALS: dict[tuple[str, str, str, str], Target] = {
    **{("F", "eager", "native", what): Target(1.0, 0.6) for what in (BOTH, VALUE)},
    **{("F", "eager", "exact", what): Target(1.3, 0.8) for what in (BOTH, VALUE)},
    ("F", "eager, without loops", "native", BOTH): Target(2.0, 1.5),
    ("sklearn _loss", "eager", "native", BOTH): Target(0.8, 0.5),
    ("sklearn _loss", "eager", "exact", BOTH): Target(1.0, 0.7),
    ("optax", "jit", "native", BOTH): Target(1.15, 1.0),
    ("optax", "jit", "native", VALUE): Target(1.3, 1.0),
    **{("optax", "jit", "exact", what): Target(3.0, 2.0) for what in (BOTH, VALUE)},
    **{
        ("tf.nn", mode, "native", what): Target(1.0, 0.7)
        for mode in ("eager", "tf.function", "XLA")
        for what in (BOTH, VALUE)
    },
}
"""(peer, mode, precision, what) → in every cell of the plane that is long enough to tell."""
SMALL_EAGER = Target(1.8, 1.3)
"""Of eager PyTorch, native, up to 64 × 10: PyTorch's own part of such a call is above the half."""
SMALL = 640
SHORTEST = 30e-6
"""Seconds of the peer below which a ratio says more of Python than of a loss."""
MEMORY: dict[tuple[str, str, str], Target] = {("F", "eager", "native"): Target(0.6, 0.5)}
"""Ratios of peak memory, value and gradient."""

MOVED = {
    ("CE, native", "compiled"): Target(0.5, 0.5),
    ("CE, exact", "compiled"): Target(0.6, 0.6),
    ("BCE, native", "compiled"): Target(0.5, 0.5),
    ("CE, native", "operations"): Target(1.5, 1.5),
    ("BCE, native", "operations"): Target(2.0, 2.0),
}
"""(loss, way) → what eager PyTorch moves on an accelerator, over what its own losses do."""


def goal_of(
    workload: Workload, peer: str, mode: str, precision: str, what: str, *, theirs: float
) -> Target | None:
    """The target of a cell of the plane, if it has one; ``theirs``: seconds of the peer."""
    if (peer, mode, precision) == ("F", "eager", "native") and workload.size <= SMALL:
        return SMALL_EAGER
    return GOALS.get((peer, mode, precision, what)) if theirs >= SHORTEST else None


def target_of(workload: Workload, peer: str, mode: str, precision: str, what: str) -> Target | None:
    """The target of a ratio, if it has one: value and gradient, at the two ends of size."""
    large, small = TARGETS.get((peer, mode, precision), (None, None))
    if what != BOTH:
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
