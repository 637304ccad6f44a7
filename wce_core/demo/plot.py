"""The demo's picture: loss, recall and precision while the models learn."""

from __future__ import annotations

from collections.abc import Sequence
from math import log
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from .weightings import Choice

INK, FAINT = "#333333", "#dddddd"
# Colours of Okabe and Ito, told apart with any colour vision; the lines differ in dashes too.
STYLES: tuple[dict[str, Any], ...] = (
    {"color": "#000000", "linestyle": "-"},
    {"color": "#0072B2", "linestyle": "-"},
    {"color": "#E69F00", "linestyle": (0, (4, 2))},
    {"color": "#D55E00", "linestyle": (0, (1, 1))},
)

TITLES = (
    "Training loss, weighted mean",
    "Recall: how many of the eights are found",
    "Precision: how many of the finds are eights",
)


class Curves(NamedTuple):
    """One weighting: a value before the first step, and after each."""

    loss: Sequence[float]
    recall: Sequence[float]
    precision: Sequence[float]


def save(path: Path, choices: Sequence[Choice], curves: Sequence[Curves]) -> None:
    """Three panels side by side, without any state of pyplot."""
    figure = Figure(figsize=(11.5, 4.4), dpi=160, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, 3)
    for panel, title, values in zip(panels, TITLES, zip(*curves, strict=True), strict=True):
        _draw(panel, title, values)
    _annotate_start(panels[0])
    for panel in panels[1:]:
        panel.set_ylim(0.0, 1.03)
        panel.yaxis.set_major_formatter(PercentFormatter(1.0))
    _explain(figure, panels[0].lines, choices)
    figure.savefig(path)


def _draw(panel: Any, title: str, values: Sequence[Sequence[float]]) -> None:
    for style, series in zip(STYLES, values, strict=True):
        panel.plot(np.arange(len(series)), series, linewidth=1.8, **style)
        panel.plot(len(series) - 1, series[-1], "o", color=style["color"], markersize=4.5)
    panel.set_title(title, fontsize=10.5, color=INK, loc="left")
    panel.set_xlabel("steps of gradient descent", fontsize=9, color=INK)
    panel.set_xlim(0, (len(values[0]) - 1) * 1.03)
    panel.grid(color=FAINT, linewidth=0.7)
    panel.tick_params(colors=INK, labelsize=8.5, length=0)
    for side in ("top", "right", "left"):
        panel.spines[side].set_visible(False)
    panel.spines["bottom"].set_color(INK)


def _annotate_start(panel: Any) -> None:
    panel.set_ylim(0.0, 0.75)
    panel.annotate(
        "ln 2 with any weights: the weighted\nmean of equal losses is that loss",
        (0, log(2)),
        xytext=(18, 0),
        textcoords="offset points",
        verticalalignment="center",
        fontsize=8.5,
        color=INK,
        arrowprops={"arrowstyle": "-", "color": INK, "linewidth": 0.7},
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
    )


def _explain(figure: Figure, lines: Sequence[Any], choices: Sequence[Choice]) -> None:
    figure.legend(
        lines[::2],  # the others are the dots at the ends
        [_legend(choice) for choice in choices],
        loc="outside lower center",
        ncols=len(choices),
        frameon=False,
        fontsize=9,
        handlelength=2.6,
        columnspacing=2.4,
    )
    figure.suptitle(
        "Is this digit an 8?  Weights trade missed eights for false ones", fontsize=12, color=INK
    )


def _legend(choice: Choice) -> str:
    counts = f"an 8 counts {choice.ratio:.3g} ×" if choice.arguments else "all count the same"
    return f"{choice.label}: {counts}"
