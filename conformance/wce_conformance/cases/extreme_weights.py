"""Weights that are 0, huge or tiny, all items excluded, and denominators of 0."""

from collections.abc import Iterator

from wce_conformance.cases.by_hand import binary, each_dtype, in_turn, multiclass
from wce_conformance.cases.case import Case
from wce_conformance.oracle import Probabilities

INF = float("inf")
LOGITS = [[0.5, -1.0, 2.0], [1.0, 0.0, -0.5], [2.0, 2.0, -3.0]]
LABELS = [0, 2, 1]
MEANS = ("mean", "mean_over_all", "weighted_mean", "nonzero_mean", "batch_mean")


def cases() -> Iterator[Case]:
    """All of this theme."""
    yield from in_turn(_zero)
    yield from each_dtype(_sizes)
    yield from in_turn(_silenced)
    yield from in_turn(_all_excluded)
    yield from in_turn(_costs)
    yield from in_turn(_mappings)


def _zero(dtype: str) -> Iterator[Case]:
    for reduction in MEANS:
        yield multiclass(
            f"some weights 0, {reduction}",
            dtype,
            LOGITS,
            LABELS,
            "each mean has its own denominator",
            "zero_weight",
            "denominator",
            sample_weight=[0.0, 1.5, 2.0],
            class_weight=[1.0, 0.0, 2.0],
            reduction=reduction,
        )
    yield multiclass(
        "all weights 0",
        dtype,
        LOGITS,
        LABELS,
        "loss 0 and gradient 0, not 0/0",
        "zero_weight",
        "denominator",
        sample_weight=[0.0, 0.0, 0.0],
        reduction="weighted_mean",
    )
    yield binary(
        "all weights 0, NaN wanted",
        dtype,
        [0.5, -1.0],
        [1, 0],
        "NaN for an empty mean, but the gradient is 0",
        "zero_weight",
        "denominator",
        class_weight=[0.0, 0.0],
        reduction="nonzero_mean",
        empty="nan",
    )


def _silenced(dtype: str) -> Iterator[Case]:
    about = "0 · ∞ is 0 in the gradient to the mass, too"
    for reduction in ("sum", "weighted_mean"):
        yield multiclass(
            f"weight 0 over an infinite loss of mass, {reduction}",
            dtype,
            [[0.5, 0.0, 0.5], [0.25, 0.5, 0.25]],
            [[0.5, 0.5, 0.0], [1.0, 0.0, 0.5]],
            about,
            "zero_weight",
            "impossible",
            form="probabilities",
            sample_weight=[0.0, 2.0],
            reduction=reduction,
        )
        yield binary(
            f"weight 0 over an infinite loss of soft targets, {reduction}",
            dtype,
            [INF, -INF, 0.5],
            [0.0, 0.25, 0.75],
            about,
            "zero_weight",
            "impossible",
            sample_weight=[0.0, 0.0, 2.0],
            reduction=reduction,
        )

    yield multiclass(
        "weight 0 over an infinite loss of a class",
        dtype,
        [[0.5, 0.0, 0.5], [0.25, 0.5, 0.25]],
        [1, 0],
        about,
        "zero_weight",
        "impossible",
        form=Probabilities(normalize="after"),
        sample_weight=[0.0, 2.0],
    )
    for form, predictions in (
        ("probabilities", [0.0, 1.0, 0.5]),
        ("log_probabilities", [0.0, 0.0, -1.0]),
    ):
        yield binary(
            f"weight 0 over an infinite loss of soft {form}",
            dtype,
            predictions,
            [0.5, 0.25, 0.75],
            about,
            "zero_weight",
            "impossible",
            form=form,
            sample_weight=[0.0, 0.0, 2.0],
            reduction="weighted_mean",
        )


def _sizes(dtype: str) -> Iterator[Case]:
    for weights in ([1e30, 1.0, 1e-30], [1e-30, 1e-30, 3e-30], [1e30, 2e30, 1e30]):
        name = ", ".join(f"{weight:g}" for weight in weights)
        yield multiclass(
            f"sample weights {name}",
            dtype,
            LOGITS,
            LABELS,
            "a weighted mean is of ordinary size",
            "weight_size",
            sample_weight=weights,
            reduction="weighted_mean",
        )
    yield multiclass(
        "products of weights beyond float32",
        dtype,
        LOGITS,
        LABELS,
        "1e30 · 1e30 overflows float32, the weighted mean does not",
        "weight_size",
        sample_weight=[1e30, 2e30, 1e30],
        class_weight=[1e30, 1e30, 3e30],
        reduction="weighted_mean",
    )
    if dtype != "float16":
        yield binary(
            "weights 1e30 and 1e-30, summed",
            dtype,
            [0.5, -1.0, 2.0],
            [1, 0, 1],
            "the gradient is as large or small as its weight",
            "weight_size",
            sample_weight=[1e30, 1e-30, 1.0],
            reduction="none",
        )


def _all_excluded(dtype: str) -> Iterator[Case]:
    for reduction in (*MEANS, "parts", "none"):
        for empty in ("zero", "nan"):
            yield multiclass(
                f"all excluded, {reduction}, {empty}",
                dtype,
                LOGITS,
                LABELS,
                "an empty mean is 0 or NaN; its gradient is 0",
                "excluded",
                "denominator",
                mask=[False, False, False],
                reduction=reduction,
                empty=empty,
            )


def _costs(dtype: str) -> Iterator[Case]:
    matrix = [[0.0, 1.0, 5.0], [2.0, 0.5, 1.0], [10.0, 3.0, 0.25]]
    for reduction in ("none", "weighted_mean"):
        yield multiclass(
            f"a cost matrix, {reduction}",
            dtype,
            LOGITS,
            LABELS,
            "rows are true classes, columns predicted ones; ties predict the lowest",
            "cost_matrix",
            cost_matrix=matrix,
            reduction=reduction,
        )
    yield multiclass(
        "costs of soft targets",
        dtype,
        LOGITS,
        [[0.5, 0.25, 0.25], [0.0, 3.0, 1.0], [1.0, 0.0, 0.0]],
        "shares before smoothing, whatever the mass",
        "cost_matrix",
        cost_matrix=matrix,
        label_smoothing=0.2,
        class_weight=[1.0, 2.0, 0.5],
        reduction="none",
    )
    yield multiclass(
        "a weight per predicted class",
        dtype,
        LOGITS,
        LABELS,
        "equal rows weigh by the predicted class",
        "cost_matrix",
        cost_matrix=[[1.0, 2.0, 4.0]] * 3,
        reduction="none",
    )


def _mappings(dtype: str) -> Iterator[Case]:
    yield binary(
        "class weights by name",
        dtype,
        [0.5, -1.0, 2.0, 0.25],
        [1, 0, 0, 1],
        "{0: w0, 1: w1}, whatever the order",
        "class_weight",
        class_weight={"1": 0.89, "0": 0.11},
    )
    yield multiclass(
        "class weights by name",
        dtype,
        LOGITS,
        LABELS,
        "every class named, whatever the order",
        "class_weight",
        class_weight={"2": 3.0, "0": 0.5, "1": 2.0},
        reduction="weighted_mean",
    )
