"""What the examples share: their options, how they report, and the style of their figures."""

from __future__ import annotations

import argparse
import datetime
import io
import itertools
import json
import statistics
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image
from rich import box
from rich.console import Console
from rich.progress import track
from rich.table import Table

from results import Measure, Scores, table, values, verdict

INK, FAINT = "#333333", "#dddddd"
# Colours of Okabe and Ito, told apart with any colour vision.
COLOURS = ("#000000", "#E69F00", "#0072B2", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#999999")
MARKERS = ("o", "s", "D", "^", "v", "P", "X", "*")


class Run(NamedTuple):
    """One run of one example."""

    name: str
    question: str
    quick: bool
    seeds: range
    folder: Path


def start(file: str, question: str | None) -> Run:
    """What the command line asks of the example in that file; its docstring is the question."""
    question = (question or "").splitlines()[0]
    parser = argparse.ArgumentParser(description=question)
    parser.add_argument("--quick", action="store_true", help="small settings: a few seconds")
    parser.add_argument("--seeds", type=int, help="how many; 3 with --quick, otherwise 5")
    parser.add_argument("--output", type=Path, default=Path("build/examples"), help="a folder")
    given = parser.parse_args()
    seeds = given.seeds or (3 if given.quick else 5)
    if seeds < 2:
        parser.error("a spread takes at least two seeds")
    given.output.mkdir(parents=True, exist_ok=True)
    return Run(Path(file).stem, question, given.quick, range(seeds), given.output)


def trainings(run: Run, settings: Iterable[str]) -> Iterable[tuple[int, str]]:
    """Every setting with every seed, and a bar that shows how far it has come."""
    return track(list(itertools.product(run.seeds, settings)), description=run.name)


def conclude(
    run: Run,
    scores: Scores,
    measures: Sequence[Measure],
    packages: Sequence[str],
    notes: Sequence[str] = (),
) -> None:
    """Print the table and which setting won by the first measure; write both down as JSON."""
    won = verdict(scores, measures[0])
    result = {
        "question": run.question,
        "date": f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}",
        "quick": run.quick,
        "versions": {name: version(name) for name in ("numpy", *packages)},
        "measures": [measure._asdict() for measure in measures],
        "scores": scores,
        "verdict": won,
        "notes": list(notes),
    }
    text = json.dumps(result, indent=1, ensure_ascii=False)
    (run.folder / f"{run.name}.json").write_text(f"{text}\n", encoding="utf-8")
    head, *rows = table(scores, measures)
    shown = Table(title=run.question, box=box.SIMPLE_HEAD, title_justify="left")
    for column in head:
        shown.add_column(column, justify="left" if column == head[0] else "right")
    for row in rows:
        shown.add_row(*row)
    console = Console()
    console.print(shown)
    for sentence in (won, *notes, f"The figure: {run.folder / run.name}.png"):
        console.print(sentence, markup=False, highlight=False)


def figure(title: str, width: float = 11.0, height: float = 4.2) -> Figure:
    """An empty figure, without any state of pyplot."""
    made = Figure(figsize=(width, height), dpi=100, layout="constrained", facecolor="white")
    FigureCanvasAgg(made)
    made.suptitle(title, fontsize=12.5, color=INK, x=0.01, horizontalalignment="left")
    return made


def styled(axes: Any, title: str, x: str = "", y: str = "") -> None:
    """A title, what is on the axes, and little else."""
    axes.set_title(title, fontsize=10.5, color=INK, loc="left")
    axes.set_xlabel(x, fontsize=9, color=INK)
    axes.set_ylabel(y, fontsize=9, color=INK)
    axes.grid(color=FAINT, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(colors=INK, labelsize=8.5, length=0)
    axes.spines[["top", "right", "left", "bottom"]].set_visible(False)


def dots(axes: Any, scores: Scores, measure: Measure, colours: Sequence[str] = COLOURS) -> None:
    """A line for each setting: mean and standard deviation over seeds, and each seed."""
    scale = 100.0 if measure.percent else 1.0
    for i, (setting, colour) in enumerate(zip(scores, itertools.cycle(colours))):
        own = [scale * value for value in values(scores, setting, measure)]
        axes.plot(own, [i - 0.2] * len(own), "o", color=colour, markersize=3.5, alpha=0.55)
        mean, deviation = statistics.fmean(own), statistics.stdev(own)
        axes.errorbar(mean, i, xerr=deviation, color=colour, fmt="o", markersize=7, capsize=3)
    axes.set_yticks(range(len(scores)), list(scores))
    axes.set_ylim(len(scores) - 0.5, -0.6)
    better = "more is better" if measure.higher else "less is better"
    unit = ", %" if measure.percent else ""
    styled(axes, f"{measure.name[0].upper()}{measure.name[1:]}: {better}", f"{measure.name}{unit}")
    axes.tick_params(axis="y", labelsize=9.5)


def band(axes: Any, x: Any, curves: Any, **style: Any) -> None:
    """The mean of (seeds, points) curves, and a band of one standard deviation about it."""
    mean, deviation = curves.mean(axis=0), curves.std(axis=0, ddof=1)
    (line,) = axes.plot(x, mean, **{"linewidth": 1.8, **style})
    axes.fill_between(
        x, mean - deviation, mean + deviation, color=line.get_color(), alpha=0.15, linewidth=0
    )


def save(run: Run, made: Figure, spread: str = "") -> None:
    """Write the PNG, with a line that says what the spread is."""
    said = f"{spread} over {len(run.seeds)} seeds" if spread else ""
    made.supxlabel(said, fontsize=8.5, color="#666666", x=0.99, horizontalalignment="right")
    pixels = io.BytesIO()
    made.savefig(pixels)
    small = Image.open(pixels).convert("RGB").quantize(256, kmeans=3, dither=Image.Dither.NONE)
    small.save(run.folder / f"{run.name}.png", optimize=True)
