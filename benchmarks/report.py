"""What was measured: a table to look at, a page, and plots."""

from __future__ import annotations

import datetime
import os
import platform
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.heat import heat_maps, summary
from benchmarks.table import Section, table

Result = dict[str, Any]
COLUMNS = ("workload", "peer", "mode", "precision", "what", "ratio", "quartiles", "ours", "theirs")

MEMORY_COLUMNS = ("workload", "peer", "mode", "precision", "ours", "theirs", "ratio", "set")

MEMORY_TITLE = (
    "Peak memory of value and gradient beyond the inputs, in predictions' sizes (kept: the "
    "framework kept the memory of an earlier call, so nothing is seen)"
)
COUNT_COLUMNS = ("labels", "ratio", "quartiles", "ours", "NumPy's", "our memory", "NumPy's memory")

LAYER_COLUMNS = (
    "framework", "tokens × width × vocabulary", "peer", "ours", "theirs", "ratio", "set",
    "our memory", "their memory", "ratio", "set",
)  # fmt: skip

KEPT = 0.05
"""Below it the allocator had kept the memory of an earlier call, and nothing can be seen."""


def show(console: Console, results: Sequence[Result]) -> None:
    """Every ratio, and whether it meets what was set."""
    for result in results:
        table = Table(title=_title(result), box=box.SIMPLE_HEAD, title_justify="left")
        for column in (*COLUMNS, "set"):
            table.add_column(column, no_wrap=True)
        for cells in _cells(result):
            table.add_row(*(cell.replace("**", "") for cell in cells))
        console.print(table)
        memory = Table(title=MEMORY_TITLE, box=box.SIMPLE_HEAD, title_justify="left")
        for column in MEMORY_COLUMNS:
            memory.add_column(column, no_wrap=True)
        for cells in _memory_cells(result):
            memory.add_row(*(cell.replace("**", "") for cell in cells))
        console.print(memory)


def show_counts(console: Console, counts: Sequence[Result]) -> None:
    """Labels counted by class."""
    table = Table(title="Counting classes", box=box.SIMPLE_HEAD, title_justify="left")
    for column in COUNT_COLUMNS:
        table.add_column(column, no_wrap=True)
    for cells in _count_cells(counts):
        table.add_row(*cells)
    console.print(table)


def show_layers(console: Console, layers: Sequence[Result]) -> None:
    """Linear layers and their loss."""
    table = Table(
        title="Cross-entropy of a linear layer", box=box.SIMPLE_HEAD, title_justify="left"
    )
    for column in LAYER_COLUMNS:
        table.add_column(column, no_wrap=True)
    for cells in _layer_cells(layers):
        table.add_row(*(cell.replace("**", "") for cell in cells))
    console.print(table)


HEAD = """# Speed and memory

Made by `nox -s bench`; each section says when and where. No accelerator. Float32 predictions. A
ratio is our time over the peer's in the same mode: both run in turns in one process, and the
median of all rounds' ratios is given with its quartiles. Below 1 this library is faster. A cell of
a heat map is one number of items and of classes; value and gradient, or the value alone. Its
number is bold where the aim is met, and framed in red where what must be reached is missed; sizes
whose peer takes less than 30 µs have no goal but the smallest. The floor is the time of one read
and one write of an array of that size, which no loss with a gradient can be faster than.
[What limits the speed](design/speed.md) says why some goals are missed.

"""


def write(folder: Path, results: Sequence[Result], further: Iterable[Section] = ()) -> None:
    """A PNG per framework, and their sections of ``benchmarks.md`` beside further ones.

    What an earlier run wrote of others stays: a framework can be measured by itself.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for result in results:
        heat_maps(result, folder / f"benchmarks-{result['framework']}.png")
    file = folder / "benchmarks.md"
    sections = _sections(file.read_text(encoding="utf-8")) if file.exists() else {}
    for title, lines in (*((_title(each), _lines(each)) for each in results), *further):
        text = "\n".join((f"## {title}\n", f"{_where()}\n", *lines))
        sections[title.partition(" ")[0]] = f"{text.rstrip()}\n"
    file.write_text(HEAD + "\n".join(sections.values()), encoding="utf-8")


def _sections(page: str) -> dict[str, str]:
    """What is in the page, by the first word of each title: the rest has versions."""
    _, *found = re.split(r"^## ", page, flags=re.MULTILINE)
    return {text.split()[0]: f"## {text.rstrip()}\n" for text in found}


def _where() -> str:
    """When and on which machine."""
    cpus = Path("/proc/cpuinfo")  # of Linux; elsewhere nothing tells without a package
    named = re.search(r"model name\s*: (.*)", cpus.read_text()) if cpus.exists() else None
    machine = f"{platform.machine()}, {platform.system()}, {os.cpu_count()} cores"
    known = f" of {named[1].strip()}" if named else ""
    return f"Measured on {datetime.datetime.now(datetime.UTC):%Y-%m-%d}; {machine}{known}."


def _lines(result: Result) -> Iterator[str]:
    """Those of a framework."""
    image = f"benchmarks-{result['framework']}.png"
    yield f"![Our time over the peer's, for each number of items and of classes]({image})\n"
    yield from summary(result)
    yield "\nBeside the plane:\n"
    pairs = zip(result["rows"], _cells(result), strict=True)
    rows = (
        (*cells[:-1], _seconds(result["floors"][row["workload"]]), cells[-1])
        for row, cells in pairs
    )
    yield from table((*COLUMNS, "floor", "set"), rows)
    yield f"\n{MEMORY_TITLE}:\n"
    yield from table(MEMORY_COLUMNS, _memory_cells(result))


def layers_section(layers: Sequence[Result]) -> Section:
    """Of linear layers."""
    return "Cross-entropy of a linear layer", _layer_lines(layers)


def _layer_lines(layers: Sequence[Result]) -> Iterator[str]:
    yield (
        "`linear_cross_entropy`, value and gradients to hidden states and weight, beside the "
        "framework's own linear layer and cross-entropy, of all logits, and PyTorch's in chunks. "
        "Memory is what a call holds at its most beyond inputs and gradients, by the operating "
        "system.\n"
    )
    yield from table(LAYER_COLUMNS, _layer_cells(layers))


def _layer_cells(layers: Sequence[Result]) -> Iterator[tuple[str, ...]]:
    for row in layers:
        of_time, of_memory = row["verdicts"]
        yield (
            *(row[name] for name in ("framework", "size", "peer")),
            *(_seconds(row[name]) for name in ("ours", "theirs")),
            f"{row['time']:.2f}",
            of_time,
            *(f"{row[name] / 2**20:.0f} MB" for name in ("our_memory", "their_memory")),
            f"{row['memory']:.2f}",
            of_memory,
        )


def counts_section(counts: Sequence[Result]) -> Section:
    """Of counting."""
    return "Counting classes", _count_lines(counts)


def _count_lines(counts: Sequence[Result]) -> Iterator[str]:
    yield (
        "`wce_core.class_weights.ClassCounts` beside `numpy.bincount`, of labels in memory. Memory "
        "is what a call holds at its most beyond the labels.\n"
    )
    yield from table(COUNT_COLUMNS, _count_cells(counts))


def _count_cells(counts: Sequence[Result]) -> Iterator[tuple[str, ...]]:
    for row in counts:
        yield (
            f"{row['labels']:,} of {row['dtype']}",
            f"{row['median']:.2f}",
            f"{row['low']:.2f}–{row['high']:.2f}",
            _seconds(row["ours"]),
            _seconds(row["theirs"]),
            *(f"{row[name] / 2**20:.1f} MB" for name in ("our_memory", "their_memory")),
        )


def _title(result: Result) -> str:
    return ", ".join(f"{package} {version}" for package, version in result["versions"].items())


def _cells(result: Result) -> Iterator[tuple[str, ...]]:
    for row in result["rows"]:
        yield (
            *(row[name] for name in COLUMNS[:5]),
            f"{row['median']:.2f}",
            f"{row['low']:.2f}–{row['high']:.2f}",
            _seconds(row["ours"]),
            _seconds(row["theirs"]),
            row["verdict"],
        )


def _memory_cells(result: Result) -> Iterator[tuple[str, ...]]:
    for row in result["memory"]:
        ours, theirs = row["ours"], row["theirs"]
        seen = min(ours, theirs) >= KEPT
        yield (
            *(row[name] for name in MEMORY_COLUMNS[:4]),
            *(f"{number:.2f}" if number >= KEPT else "kept" for number in (ours, theirs)),
            f"{ours / theirs:.2f}" if seen else "",
            row["verdict"],
        )


def _seconds(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size or unit == "µs":
            return f"{seconds / size:.3g} {unit}"
    raise AssertionError
