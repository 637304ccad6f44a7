"""Loops over many rows, and blocks of a call, shared among threads.

The threads are Python's, and loops run without the GIL: nothing of OpenMP or of Numba's own threads
is started, which would compete with those of PyTorch, and neither survives a fork.
"""

from __future__ import annotations

import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent import futures
from contextlib import contextmanager, suppress
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")
R = TypeVar("R")
LEAST = 2**18
"""Elements from which another thread is worth waking. That may take as long as half of them."""
MOST = 4
"""Threads that the interpreter can feed."""


class _Pool:
    """Threads that wait for work. A forked process has none of them, and starts its own."""

    def __init__(self) -> None:
        self.threads: futures.ThreadPoolExecutor | None = None
        self.lock = threading.Lock()

    def get(self) -> futures.ThreadPoolExecutor:
        """Started when they are needed first."""
        with self.lock:
            if self.threads is None:
                self.threads = futures.ThreadPoolExecutor(MOST - 1, "wce_core", _worker)
            return self.threads

    def helping(self, work: Callable[[], None], count: int) -> list[futures.Future[None]]:
        """So many threads at it, if they can be had."""
        found: list[futures.Future[None]] = []
        # When the main thread has ended, Python starts none, but other threads may go on.
        with suppress(RuntimeError):
            found.extend(self.get().submit(work) for _ in range(count))
        return found


_POOL = _Pool()
_OWN = threading.local()


def _worker() -> None:
    _OWN.worker = True


def _forked() -> None:
    global _POOL  # noqa: PLW0603  # whose lock another thread may have held
    _POOL = _Pool()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


def number() -> int:
    """As many threads as compiled libraries would take, PyTorch if it is there, within reason."""
    torch: Any = sys.modules.get("torch")
    most = min(MOST, torch.get_num_threads()) if hasattr(torch, "get_num_threads") else MOST
    asked = os.environ.get("OMP_NUM_THREADS", "")
    if asked.isdigit() and int(asked):
        return min(most, int(asked))
    mine = hasattr(os, "sched_getaffinity")  # not on every system
    return min(most, len(os.sched_getaffinity(0)) if mine else os.cpu_count() or 1)


@contextmanager
def alone() -> Iterator[None]:
    """In this, loops of the thread keep to it: others have the other blocks of the call."""
    before = getattr(_OWN, "worker", False)
    _OWN.worker = True
    try:
        yield
    finally:
        _OWN.worker = before


def shared(loop: Callable[..., None], arrays: Sequence[np.ndarray], size: int) -> None:
    """The loop, on parts of arrays that are cut along their first axis."""
    if size < LEAST or getattr(_OWN, "worker", False):
        loop(*arrays)
        return
    rows = arrays[0].shape[0]
    parts = min(number(), rows)
    bounds = [rows * part // parts for part in range(parts + 1)]
    cut = [[array[start:end] for array in arrays] for start, end in pairwise(bounds)]
    mapped(lambda part: loop(*part), cut, parts)


def mapped(job: Callable[[T], R], items: Sequence[T], count: int) -> list[R]:
    """What a job gives of each item, by so many threads, of which the caller's is one."""
    waiting = deque(enumerate(items))
    made: dict[int, R] = {}

    def work() -> None:
        with alone():
            while waiting:
                try:
                    place, item = waiting.popleft()
                except IndexError:  # another thread took the last one
                    return
                made[place] = job(item)

    helpers = _POOL.helping(work, min(count, len(items)) - 1)
    try:
        work()
    finally:
        waiting.clear()  # after an error the others are to stop
        errors = [None if helper.cancel() else helper.exception() for helper in helpers]
    for error in errors:
        if error is not None:
            raise error
    return [made[place] for place in range(len(items))]
