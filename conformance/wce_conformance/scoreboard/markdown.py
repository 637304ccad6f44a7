"""The scoreboard as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wce_conformance.peers.asked import CROSS_ENTROPIES
from wce_conformance.scoreboard.columns import Column
from wce_conformance.scoreboard.history import Score
from wce_conformance.scoreboard.text import (
    SHORT,
    TITLE,
    causes,
    count,
    rows,
    rules,
    score,
    size,
)


def markdown(columns: Sequence[Column], history: Sequence[Score] = ()) -> str:
    """The whole page; with what other versions scored, where a history is kept."""
    parts = [*_head(columns), *_versions(history), *_tables(columns), *_failures(columns)]
    return "\n".join(parts) + "\n"


def _versions(history: Sequence[Score]) -> Iterator[str]:
    if not history:
        return
    yield "## Versions"
    yield ""
    yield "| library | version | wce-vectors | offered | passed | failed |"
    yield "|---|---|---|--:|--:|--:|"
    for own in history:
        yield (
            f"| {SHORT[own.name]} | {own.version} | {own.vectors} | {own.offered} of {own.run} | "
            f"{own.passed} | {own.offered - own.passed} |"
        )
    yield ""


def _head(columns: Sequence[Column]) -> Iterator[str]:
    yield f"# {TITLE}"
    yield ""
    whole = "" if any(column.one_in > 1 for column in columns) else " --all"
    yield f"Made by `python -m wce_conformance scoreboard{whole}`."
    yield ""
    yield from (f"* {rule}" for rule in rules(columns))
    yield ""
    yield "| library | version | offered | passed | failed | worst loss | worst gradient |"
    yield "|---|---|--:|--:|--:|--:|--:|"
    for column in columns:
        total = column.total
        yield (
            f"| {SHORT[column.name]} | {column.version} | {total.offered} of {total.run} | "
            f"{total.passed} | {total.offered - total.passed} | {size(column.loss)} | "
            f"{size(column.gradient)} |"
        )
    yield ""


def _tables(columns: Sequence[Column]) -> Iterator[str]:
    for loss in CROSS_ENTROPIES:
        yield f"## `{loss}`"
        yield ""
        yield "Passed of offered, and the worst error in eps."
        for group, names in rows(columns, loss):
            yield ""
            yield f"| {group} | vectors | " + " | ".join(SHORT[c.name] for c in columns) + " |"
            yield "|---|--:" + "|--:" * len(columns) + "|"
            for name in names:
                aspect = (loss, group, name)
                cells = [_cell(column, aspect) for column in columns]
                yield f"| {name} | {count(columns, aspect)} | " + " | ".join(cells) + " |"
        yield ""


def _cell(column: Column, aspect: Sequence[str]) -> str:
    cell = column.cell(aspect)
    return f"{score(cell)}<br>{size(cell.worst)}" if cell.offered else score(cell)


def _failures(columns: Sequence[Column]) -> Iterator[str]:
    yield "## Failures"
    for column in columns:
        yield ""
        yield f"### {SHORT[column.name]}"
        yield ""
        yield f"`{column.title}` {column.version}. {' '.join(column.notes)}".strip()
        yield ""
        if not column.failures:
            yield "None."
            continue
        yield f"<details><summary>{len(column.failures)} vectors</summary>"
        yield ""
        yield from (
            f"* [`{vector}`]({link}): {comment}. {cause}"
            for vector, comment, cause, link in causes(column)
        )
        yield ""
        yield "</details>"
