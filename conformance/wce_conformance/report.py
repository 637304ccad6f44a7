"""What a run found, as tables."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from wce_conformance.runner import Record

VALUES = ("value", "item", "total", "weight")
"""Quantities shown under "loss"; counts are right or wrong."""
SHOWN = 20


def show(
    console: Console, title: str, records: Sequence[Record], sampled: Mapping[str, int] | None = None
) -> None:
    """The summary, and the first failures one by one."""
    console.print(summary(title, records, sampled or {}))
    failed = [record for record in records if record.status == "failed"]
    for record in failed[:SHOWN]:
        console.print(f"[red]{record.vector}[/] · {record.route}, {record.precision}", highlight=False)
        console.print(f"  {'; '.join(record.judgement.failures[:3])}", markup=False, highlight=False)
    if len(failed) > SHOWN:
        console.print(f"… and {len(failed) - SHOWN} more")


def summary(title: str, records: Sequence[Record], sampled: Mapping[str, int]) -> Table:
    """One line per route, precision and dtype: how many, and the worst errors in eps."""
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left")
    for column in ("route", "precision", "dtype"):
        table.add_column(column)
    for column in ("passed", "failed", "not offered", "loss", "gradient", "to weights, targets"):
        table.add_column(column, justify="right")
    groups: dict[tuple[str, str, str], list[Record]] = defaultdict(list)
    for record in records:
        groups[record.route, record.precision, record.dtype].append(record)
    for (route, precision, dtype), group in groups.items():
        one_in = sampled.get(route, 1)
        name = route if one_in == 1 else f"{route} (1 in {one_in})"
        table.add_row(name, precision, dtype, *_counts(group), *_errors(group, precision, dtype))
    table.caption = "Worst errors in eps of their scale; at most 4 pass."
    return table


def _counts(group: Sequence[Record]) -> tuple[str, str, str]:
    counts = Counter(record.status for record in group)
    failed = counts["failed"]
    return (
        str(counts["passed"]),
        f"[bold red]{failed}[/]" if failed else "0",
        str(counts["not offered"]),
    )


def _errors(group: Sequence[Record], precision: str, dtype: str) -> tuple[str, str, str]:
    if precision == "exact" and dtype != "float64":
        right = all(record.status != "failed" for record in group)
        return ("bits", "bits", "") if right else ("", "", "")
    worst = worst_errors(group)
    losses = [worst[name] for name in VALUES if name in worst]
    further = [error for name, error in worst.items() if name.startswith("gradient to")]
    gradients = [worst["gradient"]] if "gradient" in worst else []
    return tuple(f"{max(e):.2f}" if e else "" for e in (losses, gradients, further))  # type: ignore[return-value]  # three in, three out


def worst_errors(records: Sequence[Record]) -> dict[str, float]:
    """By quantity."""
    worst: dict[str, float] = {}
    for record in records:
        for name, error in record.judgement.worst.items():
            worst[name] = max(worst.get(name, 0.0), error)
    return worst
