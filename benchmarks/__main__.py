"""``python -m benchmarks``: measure every installed framework and write docs/benchmarks.md.

Each framework in a process of its own; nothing else should run on the machine meanwhile.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Collection, Iterable
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from benchmarks.frameworks import NAMES
from benchmarks.table import Section

MEDIUM = 8_000_000
"""Elements of the largest workload of a short run."""


def main() -> None:
    """Measure, print the table, write page and plots."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--framework", action="append", choices=NAMES, default=[], help="its section alone"
    )
    parser.add_argument(
        "--whole", action="store_true", help="every cell and size, for hours; else a quarter of one"
    )
    parser.add_argument("--output", type=Path, help="folder of benchmarks.md; none: print only")
    parser.add_argument("--json", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.json:
        _measure(options.framework[0], options.json, whole=options.whole)
        return
    frameworks = options.framework or [name for name in NAMES if find_spec(name)]
    with TemporaryDirectory() as folder:
        results = [_in_a_process(name, Path(folder), whole=options.whole) for name in frameworks]
    from benchmarks import counting, linear, report

    # A table is cut where nobody looks at a terminal.
    console = Console()
    console = console if console.is_terminal else Console(width=200)
    report.show(console, results)
    counts = [] if options.framework else counting.in_processes()
    if counts:
        report.show_counts(console, counts)
    layers = [] if options.framework else linear.in_processes(frameworks)
    if layers:
        report.show_layers(console, layers)
    if options.output:
        further = [report.counts_section(counts)] if counts else []
        further += [report.layers_section(layers)] if layers else []
        report.write(options.output, results, [*further, *_traffic(frameworks)])


def _traffic(frameworks: Collection[str]) -> Iterable[Section]:
    if "torch" not in frameworks:
        return ()
    from benchmarks import traffic  # which imports PyTorch

    return (traffic.section(),)


def _in_a_process(framework: str, folder: Path, *, whole: bool) -> dict[str, object]:
    file = folder / f"{framework}.json"
    arguments = ["--framework", framework, "--json", str(file), *(["--whole"] if whole else [])]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    subprocess.run([sys.executable, "-m", "benchmarks", *arguments], check=True, env=environment)
    result: dict[str, object] = json.loads(file.read_text())
    return result


def _measure(framework: str, file: Path, *, whole: bool) -> None:
    from benchmarks.measure import HUGE, measured
    from benchmarks.plane import WHOLE, Plane

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(framework)

        def advance(what: str) -> None:
            progress.update(task, description=f"{framework}: {what}")

        plane, largest, seconds = (WHOLE, HUGE, 1.0) if whole else (Plane(), MEDIUM, 0.3)
        result = measured(framework, seconds=seconds, advance=advance, plane=plane, largest=largest)
    file.write_text(json.dumps(result))


if __name__ == "__main__":
    main()
