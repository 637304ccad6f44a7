"""Cases that tell apart what the others let pass: each was written after a fault got through."""

from __future__ import annotations

from collections.abc import Iterator

from wce_conformance.cases import Case
from wce_conformance.cases.by_hand import INF, NAN, binary, each_dtype, in_turn, multiclass

LOGITS = [[0.5, -1.0, 2.0], [1.0, 0.0, -0.5], [2.0, 1.5, -3.0]]
MEANS = ("mean", "weighted_mean", "nonzero_mean")


def hunting_cases() -> list[Case]:
    """All of them; ids are unique among all cases."""
    return [
        *in_turn(_denominators),
        *each_dtype(_zero_logits),
        *each_dtype(_tails),
        *in_turn(_ignored),
        *each_dtype(_mass),
        *each_dtype(_small_probabilities),
        *each_dtype(_reduced_probabilities),
        *_labels(),
    ]


def _denominators(dtype: str) -> Iterator[Case]:
    """Denominators that no coincidence makes equal."""
    for reduction in MEANS:
        yield multiclass(
            f"uneven weights, {reduction}", dtype, LOGITS, [0, 0, 1],
            "Σω is neither the number of items nor that of weights other than 0",
            "denominator", "zero_weight",
            class_weight=[0.5, 3.0, 1.0], sample_weight=[2.0, 0.0, 1.5], reduction=reduction,
        )  # fmt: skip
    for epsilon in (0.125, 1.0):
        yield multiclass(
            f"uneven classes, smoothing {epsilon}", dtype, LOGITS, [0, 0, 1],
            "ω is made of the smoothed mass",
            "smoothing", "denominator",
            class_weight=[0.5, 3.0, 1.0], label_smoothing=epsilon, reduction="weighted_mean",
        )  # fmt: skip
    yield binary(
        "an uneven mask", dtype, LOGITS, [[1, 0, 1], [0, 0, 1], [1, 1, 0]],
        "every element counts the same, however many its row has left",
        "excluded", "denominator", "last_axis",
        mask=[[True, False, False], [True, True, True], [False, True, True]],
    )  # fmt: skip
    yield binary(
        "weights of rows", dtype, LOGITS, [[1, 0, 1], [0, 0, 1], [1, 1, 0]],
        "a weight of shape (3, 1) counts three times in Σω",
        "denominator", "placement",
        sample_weight=[[2.0], [0.5], [1.0]], reduction="weighted_mean",
    )  # fmt: skip
    yield multiclass(
        "shares of a mass, weighted", dtype, LOGITS,
        [[5.0, 0.0, 0.25], [0.0, 0.5, 0.0], [1.0, 3.0, 2.0]],
        "ω of a mixture has the mass in it",
        "mass", "soft_weighting", "denominator",
        class_weight=[0.5, 3.0, 1.0], soft_weighting="mixture", reduction="weighted_mean",
    )  # fmt: skip


def _zero_logits(dtype: str) -> Iterator[Case]:
    """|z| and max(z, 0) are not smooth at 0, the loss is."""
    for arguments in ({}, {"pos_weight": 3.0}):
        yield binary(
            f"logits of 0{', pos_weight' if arguments else ''}", dtype,
            [0.0, 0.0, 0.0, 1.0], [1.0, 0.0, 0.25, 1.0],
            "the first batch of a model whose last layer starts with zeros",
            "zero_logit", reduction="sum" if not arguments else "none", **arguments,
        )  # fmt: skip


def _tails(dtype: str) -> Iterator[Case]:
    size = 10.0 if dtype == "float16" else 20.0
    yield binary(
        f"logits ±{size:g}, right", dtype, [-size, size, -size, size], [0.0, 1.0, 1.0, 0.0],
        "a small loss is e^−|z|, not 0",
        "tail", reduction="none",
    )  # fmt: skip
    yield multiclass(
        f"logits ±{size:g}, right", dtype, [[size, 0.0, -size], [0.0, size, 0.0]], [0, 1],
        "a small loss is e^−d, not 0",
        "tail", reduction="none",
    )  # fmt: skip


def _ignored(dtype: str) -> Iterator[Case]:
    rows = [[NAN, 1.0, 2.0], [INF, 0.0, 1.0], [-INF, -INF, -INF], [2.0, 1.0, 0.0], [0.5, 1.0, 2.0]]
    for reduction in ("mean", "sum"):
        for label in (-100, 0):
            yield multiclass(
                f"NaN under ignore_index {label}, {reduction}", dtype, rows,
                [label, label, label, 2, 1],
                "what is ignored reaches neither the loss nor any gradient",
                "nan", "excluded",
                ignore_index=label, reduction=reduction,
            )  # fmt: skip


def _mass(dtype: str) -> Iterator[Case]:
    yield multiclass(
        "mass, item by item", dtype, LOGITS,
        [[5.0, 0.0, 0.25], [0.0, 0.5, 0.0], [0.25, 0.25, 0.5]],
        "the gradient is M·p − q",
        "mass", reduction="none",
    )  # fmt: skip
    yield multiclass(
        "no mass on −inf, item by item", dtype,
        [[-INF, 0.5, 1.0], [2.0, -INF, -INF]], [[0.0, 0.5, 0.5], [1.0, 0.0, 0.0]],
        "0 · log 0 = 0, forward and backward",
        "impossible", reduction="none",
    )  # fmt: skip


def _small_probabilities(dtype: str) -> Iterator[Case]:
    tiny = [2.0**-9, 3e-4, 1e-3] if dtype in ("float16", "bfloat16") else [1e-9, 3e-7, 2e-5]
    yield binary(
        "very small probabilities", dtype, [*tiny, 0.75], [0, 0, 0, 1],
        "the loss is p, to first order",
        "log1p", form="probabilities", reduction="none",
    )  # fmt: skip


def _reduced_probabilities(dtype: str) -> Iterator[Case]:
    """As metrics take them: rows of probabilities, reduced."""
    rows = [[0.25, 0.5, 0.25], [0.0, 0.75, 0.25], [0.125, 0.125, 0.75]]
    for reduction in ("mean", "sum"):
        yield multiclass(
            f"probability 0 under mass, {reduction}", dtype, rows, [1, 0, 2],
            "+inf, without a clamp",
            "impossible", "clamp",
            form="probabilities", reduction=reduction,
        )  # fmt: skip
        yield multiclass(
            f"probability 0, not the target, {reduction}", dtype, rows, [1, 2, 0],
            "ordinary, whatever stands beside",
            "impossible",
            form="probabilities", reduction=reduction,
        )  # fmt: skip
    yield multiclass(
        "probabilities, weighted samples", dtype, rows, [0, 1, 2],
        "the mean divides by the sum of the weights",
        "denominator",
        form="probabilities", sample_weight=[2.0, 0.5, 4.0], reduction="weighted_mean",
    )  # fmt: skip
    yield binary(
        "probabilities, weighted samples", dtype, [0.75, 0.5, 0.125, 0.25], [1, 0, 0, 1],
        "the mean divides by the sum of the weights",
        "denominator",
        form="probabilities", sample_weight=[2.0, 0.5, 4.0, 1.0], reduction="weighted_mean",
    )  # fmt: skip


def _labels() -> Iterator[Case]:
    row = [((37 * k) % 101) / 16 - 3 for k in range(300)]
    for reduction in ("none", "mean"):
        yield multiclass(
            f"300 classes, unweighted, {reduction}", "bfloat16", [row, row[::-1]], [257, 259],
            "bfloat16 doesn't hold 257: labels must not pass through it",
            "label_dtype", reduction=reduction,
        )  # fmt: skip
