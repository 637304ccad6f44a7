"""``python -m benchmarks``: measure every installed framework and write docs/benchmarks.md.

Each framework in a process of its own; nothing else should run on the machine meanwhile.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from benchmarks.frameworks import NAMES


def main() -> None:
    """Measure, print the table, write page and plots."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--framework", action="append", choices=NAMES, default=[])
    parser.add_argument("--seconds", type=float, default=1.0, help="for each ratio")
    parser.add_argument("--output", type=Path, help="folder of benchmarks.md; none: print only")
    parser.add_argument("--json", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.json:
        _measure(options.framework[0], options.seconds, options.json)
        return
    frameworks = options.framework or [name for name in NAMES if find_spec(name)]
    with TemporaryDirectory() as folder:
        results = [_in_a_process(name, options.seconds, Path(folder)) for name in frameworks]
    from benchmarks import counting, report

    # A table is cut where nobody looks at a terminal.
    console = Console()
    console = console if console.is_terminal else Console(width=200)
    report.show(console, results)
    counts = [] if options.framework else counting.in_processes()
    if counts:
        report.show_counts(console, counts)
    if options.output:
        report.write(options.output, results, counts)


def _in_a_process(framework: str, seconds: float, folder: Path) -> dict[str, object]:
    file = folder / f"{framework}.json"
    arguments = ["--framework", framework, "--seconds", str(seconds), "--json", str(file)]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    subprocess.run([sys.executable, "-m", "benchmarks", *arguments], check=True, env=environment)
    result: dict[str, object] = json.loads(file.read_text())
    return result


def _measure(framework: str, seconds: float, file: Path) -> None:
    from benchmarks.measure import measured

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(framework)

        def advance(what: str) -> None:
            progress.update(task, description=f"{framework}: {what}")

        result = measured(framework, seconds=seconds, advance=advance)
    file.write_text(json.dumps(result))


if __name__ == "__main__":
    main()
