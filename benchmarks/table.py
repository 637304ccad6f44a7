"""A table in Markdown, and what sections of a page are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

Section = tuple[str, Iterable[str]]
"""Its title, and its lines."""


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Its lines."""
    yield _line(columns)
    yield "|" + "---|" * len(columns)
    yield from map(_line, rows)


def _line(cells: Sequence[object]) -> str:
    return f"| {' | '.join(map(str, cells))} |"
