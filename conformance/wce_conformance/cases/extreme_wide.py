"""Targets and weights that the predictions' dtype could not hold."""

from collections.abc import Iterator
from dataclasses import replace

from wce_conformance.cases.by_hand import binary, each_dtype, in_turn, multiclass
from wce_conformance.cases.case import Case, Tensor
from wce_conformance.oracle import Nested

LOGITS = [[0.5, -1.0, 2.0], [1.0, 0.0, -0.5], [2.0, 1.5, -3.0]]
ONE_HOT = [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]]
SOFT = [[0.5, 0.25, 0.25], [0.0, 0.125, 0.875], [0.25, 0.75, 0.0]]
AMOUNTS = [[2, 1, 0], [0, 2, 1], [1, 0, 2]]
LABELS = [0, 2, 1]
MEANS = ("weighted_mean", "nonzero_mean")


def cases() -> Iterator[Case]:
    """All of this theme."""
    yield from each_dtype(_near_one)
    yield from each_dtype(_wide_masses)
    yield from each_dtype(_class_weights)
    yield from in_turn(_class_weights_of_labels)
    yield from each_dtype(_large_sums)
    yield from _large_means()


def _in_float64(case: Case, targets: Nested) -> Case:
    """The case with targets that are not rounded to the predictions' dtype."""
    return replace(case, targets=Tensor.rounded(targets, "float64"))


def _near_one(dtype: str) -> Iterator[Case]:
    y = [1.0 - 1e-9, 1e-9, 1.0 - 2.0**-40, 1.0]
    forms = {
        "logits": [20.0, -20.0, 10.0, -1.0],
        "probabilities": [1.0 - 2.0**-7, 2.0**-14, 0.75, 0.5],
        "log_probabilities": [-(2.0**-14), -2.0, -0.25, -1.0],
    }
    for form, predictions in forms.items():
        for epsilon in (0.0, 1e-10):
            case = binary(
                f"float64 targets near 0 and 1, {form}, smoothing {epsilon:g}",
                dtype, predictions, y,
                "1 − y has as many digits as y",
                "target_dtype", form=form, label_smoothing=epsilon, reduction="none",
            )  # fmt: skip
            yield _in_float64(case, y)
    case = binary(
        "float64 targets near 1, weighted", dtype, forms["logits"], y,
        "1 − y has as many digits as y, however it is weighed",
        "target_dtype", class_weight=[1e9, 1e-3], reduction="weighted_mean",
    )  # fmt: skip
    yield _in_float64(case, y)


def _wide_masses(dtype: str) -> Iterator[Case]:
    masses = [[1e60, 0.0, 3e60], [1e-60, 2e-60, 0.0], [1.0, 1e-50, 1.0]]
    for reduction in ("weighted_mean", "nonzero_mean"):
        for epsilon in (0.0, 0.1):
            case = multiclass(
                f"float64 masses of all sizes, {reduction}, smoothing {epsilon:g}",
                dtype, LOGITS, ONE_HOT,
                "a row of masses is as large as float64 has it",
                "target_dtype", sample_weight=[1e-60, 1e60, 1.0],
                label_smoothing=epsilon, reduction=reduction,
            )  # fmt: skip
            yield _in_float64(case, masses)


def _class_weights(dtype: str) -> Iterator[Case]:
    """The same of an index, of its one-hot row, smoothed, and of soft targets."""
    targets = {"index": LABELS, "one-hot": ONE_HOT, "soft": SOFT}
    for weights in ([1e-50] * 3, [1e-50, 1.0, 1.0], [1e200, 1.0, 1e-200]):
        named = ", ".join(f"{weight:g}" for weight in weights)
        for kind, own in targets.items():
            for epsilon in (0.0, 0.1) if kind == "index" else (0.0,):
                yield multiclass(
                    f"class weights {named}, {kind}, smoothing {epsilon:g}",
                    dtype, LOGITS, own,
                    "a weighted mean is of ordinary size, however the mass is given",
                    "weight_size", "class_weight_size", class_weight=weights,
                    label_smoothing=epsilon, reduction="weighted_mean",
                )  # fmt: skip
    for y in ([1.0, 0.0, 1.0], [0.25, 0.5, 1.0]):
        kind = "labels" if y[0] == 1.0 else "soft"
        for w, pos in (([1e20, 1e20], 1e20), ([1e-30, 1e-30], 1e-30), ([1.0, 1e-300], 1e280)):
            yield binary(
                f"class weights {w[0]:g}, {w[1]:g}, pos_weight {pos:g}, {kind}",
                dtype, [0.5, -1.0, 2.0], y,
                "the product of two weights is no number of float32, the weighted mean is",
                "weight_size", "class_weight_size",
                class_weight=w, pos_weight=pos, reduction="weighted_mean",
            )  # fmt: skip


def _class_weights_of_labels(dtype: str) -> Iterator[Case]:
    for reduction in MEANS:
        yield binary(
            f"tiny weights of each label, {reduction}", dtype,
            [[0.5, -1.0], [1.0, 2.0]], [[0.25, 1.0], [0.5, 0.75]],
            "an item counts where its weight is not 0, be it ever so small",
            "weight_size", "class_weight_size",
            class_weight=[[1e-50, 2e-50], [3e-50, 1e-60]], pos_weight=[2.0, 1e-5],
            reduction=reduction,
        )  # fmt: skip


def _large_sums(dtype: str) -> Iterator[Case]:
    """Their sum is no number of float64, and neither is that of the item losses."""
    weights = [1.7e308, 1.5e308, 0.5e308]
    for kind, own in (("index", LABELS), ("mass", AMOUNTS)):
        for name in ("sample_weight", "class_weight"):
            yield multiclass(
                f"{name} near the largest number, {kind}", dtype, LOGITS, own,
                "a weighted mean is finite, Σω is not",
                "weight_sum", reduction="weighted_mean",
                **{name: [weight / 4.0 for weight in weights] if kind == "mass" else weights},
            )  # fmt: skip
    yield binary(
        "weights near the largest number beside small ones", dtype,
        [0.5, -1.0, 2.0, 0.0], [1, 0, 1, 0],
        "what is small beside the largest adds nothing",
        "weight_sum", sample_weight=[1.7e308, 1.7e308, 1.0, 1e-300], reduction="weighted_mean",
    )  # fmt: skip


def _large_means() -> Iterator[Case]:
    for reduction in ("mean", "nonzero_mean", "parts"):
        yield multiclass(
            f"sample weights near the largest number, {reduction}", "float64", LOGITS, LABELS,
            "a mean is finite where its sum is not; of the parts each is what it is",
            "weight_sum", sample_weight=[0.9e308, 0.6e308, 0.7e308], reduction=reduction,
        )  # fmt: skip
