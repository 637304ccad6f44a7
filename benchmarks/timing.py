"""Two calls timed against each other in one process: alternating, many rounds, medians."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from typing import NamedTuple


class Ratio(NamedTuple):
    """Ours over theirs: the median of the rounds' ratios, its quartiles, and both medians in s."""

    median: float
    low: float
    high: float
    ours: float
    theirs: float
    rounds: int


def compare(
    ours: Callable[[], object],
    theirs: Callable[[], object],
    *,
    seconds: float = 1.5,
    most: int = 200,
    least: int = 7,
) -> Ratio:
    """Run each often enough that a round takes a millisecond, and in turns for some seconds.

    Which side begins a round alternates too: what a call leaves in the caches favours nobody.
    """
    ours()
    theirs()
    repeat = max(1, round(1e-3 / max(min(_timed(ours, 1), _timed(theirs, 1)), 1e-7)))
    first: list[float] = []
    second: list[float] = []
    end = time.perf_counter() + seconds
    enabled = gc.isenabled()
    gc.disable()
    try:
        while len(first) < least or (time.perf_counter() < end and len(first) < most):
            order = ((ours, first), (theirs, second))
            for function, times in order if len(first) % 2 else order[::-1]:
                times.append(_timed(function, repeat))
    finally:
        if enabled:
            gc.enable()
    ratios = [a / b for a, b in zip(first, second, strict=True)]
    low, median, high = statistics.quantiles(ratios, n=4)
    return Ratio(
        median, low, high, statistics.median(first), statistics.median(second), len(ratios)
    )


def _timed(function: Callable[[], object], repeat: int) -> float:
    start = time.perf_counter()
    for _ in range(repeat):
        function()
    return (time.perf_counter() - start) / repeat
