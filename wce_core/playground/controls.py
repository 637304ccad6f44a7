"""What can be moved, and which values it takes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any, NamedTuple

CLASSES = ("common", "medium", "rare")
"""The classes of the small data set, by their places."""


class Control(NamedTuple):
    """A slider, or a choice where the values are words."""

    name: str
    label: str
    values: tuple[Any, ...]
    start: int
    """The place of the value that it begins with."""


COUNTS = (5, 10, 20, 50, 100, 200)
STARTS = (200, 50, 10)
"""Items of each class at the start."""
WEIGHTS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 40.0)
SMOOTHING = (0.0, 0.05, 0.1, 0.2, 0.4)
REDUCTIONS = ("mean", "weighted_mean", "sum")
FORMS = ("logits", "probabilities")


def _counts() -> list[Control]:
    return [
        Control(f"count{k}", f"items, {name}", COUNTS, COUNTS.index(start))
        for k, (name, start) in enumerate(zip(CLASSES, STARTS, strict=True))
    ]


def weights(names: tuple[str, ...]) -> list[Control]:
    """A slider for the weight of each class."""
    start = WEIGHTS.index(1.0)
    return [
        Control(f"weight{k}", f"weight, {name}", WEIGHTS, start) for k, name in enumerate(names)
    ]


SMOOTH = Control("smoothing", "label smoothing", SMOOTHING, 0)
REDUCE = Control("reduction", "reduction", REDUCTIONS, 0)
FORM = Control("form", "the scores are", FORMS, 0)
LIVE = (*_counts(), *weights(CLASSES), SMOOTH, REDUCE)
"""Of the page that this machine serves."""
SITE = (
    Control("count1", "items, medium", (10, 50, 200), 1),
    Control("count2", "items, rare", (5, 10, 50), 1),
    Control("weight1", "weight, medium", (1.0, 4.0, 20.0), 0),
    Control("weight2", "weight, rare", (1.0, 5.0, 20.0), 0),
    Control("smoothing", "label smoothing", (0.0, 0.1), 0),
    REDUCE,
)
"""Of the page of the site, which has the answers to all of their values."""


def every(controls: tuple[Control, ...]) -> Iterator[tuple[str, dict[str, Any]]]:
    """All places of the controls, as ``"0,2,1"``, and the values there."""
    for places in product(*(range(len(control.values)) for control in controls)):
        values = {c.name: c.values[i] for c, i in zip(controls, places, strict=True)}
        yield ",".join(map(str, places)), values
