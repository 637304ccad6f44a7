"""Cases after faults that were reported of other libraries, in their own trackers."""

from __future__ import annotations

from collections.abc import Iterator

from wce_conformance.cases import Case
from wce_conformance.cases.by_hand import each_dtype, in_turn, multiclass

LOGITS = [[0.5, -1.0, 2.0], [1.0, 0.0, -0.5], [2.0, 1.5, -3.0], [-1.0, 0.5, 0.0]]


def reported_cases() -> list[Case]:
    """All of them; ids are unique among all cases."""
    return [*in_turn(_ignored_labels), *each_dtype(_smoothing)]


def _ignored_labels(dtype: str) -> Iterator[Case]:
    """What is left out is not looked up, not smoothed, and not counted."""
    for ignored, where in ((255, "beyond the classes"), (1, "that is a class"), (-1, "of −1")):
        labels = [2, ignored, 0, ignored]
        for reduction in ("mean", "weighted_mean"):
            yield multiclass(
                f"an ignored label {where}, class weights, {reduction}", dtype, LOGITS, labels,
                "no weight is looked up for it, and none counts",
                "ignored_label", "denominator",
                class_weight=[0.5, 3.0, 1.0], ignore_index=ignored, reduction=reduction,
            )  # fmt: skip
        yield multiclass(
            f"an ignored label {where}, smoothing", dtype, LOGITS, labels,
            "no mass is smoothed over its row, and it does not count",
            "ignored_label", "smoothing",
            label_smoothing=0.125, ignore_index=ignored,
        )  # fmt: skip


def _smoothing(dtype: str) -> Iterator[Case]:
    """Over all classes, however they are stored, and where their probabilities underflow."""
    rows = [[-1000.0, 0.5, 2.0, -3.0, 1000.0, 0.0, 1.0], [0.25, 0.5, 2.0, -3.0, 4.0, 0.0, 1.0]]
    for kind in ("uniform", "others"):
        yield multiclass(
            f"smoothing {kind} over seven classes of which some underflow", dtype, rows, [4, 1],
            "the mass of every class is a share of all of them, and −log p of p = e^−1000 is 1000",
            "smoothing", "saturation",
            label_smoothing=0.125, reduction="none",
            **({"smoothing": kind} if kind == "others" else {}),
        )  # fmt: skip
