"""Denominators of 0 above items that are not finite, and weights of 0 in a geometric mean."""

from collections.abc import Iterator
from typing import Any

from wce_conformance.cases.by_hand import INF, NAN, binary, in_turn, multiclass
from wce_conformance.cases.case import Case

ROWS = [[NAN, 0.0, 1.0], [-INF, -INF, -INF], [0.5, INF, 0.0], [0.5, -1.0, 2.0]]
PROBABILITIES = [[NAN, 0.25, 0.5], [0.0, 0.5, 0.5], [0.25, 0.25, 0.5], [1.0, 0.0, 0.0]]
LABELS = [0, 1, 2, 0]


def cases() -> Iterator[Case]:
    """All of this theme."""
    yield from in_turn(_multiclass)
    yield from in_turn(_binary)
    yield from in_turn(_geometric)


def _multiclass(dtype: str) -> Iterator[Case]:
    ways: dict[str, dict[str, Any]] = {
        "sample weights": {"sample_weight": [0.0] * 4},
        "class weights": {"class_weight": [0.0] * 3},
        "class weights, smoothed": {"class_weight": [0.0] * 3, "label_smoothing": 0.1},
    }
    for reduction in ("weighted_mean", "nonzero_mean"):
        for empty in ("zero", "nan"):
            for way, arguments in ways.items():
                yield multiclass(
                    f"{way} of 0 over NaN, {reduction}, {empty}", dtype, ROWS, LABELS,
                    "over a denominator of 0 the gradient is 0, whatever the items are",
                    "zero_denominator", reduction=reduction, empty=empty, **arguments,
                )  # fmt: skip
    yield multiclass(
        "no mass over NaN", dtype, ROWS, [[0.0] * 3] * 4,
        "over a denominator of 0 the gradient is 0, whatever the items are",
        "zero_denominator", "zero_mass", reduction="weighted_mean",
    )  # fmt: skip
    yield multiclass(
        "a normalizer of 0 over NaN", dtype, ROWS, LABELS,
        "over a denominator of 0 the gradient is 0, whatever the items are",
        "zero_denominator", reduction="sum", normalizer=0.0,
    )  # fmt: skip
    yield multiclass(
        "probabilities, weights of 0 over NaN", dtype, PROBABILITIES, LABELS,
        "over a denominator of 0 the gradient is 0, whatever the items are",
        "zero_denominator", form="probabilities", sample_weight=[0.0] * 4,
        reduction="weighted_mean",
    )  # fmt: skip


def _binary(dtype: str) -> Iterator[Case]:
    for kind, y in (("labels", [1.0, 0.0, 0.0, 1.0]), ("soft", [0.25, 0.5, 0.75, 1.0])):
        for way in ("sample_weight", "class_weight"):
            yield binary(
                f"{way} of 0 over NaN, {kind}", dtype, [NAN, -INF, INF, 0.5], y,
                "over a denominator of 0 the gradient is 0, whatever the items are",
                "zero_denominator", reduction="weighted_mean",
                **{way: [0.0] * (4 if way == "sample_weight" else 2)},
            )  # fmt: skip
    yield binary(
        "a normalizer of 0 over NaN", dtype, [NAN, -INF, INF, 0.5], [1.0, 0.0, 1.0, 1.0],
        "over a denominator of 0 the gradient is 0, whatever the items are",
        "zero_denominator", reduction="sum", normalizer=0.0, empty="nan",
    )  # fmt: skip


def _geometric(dtype: str) -> Iterator[Case]:
    """Of a product with a factor of 0 the other factors have the derivative 0, not 0 · ∞."""
    x, y = [[0.5], [-1.0], [2.0]], [[0.25], [1.0], [0.0]]
    for w, pos in (([1.0, 0.0], 3.0), ([1.0, 2.0], 0.0), ([0.0, 0.0], 0.0), ([0.0, 2.0], 3.0)):
        yield binary(
            f"geometric, class weights {w[0]:g}, {w[1]:g}, pos_weight {pos:g}", dtype, x, y,
            "a weight of 0 leaves finite gradients to the other weights",
            "soft_weighting", "zero_weight", class_weight=w, pos_weight=[pos],
            sample_weight=[1.0, 2.0, 0.0], soft_weighting="geometric", reduction="sum",
        )  # fmt: skip
    yield multiclass(
        "geometric, two class weights of 0", dtype,
        [[0.5, -1.0, 2.0], [1.0, 0.0, -0.5]], [[0.5, 0.25, 0.25], [0.0, 0.5, 0.5]],
        "a weight of 0 leaves finite gradients to the other weights",
        "soft_weighting", "zero_weight", class_weight=[0.0, 0.0, 2.0],
        sample_weight=[0.0, 1.0], soft_weighting="geometric", reduction="sum",
    )  # fmt: skip
