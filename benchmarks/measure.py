"""Everything that is measured of one framework, in one process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.metadata import version
from typing import Any

import numpy as np

from benchmarks import memory
from benchmarks.frameworks import pairs_of
from benchmarks.plane import Plane, cells, on_plane
from benchmarks.targets import MEMORY, target_of, verdict
from benchmarks.timing import compare
from benchmarks.workloads import WORKLOADS, Workload

PACKAGES = {
    "numpy": ("numpy", "scikit-learn", "scipy"),
    "torch": ("torch",),
    "jax": ("jax", "optax"),
    "tensorflow": ("tensorflow-cpu",),
}
Row = dict[str, Any]
LARGE, HUGE = 100_000_000, 1_000_000_000
"""Elements."""


def measured(
    framework: str,
    *,
    seconds: float,
    advance: Callable[[str], None],
    plane: Plane | None = None,
    largest: int = HUGE,
) -> Row:
    """The plane, times of what it does not show, and peak memory.

    ``largest``: elements of the largest workload beside the plane.
    """
    workloads = [workload for workload in WORKLOADS if workload.size <= largest]
    rows = [row for workload in workloads for row in _times(framework, workload, seconds, advance)]
    return {
        "framework": framework,
        "versions": {package: version(package) for package in PACKAGES[framework]},
        "plane": cells(framework, Plane() if plane is None else plane, advance),
        "rows": rows,
        "memory": [row for name in memory.MEASURED for row in _peaks(framework, name, advance)],
        "floors": {workload.name: _floor(workload) for workload in workloads},
    }


def _times(
    framework: str, workload: Workload, seconds: float, advance: Callable[[str], None]
) -> Iterator[Row]:
    for pair in pairs_of(framework)(workload):
        if on_plane(framework, pair) or (workload.size > LARGE and pair.what == "value"):
            continue
        advance(f"{workload.name}, {pair.mode}, {pair.precision}, {pair.what}")
        ratio = compare(pair.ours, pair.theirs, seconds=seconds)
        key = (pair.peer, pair.mode, pair.precision, pair.what)
        yield {
            "workload": workload.name,
            **dict(zip(("peer", "mode", "precision", "what"), key, strict=True)),
            **ratio._asdict(),
            "verdict": verdict(target_of(workload, *key), ratio.median),
        }


def _peaks(framework: str, name: str, advance: Callable[[str], None]) -> Iterator[Row]:
    workload = next(each for each in WORKLOADS if each.name == name)
    for number, pair in enumerate(pairs_of(framework)(workload)):
        if pair.what == "value" or not on_plane(framework, pair):
            continue
        advance(f"memory of {name}, {pair.mode}, {pair.precision}")
        ours, theirs = (
            memory.peak(framework, workload, number, side) for side in ("ours", "theirs")
        )
        yield {
            "workload": name,
            "peer": pair.peer,
            "mode": pair.mode,
            "precision": pair.precision,
            "ours": ours / (workload.size * 4),
            "theirs": theirs / (workload.size * 4),
            "verdict": verdict(
                MEMORY.get((pair.peer, pair.mode, pair.precision)), ours / max(1, theirs)
            ),
        }


def _floor(workload: Workload) -> float:
    """Seconds for one read and one write of arrays of that size: a copy into a warm array."""
    source = np.ones(workload.size, np.float32)
    target = np.ones_like(source)

    def copy() -> None:
        np.copyto(target, source)

    return compare(copy, copy, seconds=0.3).ours
