"""Classes of many labels counted, beside ``numpy.bincount``: ``python -m benchmarks.counting``.

Time, and the memory that counting takes beyond the labels. Linux.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from typing import Any

import numpy as np
from rich.console import Console

from benchmarks.memory import peak_of
from benchmarks.timing import compare
from wce_core.class_weights import ClassCounts

LABELS = 10**8
CLASSES = 20
DTYPES = ("uint8", "int32", "int64")
Row = dict[str, Any]


def measured(dtype: str, labels: int = LABELS, seconds: float = 1.0) -> Row:
    """Ours and NumPy's, of labels of one dtype."""
    values = np.random.default_rng(0).integers(0, CLASSES, labels, dtype)

    def ours() -> np.ndarray:
        counts = ClassCounts(CLASSES)
        counts.update(values)
        return counts.counts

    def theirs() -> np.ndarray:
        return np.bincount(values, minlength=CLASSES)

    assert np.array_equal(ours(), theirs())
    memory = {"our_memory": peak_of(ours), "their_memory": peak_of(theirs)}
    ratio = compare(ours, theirs, seconds=seconds)
    return {"dtype": dtype, "labels": labels, **ratio._asdict(), **memory}


def in_processes(labels: int = LABELS) -> list[Row]:
    """The rows of all dtypes, each measured in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.counting", "--labels", str(labels), "--dtype"]
    outputs = (
        subprocess.run([*command, dtype], capture_output=True, check=True).stdout
        for dtype in DTYPES
    )
    return [json.loads(output) for output in outputs]


def main() -> None:
    """The table; of one dtype its numbers as JSON."""
    from benchmarks import report

    parser = argparse.ArgumentParser(prog="python -m benchmarks.counting", description=__doc__)
    parser.add_argument("--labels", type=int, default=LABELS)
    parser.add_argument("--dtype", choices=DTYPES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.dtype:
        print(json.dumps(measured(options.dtype, options.labels)))
    else:
        console = Console()
        wide = console if console.is_terminal else Console(width=200)
        report.show_counts(wide, in_processes(options.labels))


if __name__ == "__main__":
    main()
