"""Who offers which weighting, and how right it is: ``python -m wce_conformance scoreboard``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from wce_conformance.positive import positive
from wce_conformance.scoreboard import history
from wce_conformance.scoreboard.columns import NAMES, Column, installed, measured
from wce_conformance.scoreboard.html import html
from wce_conformance.scoreboard.markdown import markdown

__all__ = ["Column", "add_parser", "html", "main", "markdown"]

HELP = "compare wce_core with the losses of other libraries"


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to those of ``python -m wce_conformance``."""
    parser = subparsers.add_parser("scoreboard", help=HELP, description=HELP)
    parser.add_argument("--html", type=Path, metavar="FILE", help="write it as one HTML file")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write it as Markdown")
    parser.add_argument(
        "--history", type=Path, metavar="FILE", help="add to what other versions scored"
    )
    parser.add_argument(
        "--only", action="append", choices=NAMES, default=[], help="one library (may be repeated)"
    )
    parser.add_argument("--all", action="store_true", help="every vector where one is slow too")
    parser.add_argument("--jobs", type=positive, default=2, help="processes (default 2)")
    parser.add_argument("--vectors", type=Path, help="a file or folder instead of those stored")
    parser.set_defaults(function=main)


def main(options: argparse.Namespace) -> int:
    """Measure, print, write; 1 if wce_core failed anywhere."""
    from rich.console import Console
    from rich.progress import Progress

    from wce_conformance.scoreboard.terminal import show

    if options.history and options.vectors:
        print("scoreboard: --history is of all vectors; leave --vectors out", file=sys.stderr)
        return 2
    names = installed(options.only or NAMES)
    columns: list[Column] = []
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("scoreboard", total=len(names))
        for column in measured(names, options.jobs, options.all, options.vectors):
            columns.append(column)
            progress.advance(task)
    show(Console(), columns)
    scores = history.merged(history.read(options.history), columns) if options.history else []
    if options.history:
        history.write(options.history, scores)
    if options.html:
        options.html.write_text(html(columns), encoding="utf-8")
    if options.markdown:
        options.markdown.write_text(markdown(columns, scores), encoding="utf-8")
    if not any(column.total.offered for column in columns):
        print("scoreboard: nothing was judged: no library here offers these", file=sys.stderr)
        return 2
    return 1 if any(column.ours and column.failures for column in columns) else 0
