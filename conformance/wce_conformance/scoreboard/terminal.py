"""The scoreboard in a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from wce_conformance.peers.asked import CROSS_ENTROPIES
from wce_conformance.scoreboard.columns import Cell, Column
from wce_conformance.scoreboard.text import SHORT, causes, rows, rules, score, size

SHOWN = 3


def show(console: Console, columns: Sequence[Column]) -> None:
    """The summary, who offers what, and the first failures of everyone."""
    console.print(_summary(columns))
    for loss in CROSS_ENTROPIES:
        console.print(_matrix(columns, loss))
    for column in columns:
        _failures(console, column)
    console.print("\n".join(rules(columns)), highlight=False, markup=False)


def _summary(columns: Sequence[Column]) -> Table:
    table = Table(title="Scoreboard", box=box.SIMPLE_HEAD, title_justify="left")
    table.add_column("", justify="right")
    table.add_column("library", no_wrap=True)
    table.add_column("version")
    for head in ("offered", "passed", "failed", "loss", "gradient"):
        table.add_column(head, justify="right")
    for number, column in enumerate(columns, 1):
        total = column.total
        failed = total.offered - total.passed
        table.add_row(
            str(number),
            SHORT[column.name],
            column.version,
            f"{total.offered} of {total.run}",
            str(total.passed),
            f"[red]{failed}[/]" if failed else "0",
            size(column.loss),
            size(column.gradient),
        )
    return table


def _matrix(columns: Sequence[Column], loss: str) -> Table:
    """Columns are numbered as in the summary: their names take more room than a terminal has."""
    table = Table(title=loss, box=box.SIMPLE_HEAD, title_justify="left", padding=(0, 1, 0, 0))
    table.add_column("", no_wrap=True)
    for number in range(1, len(columns) + 1):
        table.add_column(str(number), justify="right", no_wrap=True)
    for group, names in rows(columns, loss):
        for name in names:
            cells = [_cell(column.cell((loss, group, name))) for column in columns]
            table.add_row(name, *cells, end_section=name == names[-1])
    return table


def _cell(cell: Cell) -> str:
    shown = score(cell)
    if not cell.offered:
        return f"[dim]{shown}[/]"
    return f"[green]{shown}[/]" if cell.passed == cell.offered else f"[red]{shown}[/]"


def _failures(console: Console, column: Column) -> None:
    for vector, _, cause, _ in list(causes(column))[:SHOWN]:
        console.print(f"{SHORT[column.name]}: {vector}", style="red", markup=False)
        console.print(f"  {cause}", highlight=False, markup=False)
    if len(column.failures) > SHOWN:
        console.print(f"  … and {len(column.failures) - SHOWN} more; --markdown writes all of them")
