"""The demo from beginning to end."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from wce_core.frameworks.registry import BUILT_IN

from . import plot, report
from .comparison import Agreement, compare
from .data import Data, load
from .frameworks import Framework, framework
from .metrics import NOTHING_SAID, judge
from .training import Training, train
from .weightings import Choice, choices


def run(
    steps: int = 200,
    output: Path = Path("wce-core-demo.png"),
    frameworks: Sequence[str] | None = None,
    console: Console | None = None,
) -> dict[str, Agreement]:
    """Train, print the tables, save the plot; how each framework agrees with NumPy.

    ``frameworks`` names those to use beside NumPy; None: all that are installed.
    """
    console = console or Console()
    data = load()
    weightings = choices(data.train.is_eight)
    with console.status("Importing frameworks"):
        found = [framework(name) for name in BUILT_IN if _wanted(name, frameworks)]
    report.introduce(console, data, steps, [one.name for one in found if one.backend])
    trainings = _train_all(console, found, data, weightings, steps)
    reference = trainings.pop(report.REFERENCE)
    agreements = {name: compare(own, reference) for name, own in trainings.items()}
    pairs = list(zip(reference, weightings, strict=True))
    report.show_weightings(
        console, weightings, [judge(data.test, own.models[-1], choice) for own, choice in pairs]
    )
    report.show_agreement(console, found, agreements)
    plot.save(output, weightings, [_curves(data, own, choice) for own, choice in pairs])
    report.conclude(console, found, str(output))
    return agreements


def _wanted(name: str, frameworks: Sequence[str] | None) -> bool:
    return frameworks is None or name == report.REFERENCE or name in frameworks


def _train_all(
    console: Console,
    found: Sequence[Framework],
    data: Data,
    weightings: Sequence[Choice],
    steps: int,
) -> dict[str, list[Training]]:
    """Every weighting in every framework, with a bar per framework."""
    trainings: dict[str, list[Training]] = {}
    columns = (TextColumn("{task.description:12}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TextColumn("steps"), TimeElapsedColumn(), console=console) as progress:
        for one in found:
            if one.backend is None:
                continue
            task = progress.add_task(one.name, total=steps * len(weightings))
            advance = functools.partial(progress.advance, task)
            trainings[one.name] = [
                train(one.backend, data.train, choice.arguments, steps, advance)
                for choice in weightings
            ]
    return trainings


def _curves(data: Data, training: Training, choice: Choice) -> plot.Curves:
    """The loss on what was trained on, recall and precision on what was not."""
    seen = [judge(data.train, model, choice) for model in training.models]
    unseen = [judge(data.test, model, choice) for model in training.models]
    unseen[0] = NOTHING_SAID
    return plot.Curves(
        [one.loss for one in seen],
        [one.recall for one in unseen],
        [one.precision for one in unseen],
    )
