"""Shapes: none, one, square, wide, and where weights stand."""

from collections.abc import Iterator
from typing import Any

from wce_conformance.cases.by_hand import binary, in_turn, multiclass
from wce_conformance.cases.case import Case
from wce_conformance.oracle import Grid, Nested

REDUCTIONS = ("mean", "none", "parts", "weighted_mean", "batch_mean")
SQUARE = [[0.5, -1.0, 2.0], [1.0, 0.0, -0.5], [2.0, 1.5, -3.0]]


def cases() -> Iterator[Case]:
    """All of this theme."""
    yield from in_turn(_empty)
    yield from in_turn(_single)
    yield from in_turn(_square)
    yield from in_turn(_labels)
    yield from in_turn(_placements)
    yield from _wide()
    yield from _long()


def _empty(dtype: str) -> Iterator[Case]:
    for reduction in REDUCTIONS:
        yield multiclass(
            f"an empty batch, {reduction}",
            dtype,
            _zeros(0, 3),
            Grid((0,), ()),
            "0, and a gradient of shape (0, 3)",
            "empty",
            reduction=reduction,
        )
    yield multiclass(
        "no items in two rows",
        dtype,
        _zeros(2, 0, 3),
        _zeros(2, 0, 3),
        "batch counts 2, items none",
        "empty",
        reduction="parts",
    )
    yield binary(
        "an empty batch",
        dtype,
        _zeros(0, 2),
        _zeros(0, 2),
        "NaN where that is wanted",
        "empty",
        pos_weight=[1.0, 2.0],
        empty="nan",
    )


def _single(dtype: str) -> Iterator[Case]:
    yield multiclass(
        "one class",
        dtype,
        [[1.0], [-50.0]],
        [0, 0],
        "certain: loss 0, gradient 0",
        "one_class",
        class_weight=[3.0],
        label_smoothing=0.1,
        reduction="none",
    )
    yield multiclass(
        "one class, mass 3",
        dtype,
        [[1.0], [-50.0]],
        [[3.0], [0.0]],
        "the mass counts in ω",
        "one_class",
        reduction="parts",
    )
    yield multiclass(
        "one item",
        dtype,
        [0.5, -1.0, 2.0],
        1,
        "rank 0: a batch of one",
        "one_item",
        class_weight=[1.0, 2.0, 0.5],
        reduction="batch_mean",
    )
    yield binary(
        "one item",
        dtype,
        0.75,
        1,
        "rank 0: a batch of one",
        "one_item",
        pos_weight=3.0,
        reduction="batch_mean",
    )


def _square(dtype: str) -> Iterator[Case]:
    weights = [0.25, 4.0, 1.0]
    for name in ("class_weight", "sample_weight"):
        yield multiclass(
            f"as many items as classes, {name}",
            dtype,
            SQUARE,
            [2, 0, 0],
            "three weights: of classes or of samples, never the other",
            "square",
            reduction="none",
            **{name: weights},
        )
        yield multiclass(
            f"as many items as classes, axis first, {name}",
            dtype,
            SQUARE,
            [2, 0, 0],
            "columns are the items",
            "square",
            "axis",
            axis=0,
            reduction="none",
            **{name: weights},
        )
    yield multiclass(
        "mass as many items as classes, axis first",
        dtype,
        SQUARE,
        [[1.0, 0.0, 0.5], [0.0, 0.25, 0.5], [0.0, 0.75, 1.0]],
        "columns are the items, of targets too",
        "square",
        "axis",
        axis=0,
        class_weight=weights,
        soft_weighting="geometric",
    )


def _labels(dtype: str) -> Iterator[Case]:
    per_label: list[tuple[str, dict[str, Any]]] = [
        ("pos_weight", {"pos_weight": [1.0, 2.0, 5.0]}),
        ("class_weight", {"class_weight": [[1.0, 2.0], [0.5, 0.25], [3.0, 1.0]]}),
        ("samples", {"sample_weight": [1.0, 2.0, 5.0]}),
    ]
    for name, arguments in per_label:
        for axis in (None, 0):
            yield binary(
                f"as many items as labels, {name}, axis {axis}",
                dtype,
                SQUARE,
                [[1, 0, 1], [0, 0, 1], [1, 1, 0]],
                "labels stand along their axis, samples along the first",
                "square",
                "per_label",
                reduction="none",
                **arguments,
                **({} if axis is None else {"axis": axis}),
            )
    yield binary(
        "two labels, a table of class weights",
        dtype,
        [[0.5, -1.0], [2.0, 0.25]],
        [[1, 0], [0, 1]],
        "rows are labels, columns the classes 0 and 1",
        "square",
        "per_label",
        class_weight=[[1.0, 2.0], [4.0, 8.0]],
        pos_weight=[1.0, 3.0],
    )


def _placements(dtype: str) -> Iterator[Case]:
    predictions = [[[0.5, -1.0], [2.0, 0.25], [1.0, 1.5]], [[-0.5, 1.0], [0.0, 0.75], [3.0, -2.0]]]
    labels = [[0, 1, 1], [0, 0, 1]]
    placements: dict[str, Nested] = {
        "()": Grid((), (2.5,)),
        "(2,)": [2.5, 0.5],
        "(2, 3)": [[1.0, 2.0, 3.0], [0.5, 0.25, 4.0]],
        "(2, 1)": [[2.5], [0.5]],
        "(1, 3)": [[1.0, 2.0, 3.0]],
        "(1, 1)": [[2.5]],
    }
    for shape, weights in placements.items():
        yield multiclass(
            f"sample weights of shape {shape}",
            dtype,
            predictions,
            labels,
            "leading axes, or every axis with its length or 1",
            "placement",
            sample_weight=weights,
            mask=[[True], [True]],
            reduction="weighted_mean",
        )
    yield binary(
        "sample weights of shape (2,) for rank 3",
        dtype,
        predictions,
        [[[1, 0], [0, 1], [1, 1]], [[0, 0], [1, 0], [0, 1]]],
        "leading axes",
        "placement",
        sample_weight=[2.5, 0.5],
        mask=[[True, False, True], [True, True, False]],
        reduction="mean",
    )


def _wide() -> Iterator[Case]:
    row = [((37 * k) % 101) / 16 - 3 for k in range(300)]
    for reduction in ("none", "weighted_mean"):
        yield multiclass(
            f"300 classes, {reduction}",
            "bfloat16",
            [row, row[::-1]],
            [257, 259],
            "bfloat16 doesn't hold 257: labels must not pass through it",
            "label_dtype",
            class_weight=[1.0 + k / 4 for k in range(300)],
            reduction=reduction,
        )


def _long() -> Iterator[Case]:
    for dtype, count in (("bfloat16", 257), ("float16", 2049)):
        yield binary(
            f"{count} items",
            dtype,
            [(k % 7) - 3.0 for k in range(count)],
            [k % 2 for k in range(count)],
            f"{dtype} doesn't hold the count {count}",
            "count_dtype",
        )


def _zeros(*shape: int) -> Grid[float]:
    """An array without elements."""
    return Grid(shape, ())
