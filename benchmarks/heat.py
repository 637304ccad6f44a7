"""Heat maps of the plane, and how many of its cells meet what was set."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from math import log2
from pathlib import Path
from typing import Any

import matplotlib as mpl

from benchmarks.table import table

Row = dict[str, Any]

MAP = ("mode", "loss", "precision", "what")
"""What the cells of one map have in common."""
DOUBLINGS = 2.0
"""Ratios of 1/4 and 4 have the strongest colours, 1 has none."""
DARK = 1.5
"""Doublings from which letters are white."""
NAMES = {"F": "torch.nn.functional", "sklearn _loss": "scikit-learn's compiled losses"}
SUMMARY = (*MAP, "goals", "aim met", "must met", "missed", "largest ratio")
MET, MISSED = "aim met", "**missed**"


def _of_map(row: Row) -> tuple[str, ...]:
    return tuple(row[name] for name in MAP)


def _maps(result: dict[str, Any]) -> dict[tuple[str, ...], list[Row]]:
    rows = sorted(result["plane"], key=_of_map)
    return {key: list(own) for key, own in groupby(rows, _of_map)}


def summary(result: dict[str, Any]) -> Iterator[str]:
    """A line for each map: how many cells have goals and meet them, and the worst one."""
    return table(SUMMARY, _counts(result))


def _counts(result: dict[str, Any]) -> Iterator[tuple[object, ...]]:
    for key, rows in _maps(result).items():
        own = [row for row in rows if row["verdict"]]
        worst = max(own or rows, key=lambda row: row["median"])
        verdicts = [row["verdict"] for row in own]
        counts = [sum(v.startswith(kind) for v in verdicts) for kind in (MET, "must met", MISSED)]
        where = f"{worst['median']:.2f} at {worst['items']} × {worst['classes']}"
        yield *key, len(own), *counts, where


def heat_maps(result: dict[str, Any], file: Path) -> None:
    """A picture of all maps of a framework: a column for each precision, with and without gradient.

    Blue is faster than the peer, red slower, white equally fast.
    """
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    maps = _maps(result)
    lines = sorted({key[:2] for key in maps}, key=lambda key: (key[0], key[1] != "CE"))
    columns = sorted(
        {key[2:] for key in maps}, key=lambda key: (key[0] == "exact", key[1] == "value")
    )
    size = (4.2 * len(columns), 2.9 * len(lines) + 0.6)
    figure, axes = plt.subplots(
        len(lines), len(columns), figsize=size, squeeze=False, layout="constrained"
    )
    for line, own in zip(lines, axes, strict=True):
        for column, axis in zip(columns, own, strict=True):
            rows = maps.get((*line, *column))
            if rows is None:
                axis.set_axis_off()
            else:
                _draw(axis, rows, f"{line[1]}, {line[0]}, {column[0]}, {column[1]}")
    versions = ", ".join(f"{name} {version}" for name, version in result["versions"].items())
    peer = result["plane"][0]["peer"]
    figure.suptitle(f"Our time over that of {NAMES.get(peer, peer)}: {versions}")
    figure.savefig(file, dpi=110)
    plt.close(figure)


def _draw(axis: Any, rows: list[Row], title: str) -> None:
    from matplotlib.patches import Rectangle

    items = sorted({row["items"] for row in rows})
    classes = sorted({row["classes"] for row in rows})
    shades = [[float("nan")] * len(classes) for _ in items]
    for row in rows:
        i, j = items.index(row["items"]), classes.index(row["classes"])
        shades[i][j] = log2(row["median"])
        weight = "bold" if row["verdict"].startswith(MET) else "normal"
        colour = "white" if abs(shades[i][j]) > DARK else "black"
        text: Row = {"ha": "center", "va": "center", "weight": weight, "color": colour}
        axis.text(j, i, f"{row['median']:.2f}", **text)
        if row["verdict"].startswith(MISSED):
            frame: Row = {"fill": False, "edgecolor": "#b00020", "linewidth": 2}
            axis.add_patch(Rectangle((j - 0.46, i - 0.46), 0.92, 0.92, **frame))
    axis.imshow(shades, cmap="RdBu_r", vmin=-DOUBLINGS, vmax=DOUBLINGS, aspect="auto", alpha=0.75)
    axis.set_xticks(range(len(classes)), [f"{c:,}" for c in classes])
    axis.set_yticks(range(len(items)), [f"{n:,}" for n in items])
    axis.set_xlabel("classes" if "BCE" not in title else "labels")
    axis.set_ylabel("items")
    axis.set_title(title, fontsize=10)
