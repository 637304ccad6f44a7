"""The scoreboard as one HTML file: no script, no font or style from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from importlib.resources import files

from wce_conformance.peers.asked import CROSS_ENTROPIES
from wce_conformance.scoreboard.columns import Cell, Column
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


def html(columns: Sequence[Column]) -> str:
    """The whole page."""
    style = (files("wce_conformance.scoreboard") / "style.css").read_text(encoding="utf-8")
    body = [*_head(columns), *_tables(columns), *_failures(columns)]
    return "\n".join(
        [
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{TITLE}: weighted cross-entropy</title>\n<style>\n{style}</style>",
            "</head>\n<body>\n<main>",
            *body,
            "</main>\n</body>\n</html>\n",
        ]
    )


def _head(columns: Sequence[Column]) -> Iterator[str]:
    yield f"<h1>{TITLE}: weighted cross-entropy</h1>"
    yield '<p class="lead">Which library offers which weighting, and how right it is.</p>'
    yield '<div class="wide"><table class="summary"><thead><tr><th scope="col">library</th>'
    for head in ("offered", "passed", "failed", "loss", "grad."):
        yield f'<th scope="col">{head}</th>'
    yield "</tr></thead><tbody>"
    for column in columns:
        yield _summary(column)
    yield "</tbody></table></div>"
    yield "<p>loss, grad.: the worst error in eps; at most 4 pass.</p>"
    yield "<details><summary>How it was measured</summary><ul>"
    yield from (f"<li>{escape(rule)}</li>" for rule in rules(columns))
    yield "</ul></details>"


def _summary(column: Column) -> str:
    total = column.total
    failed = total.offered - total.passed
    share = total.offered / total.run if total.run else 0
    return (
        f'<tr><th scope="row">{_link(column)}<small>{escape(column.version)}</small></th>'
        f"<td>{total.offered}<small>{share:.0%} of {total.run}</small></td>"
        f'<td class="good">{total.passed}</td>'
        f'<td class="{"bad" if failed else "good"}">{failed}</td>'
        f"<td>{size(column.loss)}</td><td>{size(column.gradient)}</td></tr>"
    )


def _link(column: Column) -> str:
    return f'<a href="#{column.name}">{escape(SHORT[column.name])}</a>'


def _tables(columns: Sequence[Column]) -> Iterator[str]:
    for loss in CROSS_ENTROPIES:
        yield f"<h2><code>{loss}</code></h2>"
        yield "<p>Passed of offered; below it the worst error in eps. ·: not offered.</p>"
        yield '<div class="wide"><table class="matrix"><thead><tr>'
        yield '<th scope="col">what, and its vectors</th>'
        yield from (f'<th scope="col"><span>{_link(column)}</span></th>' for column in columns)
        yield "</tr></thead>"
        for group, names in rows(columns, loss):
            yield f'<tbody><tr class="group"><th scope="rowgroup">{escape(group)}</th>'
            yield f'<td colspan="{len(columns)}"></td></tr>'
            for name in names:
                yield _row(columns, (loss, group, name))
            yield "</tbody>"
        yield "</table></div>"


def _row(columns: Sequence[Column], aspect: tuple[str, str, str]) -> str:
    cells = "".join(_cell(column.cell(aspect)) for column in columns)
    many = count(columns, aspect)
    return f'<tr><th scope="row">{escape(aspect[2])} <small>{many}</small></th>{cells}</tr>'


def _cell(cell: Cell) -> str:
    if not cell.offered:
        return '<td class="none">·</td>'
    kind = "good" if cell.passed == cell.offered else "bad" if not cell.passed else "some"
    return f'<td class="{kind}">{score(cell)}<small>{size(cell.worst)}</small></td>'


def _failures(columns: Sequence[Column]) -> Iterator[str]:
    yield "<h2>Failures, one by one</h2>"
    for column in columns:
        failed = len(column.failures)
        yield f'<section id="{column.name}"><h3>{escape(SHORT[column.name])}</h3>'
        yield f"<p><code>{escape(column.title)}</code> {escape(column.version)}</p>"
        yield from (f"<p>{escape(note)}</p>" for note in column.notes)
        if failed:
            yield f"<details><summary>{failed} failed</summary><dl>"
            for vector, comment, cause, link in causes(column):
                yield f'<dt><a href="{escape(link)}">{escape(vector)}</a></dt><dd>{escape(comment)}'
                yield f"<br><code>{escape(cause)}</code></dd>"
            yield "</dl></details>"
        else:
            yield "<p>None failed.</p>"
        yield "</section>"
