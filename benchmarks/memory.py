"""Peak memory of one call, in a process of its own: ``python -m benchmarks.memory``. Linux."""

from __future__ import annotations

import ctypes
import gc
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.frameworks import pairs_of
from benchmarks.workloads import WORKLOADS, Workload

MEASURED = ("CE 4096 × 1000", "BCE 4096 × 1000")


def peak(framework: str, workload: Workload, number: int, side: str) -> int:
    """Bytes that the call holds at its most, above what the process holds before and after."""
    return in_a_process("benchmarks.memory", framework, workload.name, str(number), side)


def in_a_process(module: str, *arguments: str) -> int:
    """The number that a module of its own prints last."""
    # Freed arrays go back to the system at once, so that none of one call hides one of the next.
    environment = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "65536", "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return int(done.stdout.split()[-1])


def _measure(framework: str, name: str, number: int, side: str) -> int:
    workload = next(each for each in WORKLOADS if each.name == name)
    pair = list(pairs_of(framework)(workload))[number]
    return peak_of(pair.ours if side == "ours" else pair.theirs)


def peak_of(call: Callable[[], object]) -> int:
    """The same of a call in this process."""
    call()  # compiles, and loads what is loaded late
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # what is free goes back to the system, too
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = _status("VmRSS")
    call()
    return max(0, _status("VmHWM") - before)


def _status(field: str) -> int:
    found = re.search(rf"{field}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) * 1024


if __name__ == "__main__":
    framework, name, number, side = sys.argv[1:]
    print(_measure(framework, name, int(number), side))
