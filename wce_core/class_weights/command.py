"""The command ``wce-core weights``: labels in files → table, bars, JSON."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np

from .counts import ClassCounts
from .files import Source, source
from .labels import KINDS
from .schemes import SCHEMES
from .weights import NORMALIZATIONS, class_weights

BAR = 30
"""Characters of the longest bar."""


def add_parser(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.add_argument(
        "labels", type=Path, help=".npy, .npz, .csv, .parquet, or a folder of .png masks"
    )
    parser.add_argument("--column", help="of a table, or the array of an .npz file")
    parser.add_argument("--scheme", choices=tuple(SCHEMES), default="balanced")
    parser.add_argument("--beta", type=float, help="of effective_number (0.999)")
    parser.add_argument("--alpha", type=float, help="of power (0.5)")
    parser.add_argument("--c", type=float, help="of log (1.02)")
    parser.add_argument("--normalize", choices=NORMALIZATIONS)
    parser.add_argument("--missing", type=_missing, default="error", help="error, zero, one or x")
    parser.add_argument("--classes", type=int, help="how many there are")
    parser.add_argument("--kind", choices=KINDS, default="index", help="what the labels are")
    parser.add_argument("--ignore-index", type=int, help="a label that does not count")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write counts and weights there")
    parser.add_argument("--force", action="store_true", help="overwrite a file that is there")


def run(options: argparse.Namespace) -> int:
    """Count, weigh, show; the exit status."""
    try:
        _check_output(options)
        counts = _counted(options)
        given = {name: getattr(options, name) for name in ("beta", "alpha", "c")}
        weights = class_weights(
            counts,
            options.scheme,
            normalize=options.normalize,
            missing=options.missing,
            **{name: value for name, value in given.items() if value is not None},
        )
        if options.json is not None:
            options.json.write_text(_json(counts, weights, options), encoding="utf-8")
    except (OSError, TypeError, ValueError) as error:
        print(f"wce-core weights: {error}", file=sys.stderr)
        return 1
    _show(counts, weights, options.scheme)
    return 0


def _check_output(options: argparse.Namespace) -> None:
    """Before all is counted: may the weights be written there?"""
    if options.json is None:
        return
    if options.json.exists() and options.labels.exists() and options.json.samefile(options.labels):
        raise ValueError(f"--json names the file of labels, {options.json}")
    if options.json.is_dir():
        raise ValueError(f"--json names a folder, {options.json}")
    if options.json.exists() and not options.force:
        raise ValueError(f"{options.json} exists; --force overwrites it")
    if not options.json.parent.is_dir():
        raise ValueError(f"--json names the folder {options.json.parent}, which does not exist")


def _missing(text: str) -> str | float:
    try:
        return text if text in ("error", "zero", "one") else float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is none of error, zero, one or a number"
        ) from None


def _counted(options: argparse.Namespace) -> ClassCounts:
    found = source(options.labels, options.column)
    images = options.scheme == "median_frequency" and found.images
    counts = ClassCounts(options.classes, options.kind, per_image=images)
    _update(counts, found, options)
    return counts


def _update(counts: ClassCounts, found: Source, options: argparse.Namespace) -> None:
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    shown = track(
        found.labels, "Counting", total=found.pieces, console=console, transient=True,
        disable=not console.is_terminal or found.pieces == 1,
    )  # fmt: skip
    before = 0
    for number, labels in enumerate(shown):
        try:
            counts.update(labels, ignore_index=options.ignore_index)
        except (TypeError, ValueError) as error:
            file = found.files[number] if found.files else options.labels
            after = f", after {before:,} entries" if before and not found.files else ""
            raise type(error)(f"{file}{after}: {error}") from error
        before += len(labels)


def _show(counts: ClassCounts, weights: np.ndarray, scheme: str) -> None:
    from rich.bar import Bar
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"{counts.items:,} labels, {scheme}", box=None, pad_edge=False)
    for name in ("class", "labels", "share", "weight"):
        table.add_column(name, justify="right")
    table.add_column("", min_width=BAR)
    whole, most = counts.counts.sum(axis=-1, keepdims=True), float(weights.max()) or 1.0
    shares = (counts.counts / np.maximum(whole, 1)).reshape(-1)
    for name, count, share, weight in zip(
        _names(weights), counts.counts.reshape(-1), shares, weights.reshape(-1), strict=True
    ):
        bar = Bar(most, 0, weight, width=BAR, color="cyan")
        table.add_row(name, f"{count:,.10g}", f"{share:.4%}", f"{weight:.6g}", bar)
    Console().print(table)


def _names(weights: np.ndarray) -> list[str]:
    if weights.ndim == 1:
        return [str(k) for k in range(len(weights))]
    return [f"label {k}, {kind}" for k in range(len(weights)) for kind in (0, 1)]


def _json(counts: ClassCounts, weights: np.ndarray, options: argparse.Namespace) -> str:
    found = {
        "scheme": options.scheme,
        "normalize": options.normalize,
        "items": counts.items,
        "counts": counts.counts.tolist(),
        "class_weight": weights.tolist(),
    }
    return json.dumps(found, indent=2) + "\n"
