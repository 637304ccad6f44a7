"""Dense targets that are no shares of 1, smoothing, and the rules for soft targets."""

from collections.abc import Iterator

from wce_conformance.cases.by_hand import binary, each_dtype, in_turn, multiclass
from wce_conformance.cases.case import Case

LOGITS = [[0.5, -1.0, 2.0], [1.0, 0.0, -0.5], [2.0, 2.0, -3.0]]
RULES = ("per_class", "mixture", "geometric", "hard")


def cases() -> Iterator[Case]:
    """All of this theme."""
    yield from each_dtype(_amounts)
    yield from in_turn(_no_mass)
    yield from in_turn(_rules)
    yield from in_turn(_smoothing)
    yield from _sizes()


def _amounts(dtype: str) -> Iterator[Case]:
    yield multiclass(
        "a row of mass 5 on one class",
        dtype,
        [1.0, 2.0, 3.0],
        [5.0, 0.0, 0.0],
        "the gradient is 5·p − q",
        "mass",
        reduction="sum",
    )
    yield multiclass(
        "mass in all amounts",
        dtype,
        LOGITS,
        [[5.0, 0.0, 0.25], [0.0, 0.5, 0.0], [1.0, 3.0, 2.0]],
        "weighted_mean divides by mass times weight",
        "mass",
        "denominator",
        class_weight=[0.5, 3.0, 1.0],
        reduction="weighted_mean",
    )


def _no_mass(dtype: str) -> Iterator[Case]:
    for rule in RULES:
        yield multiclass(
            f"a row without mass, {rule}",
            dtype,
            LOGITS,
            [[0.0, 0.0, 0.0], [0.25, 0.75, 0.0], [1.0, 0.0, 0.0]],
            "item loss 0 and ω 0, but counted as an item",
            "zero_mass",
            class_weight=[0.5, 3.0, 1.0],
            soft_weighting=rule,
            label_smoothing=0.1,
            reduction="nonzero_mean",
        )
    yield multiclass(
        "no mass at all",
        dtype,
        LOGITS,
        [[0.0] * 3] * 3,
        "Σω = 0: loss 0 and gradient 0",
        "zero_mass",
        "denominator",
        reduction="weighted_mean",
    )


def _rules(dtype: str) -> Iterator[Case]:
    for rule in RULES:
        yield multiclass(
            f"ties and zero weights, {rule}",
            dtype,
            LOGITS,
            [[0.5, 0.5, 0.0], [0.0, 0.25, 0.75], [0.0, 0.5, 0.5]],
            "the lowest of tied classes, and 0⁰ = 1",
            "soft_weighting",
            class_weight=[0.0, 2.0, 5.0],
            soft_weighting=rule,
            reduction="none",
        )
        yield binary(
            f"soft targets, {rule}",
            dtype,
            [0.4, -1.0, 2.0],
            [0.25, 0.5, 0.75],
            "what class weights mean for soft targets",
            "soft_weighting",
            class_weight={"0": 1.0, "1": 4.0},
            soft_weighting=rule,
            label_smoothing=0.1,
            reduction="none",
        )


def _smoothing(dtype: str) -> Iterator[Case]:
    for smoothing in ("uniform", "others"):
        for epsilon in (0.1, 1.0):
            yield multiclass(
                f"smoothing {epsilon} {smoothing}",
                dtype,
                LOGITS,
                [0, 2, 1],
                "ε/C everywhere, or ε/(C − 1) on the others, weighted class by class",
                "smoothing",
                class_weight=[0.5, 3.0, 1.0],
                label_smoothing=epsilon,
                smoothing=smoothing,
                reduction="weighted_mean",
            )


def _sizes() -> Iterator[Case]:
    for dtype in ("float64", "float32", "bfloat16"):
        yield multiclass(
            "large and small mass",
            dtype,
            LOGITS,
            [[1e30, 0.0, 1.0], [1e-30, 2e-30, 0.0], [1.0, 1e-30, 1.0]],
            "shares are ratios, whatever the total",
            "mass",
            class_weight=[0.5, 3.0, 1.0],
            soft_weighting="mixture",
            reduction="none",
        )
