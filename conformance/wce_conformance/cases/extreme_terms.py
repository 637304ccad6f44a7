"""Losses of other terms where p is 0 or 1, or next to it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from wce_conformance.cases.by_hand import INF, NAN, binary, in_turn, multiclass
from wce_conformance.cases.case import Case
from wce_conformance.oracle import LOSSES, Probabilities

FLAG = "saturation_of_term"
OWN: dict[str, tuple[dict[str, Any], ...]] = {
    "focal_cross_entropy": ({"gamma": 2.0}, {"gamma": 0.5}),
    "binary_focal_cross_entropy": ({"gamma": 0.5}, {"gamma": 3.0}),
    "poly_cross_entropy": ({"epsilon": -1.0}, {"epsilon": 2.0}),
    "generalized_cross_entropy": ({"q": 0.7}, {"q": 1.0}),
    "asymmetric_loss": (
        {"gamma_positive": 1.0, "gamma_negative": 4.0, "margin": 0.0625},
        {"gamma_positive": 0.0, "gamma_negative": 0.5, "margin": 0.25},
    ),
}
"""What each loss is called with, in turn."""


def cases() -> Iterator[Case]:
    """All of this theme."""
    for loss in OWN:
        yield from _of(loss, _multiclass if LOSSES[loss].categorical else _binary)
    yield from _of("asymmetric_loss", _bounded)


def _of(loss: str, write: Callable[[str], Iterator[Case]]) -> Iterator[Case]:
    turns = OWN[loss]
    for number, case in enumerate(in_turn(write)):
        name, own = case.id.partition("/")[2], turns[number % len(turns)]
        arguments = {**case.arguments, **own}
        yield replace(case, id=f"{loss}/{name}", loss=loss, arguments=arguments)


def _far(dtype: str) -> float:
    return 6e4 if dtype == "float16" else 1e4


def _multiclass(dtype: str) -> Iterator[Case]:
    far = _far(dtype)
    rows = [[far, -far, 0.0], [20.0, 0.0, 1.0], [60.0, -5.0, 2.0], [0.0, 0.25, -0.5]]
    for labels, sides in (([0, 0, 0, 0], "right"), ([1, 2, 1, 2], "wrong")):
        yield multiclass(
            f"certain and {sides}", dtype, rows, labels, "p next to 1, or to 0", FLAG,
            reduction="none",
        )  # fmt: skip
    yield multiclass(
        "certain, soft targets", dtype, rows, [[0.5, 0.25, 0.25]] * 4, "p next to 1 and to 0", FLAG,
        reduction="weighted_mean", class_weight=[1.0, 0.0, 3.0],
    )  # fmt: skip
    yield multiclass(
        "impossible classes", dtype, [[-INF, 0.0, 1.0], [-INF, 0.0, 1.0], [NAN, 0.0, 1.0]],
        [1, 0, 0], "∞ under mass, NaN of one item", FLAG, reduction="none",
    )  # fmt: skip
    yield multiclass(
        "probabilities 0 and 1", dtype, [[1.0, 0.0], [0.0, 1.0], [0.5, 0.5], [0.0, 1.0]],
        [0, 1, 1, 0], "p of 1 costs 0; a weight of 0 silences an infinite loss", FLAG,
        form="probabilities", sample_weight=[1.0, 2.0, 3.0, 0.0], reduction="sum",
    )  # fmt: skip
    yield multiclass(
        "probabilities beyond 1", dtype, [[1.0, 0.0], [0.75, 0.25]], [[1.0, 0.0], [0.5, 0.5]],
        "with an offset p may count as more than 1", FLAG,
        form=Probabilities(offset=0.125), reduction="sum",
    )  # fmt: skip
    yield multiclass(
        "log-probabilities", dtype, [[0.0, -INF], [-0.25, -1.5], [-far, 0.0]], [0, 1, 0],
        "of 0, and far from it", FLAG, form="log_probabilities", reduction="mean",
    )  # fmt: skip
    yield multiclass(
        "smoothed, far apart", dtype, [[60.0, 0.0, -4.0], [0.0, 59.0, 3.0]], [0, 1],
        "all that is left of the gradient is of classes next to impossible", FLAG,
        label_smoothing=0.25, reduction="none",
    )  # fmt: skip


def _binary(dtype: str) -> Iterator[Case]:
    far = _far(dtype)
    logits = [[far, -far, 0.0], [20.0, -20.0, 1.0], [60.0, -60.0, -0.5]]
    for labels, sides in (([[1, 0, 1]] * 3, "right"), ([[0, 1, 0]] * 3, "wrong")):
        yield binary(
            f"certain and {sides}", dtype, logits, labels, "p next to 1, or to 0", FLAG,
            reduction="none",
        )  # fmt: skip
    yield binary(
        "certain, soft targets", dtype, logits, [[0.25, 0.5, 1.0]] * 3, "p next to 1 and to 0",
        FLAG, reduction="weighted_mean", class_weight=[[1.0, 0.0], [2.0, 3.0], [0.0, 1.0]],
    )  # fmt: skip
    yield binary(
        "infinite logits", dtype, [INF, -INF, INF, NAN], [1, 1, 0, 0],
        "0 where they are right, ∞ where they are wrong, NaN of one item", FLAG, reduction="none",
    )  # fmt: skip
    yield binary(
        "probabilities 0 and 1", dtype, [1.0, 0.0, 0.5, 0.0], [1, 0, 1, 1],
        "p of 1 costs 0; a weight of 0 silences an infinite loss", FLAG,
        form="probabilities", sample_weight=[1.0, 2.0, 3.0, 0.0], reduction="sum",
    )  # fmt: skip
    yield binary(
        "log-probabilities", dtype, [0.0, -0.25, -far, -2.0**-10], [1.0, 0.0, 1.0, 0.5],
        "of 0, and far from it", FLAG, form="log_probabilities", reduction="mean",
    )  # fmt: skip
    for form, values in (("log_probabilities", [0.0, -0.5]), ("probabilities", [1.0, 0.5])):
        yield binary(
            f"impossible class 0, {form}", dtype, values, [0, 0],
            "infinite, or by a margin finite, with a gradient of 0", FLAG, form=form,
            reduction="none",
        )  # fmt: skip


def _bounded(dtype: str) -> Iterator[Case]:
    """Class 0 with a margin, of targets that are of both classes."""
    for form, values in (("log_probabilities", [0.0, -0.5]), ("probabilities", [1.0, 0.5])):
        yield binary(
            f"impossible in part, {form}", dtype, values, [0.625, 0.25],
            "by a margin finite, with a gradient of 0", FLAG, form=form, reduction="sum",
        )  # fmt: skip
