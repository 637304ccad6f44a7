"""The whole plane of items × classes: our time over the peer's in each cell."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from benchmarks.frameworks import pairs_of
from benchmarks.pairs import Pair
from benchmarks.targets import BOTH, VALUE, goal_of, verdict
from benchmarks.timing import compare
from benchmarks.workloads import SHORT, Workload
from wce_backends import fast

ITEMS = (16, 256, 4096, 65_536)
CLASSES = (2, 10, 100, 1000, 10_000)
ALL_ITEMS = (16, 64, 256, 1024, 4096, 65_536)
ALL_CLASSES = (2, 10, 100, 1000, 10_000, 32_000)
MOST, MOST_OF_ALL = 2**24, 2**26
"""Elements of the largest cell."""
PEERS = {"numpy": "sklearn _loss", "torch": "F", "jax": "optax", "tensorflow": "tf.nn"}
"""The framework's own loss."""
MODES = {
    "numpy": ("eager",),
    "torch": ("eager",),
    "jax": ("jit",),
    "tensorflow": ("eager", "tf.function", "XLA"),
}
WITHOUT = "eager, without loops"
"""Of eager PyTorch, as it is where Numba is not installed."""
Key = tuple[str, str, str]
Row = dict[str, Any]


class Plane(NamedTuple):
    """Which cells are measured, for how many seconds each."""

    items: tuple[int, ...] = ITEMS
    classes: tuple[int, ...] = CLASSES
    most: int = MOST
    seconds: float = 0.12

    def workloads(self) -> Iterator[Workload]:
        """Both losses in every cell that is not too large."""
        for loss, short in SHORT.items():
            for n in self.items:
                for c in self.classes:
                    if n * c <= self.most:
                        yield Workload(f"{short} {n} × {c}", loss, (n, c))


WHOLE = Plane(ALL_ITEMS, ALL_CLASSES, MOST_OF_ALL, 0.5)


def on_plane(framework: str, pair: Pair) -> bool:
    """Is the pair one of those that the plane shows?"""
    return pair.peer == PEERS[framework] and pair.mode in MODES[framework]


def cells(framework: str, plane: Plane, advance: Callable[[str], None]) -> list[Row]:
    """A ratio for each cell, mode, precision, and value with or without gradient."""
    return [
        row for workload in plane.workloads() for row in _cells(framework, plane, workload, advance)
    ]


def _cells(
    framework: str, plane: Plane, workload: Workload, advance: Callable[[str], None]
) -> Iterator[Row]:
    whats = (BOTH,) if framework == "numpy" else (BOTH, VALUE)
    wanted = {(m, p, w) for m in MODES[framework] for p in ("native", "exact") for w in whats}
    for pair in pairs_of(framework)(workload):
        key = (pair.mode, pair.precision, pair.what)
        if not on_plane(framework, pair) or key not in wanted:
            continue
        advance(f"{workload.name}, {', '.join(key)}")
        yield _cell(framework, plane, workload, pair, pair.mode)
        if framework == "torch" and key == ("eager", "native", BOTH) and fast.in_use():
            fast.use(False)
            try:
                yield _cell(framework, plane, workload, pair, WITHOUT)
            finally:
                fast.use(True)
        wanted.discard(key)
        if not wanted:
            return


def _cell(framework: str, plane: Plane, workload: Workload, pair: Pair, mode: str) -> Row:
    for _ in range(12):  # calls that come again are recorded after a while
        pair.ours()
    ratio = compare(pair.ours, pair.theirs, seconds=plane.seconds)
    key = (PEERS[framework], mode, pair.precision, pair.what)
    goal = goal_of(workload, *key, theirs=ratio.theirs)
    return {
        "loss": SHORT[workload.loss],
        "items": workload.shape[0],
        "classes": workload.shape[1],
        **dict(zip(("peer", "mode", "precision", "what"), key, strict=True)),
        **ratio._asdict(),
        "verdict": verdict(goal, ratio.median),
    }
