"""The demo's tables and sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isnan

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .comparison import EPS, Agreement
from .data import Data
from .frameworks import Framework, advice
from .metrics import Metrics
from .weightings import Choice

REFERENCE = "numpy"
LEGEND = (
    "native: computed in float32, as each framework rounds. The largest relative difference of any "
    f"loss, and of any element of a gradient, in units of float32's eps = {EPS:.1e}.\n"
    "exact: computed in float64 and rounded. Losses, gradients and trained parameters, compared "
    "bit by bit; each framework trained its own models from the same start."
)


def introduce(console: Console, data: Data, steps: int, names: Sequence[str]) -> None:
    """What is about to happen."""
    eights = int(data.train.is_eight.sum())
    count = len(data.train.is_eight)
    console.print(
        f"Is this handwritten digit an 8? {count:,} images to learn from, {eights} of them eights "
        f"({eights / count:.1%}), and {len(data.test.is_eight)} to be judged by. A logistic "
        f"regression, {steps} steps of gradient descent from zeros, in four weightings, trained "
        f"anew in each framework: {', '.join(names)}.\n",
        highlight=False,
    )


def show_weightings(
    console: Console, choices: Sequence[Choice], metrics: Sequence[Metrics]
) -> None:
    """One line per weighting, on images that were not trained on."""
    table = Table(title="\nOn the images not trained on, at threshold 0.5", box=box.SIMPLE_HEAD)
    table.add_column("weighting", no_wrap=True)
    for name in ("an 8 counts", "loss", "recall", "precision", "accuracy"):
        table.add_column(name, justify="right")
    for choice, own in zip(choices, metrics, strict=True):
        shares = map(_percent, (own.recall, own.precision, own.accuracy))
        table.add_row(choice.label, f"{choice.ratio:.1f} ×", f"{own.loss:.4f}", *shares)
    console.print(table)
    console.print(_moral(choices, metrics), highlight=False)


def _percent(share: float) -> str:
    return "–" if isnan(share) else f"{share:.1%}"


def _moral(choices: Sequence[Choice], metrics: Sequence[Metrics]) -> str:
    plain, heavy = metrics[0], metrics[-1]
    return (
        f"Where an 8 counts {choices[-1].ratio:.0f} times as much as another digit, recall goes "
        f"from {_percent(plain.recall)} to {_percent(heavy.recall)} and precision from "
        f"{_percent(plain.precision)} to {_percent(heavy.precision)}: fewer eights are missed, and "
        "more other digits are taken for one. The loss is the weighted mean Σ weight · loss / Σ "
        "weight, so only the ratio of the weights counts; losses of different weightings are "
        "different measures."
    )


def show_agreement(
    console: Console, frameworks: Sequence[Framework], agreements: Mapping[str, Agreement]
) -> None:
    """One line per framework."""
    if not agreements:
        console.print("\nNumPy is alone here, so there is nothing to compare it with.")
        return
    table = Table(
        title="\nDifference from NumPy, over all steps of all trainings", box=box.SIMPLE_HEAD
    )
    table.add_column("framework")
    table.add_column("version")
    for name in ("native: loss", "native: gradient", "exact: differing"):
        table.add_column(name, justify="right")
    for one in frameworks:
        if one.backend is not None:
            version = one.backend.describe().version
            table.add_row(one.name, version, *_agreement_cells(agreements.get(one.name)))
    console.print(table)
    console.print(LEGEND, highlight=False)


def _agreement_cells(own: Agreement | None) -> tuple[str | Text, ...]:
    if own is None:
        return "reference", "reference", "reference"
    exact = Text(f"{own.differing:,} of {own.compared:,}", "bold red" if own.differing else "green")
    return f"{own.native_loss:.2f} eps", f"{own.native_gradient:.2f} eps", exact


def conclude(console: Console, frameworks: Sequence[Framework], plot: str) -> None:
    """Where the plot is, and which frameworks could be added."""
    # A path is not wrapped, so that it can be copied.
    console.print(
        f"\nThe plot of loss, recall and precision:\n{plot}", highlight=False, soft_wrap=True
    )
    for one in frameworks:
        if one.trouble:
            message = f"\n{one.name} is installed, but cannot be imported. {one.trouble}"
            console.print(message, markup=False, highlight=False)
    absent = [one.name for one in frameworks if one.backend is None and not one.trouble]
    if absent:
        console.print(f"\n{advice(absent)}", markup=False, highlight=False)
