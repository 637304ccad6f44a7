"""A run with a progress bar, and its report."""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Console
from rich.progress import Progress

from wce_conformance.implementation import Implementation
from wce_conformance.report import show
from wce_conformance.runner import Advance, Choice, Record, tasks
from wce_conformance.vectors import load_vectors


def with_progress(
    implementation: Implementation, choice: Choice, start: Callable[[Advance], list[Record]]
) -> list[Record]:
    """Run and report."""
    console = Console()
    total = len(tasks(implementation, choice, load_vectors(choice.path)))
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(implementation.name, total=total)
        records = start(lambda record: progress.advance(task))
    title = f"{implementation.name} {implementation.version}".strip()
    show(console, title, records, {} if choice.everything else implementation.sampled)
    return records
