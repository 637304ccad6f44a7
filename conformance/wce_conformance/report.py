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
    console: Console,
    title: str,
    records: Sequence[Record],
    sampled: Mapping[str, int] | None = None,
) -> None:
    """The summary, and the first failures one by one."""
    console.print(summary(title, records, sampled or {}))
    failed = [record for record in records if record.status == "failed"]
    for record in failed[:SHOWN]:
        console.print(
            f"[red]{record.vector}[/] · {record.route}, {record.precision}", highlight=False
        )
        console.print(
            f"  {'; '.join(record.judgement.failures[:3])}", markup=False, highlight=False
        )
    if len(failed) > SHOWN:
        console.print(f"… and {len(failed) - SHOWN} more")


def summary(title: str, records: Sequence[Record], sampled: Mapping[str, int]) -> Table:
    """One line per route, precision and dtype: how many, and the worst errors in eps."""
    table = Table(
        title=title,
        box=box.SIMPLE_HEAD,
        title_justify="left",
        caption_justify="left",
        collapse_padding=True,
        pad_edge=False,
    )
    for column in ("route", "precision", "dtype"):
        table.add_column(column, no_wrap=True)
    for column in ("passed", "failed", "known", "n/o", "loss", "gradient", "further"):
        table.add_column(column, justify="right", no_wrap=True)
    groups: dict[tuple[str, str, str], list[Record]] = defaultdict(list)
    for record in records:
        groups[record.route, record.precision, record.kind].append(record)
    for (route, precision, kind), group in sorted(groups.items(), key=_order):
        table.add_row(route, precision, kind, *_counts(group), *_errors(group, precision, kind))
    table.caption = "\n".join([CAPTION, *(_sample(*slow, records) for slow in sampled.items())])
    return table


CAPTION = (
    "known: bits of exact mode that the vector says may differ. n/o: not offered."
    " Errors: the worst, in eps of their scale; at most 4 pass."
    " further: gradients to weights and targets."
)


def _sample(route: str, one_in: int, records: Sequence[Record]) -> str:
    """A sample is no proof of the whole: the table says so."""
    count = sum(record.route == route for record in records)
    return f"{route}: a sample, 1 vector in {one_in} ({count} runs); --all runs every one."


def _order(group: tuple[tuple[str, str, str], list[Record]]) -> tuple[str, bool, int]:
    route, precision, kind = group[0]
    return route, precision != "native", KINDS.index(kind)


KINDS = ("float64", "float32", "bfloat16", "float16", "invalid")


def _counts(group: Sequence[Record]) -> tuple[str, str, str, str]:
    counts = Counter(record.status for record in group)
    failed = counts["failed"]
    return (
        str(counts["passed"]),
        f"[bold red]{failed}[/]" if failed else "0",
        str(counts["known"]),
        str(counts["not offered"]),
    )


def _errors(group: Sequence[Record], precision: str, kind: str) -> list[str]:
    if precision == "exact" and kind not in ("float64", "invalid"):
        right = {record.status for record in group} <= {"passed", "known"}
        return ["0 bits", "0 bits", ""] if right else ["", "", ""]
    worst = worst_errors(group)
    losses = [worst[name] for name in VALUES if name in worst]
    further = [error for name, error in worst.items() if name.startswith("gradient to")]
    gradients = [worst["gradient"]] if "gradient" in worst else []
    return [f"{max(errors):.2f}" if errors else "" for errors in (losses, gradients, further)]


def worst_errors(records: Sequence[Record]) -> dict[str, float]:
    """By quantity."""
    worst: dict[str, float] = {}
    for record in records:
        for name, error in record.judgement.worst.items():
            worst[name] = max(worst.get(name, 0.0), error)
    return worst
