"""Infinite logits, NaN, and the items that they must not reach."""

from collections.abc import Iterator

from wce_conformance.cases.by_hand import INF, NAN, binary, each_dtype, in_turn, multiclass
from wce_conformance.cases.case import Case


def cases() -> Iterator[Case]:
    """All of this theme."""
    yield from each_dtype(_impossible)
    yield from each_dtype(_silenced)
    yield from each_dtype(_binary_infinities)
    yield from each_dtype(_undefined)
    yield from in_turn(_excluded)


def _impossible(dtype: str) -> Iterator[Case]:
    rows = [[-INF, 0.5, 1.0], [2.0, -INF, -INF], [0.0, 1.0, -INF]]
    yield multiclass(
        "an impossible class, not the target",
        dtype,
        rows,
        [2, 0, 1],
        "−inf is p = 0, and the loss is finite",
        "impossible",
    )
    yield multiclass(
        "an impossible target",
        dtype,
        rows,
        [0, 0, 2],
        "loss +inf, the gradient that of p = 0",
        "impossible",
        reduction="none",
    )
    yield multiclass(
        "an impossible target in a mean",
        dtype,
        rows,
        [0, 0, 2],
        "the mean is +inf, the gradient finite",
        "impossible",
    )
    yield multiclass(
        "smoothing onto an impossible class",
        dtype,
        rows,
        [2, 0, 1],
        "smoothing puts mass everywhere: +inf",
        "impossible",
        reduction="none",
        label_smoothing=0.125,
    )
    yield multiclass(
        "no mass on an impossible class",
        dtype,
        rows,
        [[0.0, 0.5, 0.5], [1.0, 0.0, 0.0], [0.25, 0.75, 0.0]],
        "0 · log 0 = 0, forward and backward",
        "impossible",
        soft_weighting="mixture",
        class_weight=[2.0, 0.5, 1.0],
    )


def _silenced(dtype: str) -> Iterator[Case]:
    rows = [[-INF, 0.5, 1.0], [2.0, 1.0, 0.0]]
    yield multiclass(
        "class weight 0 on an impossible target",
        dtype,
        rows,
        [0, 1],
        "0 times an infinite loss is 0",
        "impossible",
        "zero_weight",
        class_weight=[0.0, 1.0, 2.0],
        reduction="weighted_mean",
    )
    yield multiclass(
        "sample weight 0 on an impossible target",
        dtype,
        rows,
        [0, 1],
        "0 times an infinite loss is 0",
        "impossible",
        "zero_weight",
        sample_weight=[0.0, 2.0],
        reduction="none",
    )
    yield multiclass(
        "sample weight 0 on NaN",
        dtype,
        [[NAN, 0.5, 1.0], [2.0, 1.0, 0.0]],
        [1, 1],
        "0 times NaN is NaN",
        "nan",
        "zero_weight",
        sample_weight=[0.0, 2.0],
        reduction="none",
    )
    yield binary(
        "sample weight 0 on an infinite loss",
        dtype,
        [INF, -INF, 1.0],
        [0, 1, 1],
        "0 times an infinite loss is 0",
        "impossible",
        "zero_weight",
        sample_weight=[0.0, 0.0, 3.0],
        reduction="nonzero_mean",
    )


def _binary_infinities(dtype: str) -> Iterator[Case]:
    z = [INF, INF, -INF, -INF, INF, 0.5]
    y = [1.0, 0.0, 1.0, 0.0, 0.25, 1.0]
    for reduction in ("none", "mean"):
        yield binary(
            f"infinite logits {reduction}",
            dtype,
            z,
            y,
            "0 where the target agrees, +inf where mass stands on the other side",
            "impossible",
            reduction=reduction,
        )
    yield binary(
        "infinite logits that agree",
        dtype,
        [INF, -INF, 0.5],
        [1, 0, 1],
        "certain and right: loss 0, gradient 0",
        "impossible",
        class_weight={"0": 0.5, "1": 3.0},
    )


def _undefined(dtype: str) -> Iterator[Case]:
    rows = [[NAN, 1.0, 2.0], [INF, 0.0, 1.0], [-INF, -INF, -INF], [0.0, 1.0, 2.0]]
    for reduction in ("none", "mean", "sum"):
        yield multiclass(
            f"rows without probabilities {reduction}",
            dtype,
            rows,
            [1, 0, 2, 2],
            "NaN, +inf, nothing but −inf: NaN in that item alone",
            "nan",
            reduction=reduction,
        )
    yield binary(
        "NaN",
        dtype,
        [NAN, 1.0],
        [1, 0],
        "NaN in that item alone",
        "nan",
        reduction="none",
    )


def _excluded(dtype: str) -> Iterator[Case]:
    rows = [[NAN, 1.0, 2.0], [INF, -INF, 1.0], [0.5, 1.0, 2.0], [2.0, 1.0, 0.0]]
    for reduction in ("mean", "none", "mean_over_all", "weighted_mean", "parts"):
        yield multiclass(
            f"NaN under a mask {reduction}",
            dtype,
            rows,
            [1, 2, 2, 1],
            "what is excluded reaches nothing",
            "nan",
            "excluded",
            mask=[False, False, True, True],
            class_weight=[1.0, 2.0, 0.5],
            reduction=reduction,
        )
    yield multiclass(
        "NaN in an ignored item",
        dtype,
        rows,
        [-1, -1, 2, 1],
        "what is excluded reaches nothing, and −1 is no class",
        "nan",
        "excluded",
        ignore_index=-1,
        label_smoothing=0.1,
        cost_matrix=[[0.0, 1.0, 2.0], [3.0, 0.5, 1.0], [1.0, 4.0, 0.25]],
    )
    yield binary(
        "NaN in excluded elements",
        dtype,
        [NAN, INF, 0.5, -1.0],
        [1.0, 255.0, 0.0, 1.0],
        "what is excluded reaches nothing",
        "nan",
        "excluded",
        mask=[False, True, True, True],
        ignore_index=255,
        sample_weight=[2.0, 1.0, 3.0, 0.5],
        reduction="weighted_mean",
    )
