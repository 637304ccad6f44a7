"""NaN at one class of a row, which makes the whole row NaN, whatever its target is."""

from collections.abc import Iterator
from typing import Any

from wce_conformance.cases.by_hand import INF, NAN, each_dtype, in_turn, multiclass
from wce_conformance.cases.case import Case

PREDICTIONS: dict[str, list[list[float]]] = {
    "logits": [[0.5, NAN, 1.0], [0.0, 1.0, -1.0], [NAN, NAN, NAN]],
    "probabilities": [[0.25, NAN, 0.5], [0.25, 0.5, 0.25], [NAN, 0.0, 1.0]],
    "log_probabilities": [[-0.5, NAN, -1.0], [-0.5, -1.0, -INF], [NAN, -INF, 0.0]],
}
TARGETS: dict[str, list[Any]] = {
    "indices": [0, 1, 2],
    "mass": [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
}
COSTS = [[1.0, 2.0, 9.0], [3.0, 1.0, 9.0], [4.0, 2.0, 9.0]]


def cases() -> Iterator[Case]:
    """All of this theme."""
    yield from each_dtype(_items)
    yield from in_turn(_predicted)
    yield from in_turn(_excluded)


def _items(dtype: str) -> Iterator[Case]:
    for form in ("probabilities", "log_probabilities"):
        for kind, targets in TARGETS.items():
            yield multiclass(
                f"NaN at another class, {form}, {kind}", dtype, PREDICTIONS[form], targets,
                "an index and its one-hot row are the same, and 0 · NaN is NaN",
                "nan", form=form, reduction="none",
            )  # fmt: skip


def _predicted(dtype: str) -> Iterator[Case]:
    for form, rows in PREDICTIONS.items():
        options: dict[str, Any] = {} if form == "logits" else {"form": form}
        for kind, targets in TARGETS.items():
            for reduction in ("none", "parts"):
                yield multiclass(
                    f"NaN predicts no class, {form}, {kind}, {reduction}", dtype, rows, targets,
                    "a cost of NaN: there is no largest prediction",
                    "nan", "argmax", cost_matrix=COSTS, reduction=reduction, **options,
                )  # fmt: skip


def _excluded(dtype: str) -> Iterator[Case]:
    for form, rows in PREDICTIONS.items():
        options: dict[str, Any] = {} if form == "logits" else {"form": form}
        yield multiclass(
            f"NaN under a mask and a cost matrix, {form}", dtype, rows, TARGETS["indices"],
            "what is excluded reaches neither the loss nor any gradient",
            "nan", "excluded", "argmax",
            cost_matrix=COSTS, mask=[False, True, False], reduction="weighted_mean", **options,
        )  # fmt: skip
