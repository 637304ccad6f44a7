"""`class_weight="balanced"`: weights that the batch itself says."""

from collections.abc import Iterator
from itertools import cycle
from random import Random
from typing import Any

from wce_conformance.cases.by_hand import INF, NAN, binary, in_turn, multiclass
from wce_conformance.cases.case import Case
from wce_conformance.cases.covering import Row, covering_rows
from wce_conformance.cases.makers import maker
from wce_conformance.cases.systematic import FREE, REDUCTIONS, goes_together

FLAG = "balanced"
SEED = 30417
BESIDE = {
    "cross_entropy": ("sample_weight", "mask", "ignore_index", "cost_matrix"),
    "binary_cross_entropy": ("pos_weight", "sample_weight", "mask", "ignore_index"),
}
"""The weighting modes that it meets, each under two reductions."""


def cases() -> Iterator[Case]:
    """All of this theme."""
    for loss in BESIDE:
        random = Random(f"{SEED} rows of {loss}")
        rows = covering_rows(list(_fixed(loss)), FREE[loss], _allowed, random)
        yield from (_case(loss, number, row) for number, row in enumerate(rows))
    yield from in_turn(_absent)
    yield from in_turn(_excluded)


def _fixed(loss: str) -> Iterator[Row]:
    for reduction in REDUCTIONS:
        yield {"modes": (), "reduction": reduction}
    turn = cycle(("weighted_mean", "none", "mean", "parts", "nonzero_mean"))
    for mode in BESIDE[loss]:
        for _ in range(2):
            yield {"modes": (mode,), "reduction": next(turn)}


def _allowed(row: Row) -> bool:
    """One row of integers are labels of two classes, no mass."""
    lone = len(row["layout"][0]) == 1 and row["targets"] == "one-hot"
    return goes_together(row) and not lone


def _case(loss: str, number: int, row: Row) -> Case:
    own = maker(loss, row, Random(f"{SEED} {loss} {number}"))
    weights = {mode: own.weight(mode) for mode in row["modes"]}
    return Case(
        id=f"{loss}/{'+'.join((FLAG, *weights))}/{row['reduction'].replace(' ', '_')}/{number}",
        loss=loss,
        dtype=row["dtype"],
        predictions=own.predictions(),
        targets=own.targets(),
        arguments={**own.settings(), "class_weight": FLAG, **weights},
        comment=f"{row['targets']} as targets, {row['form']}",
        flags=(FLAG, "class_weight", *weights),
    )


def _absent(dtype: str) -> Iterator[Case]:
    rows = [[0.5, -1.0, 2.0, 0.0], [1.0, 0.0, -0.5, 3.0], [2.0, 1.5, -3.0, 0.25]]
    for reduction in ("mean", "weighted_mean"):
        yield multiclass(
            f"balanced, classes without items, smoothing, {reduction}", dtype, rows, [2, 0, 2],
            "K counts the classes that occur; mass that smoothing puts on others weighs 0",
            FLAG, "smoothing",
            class_weight=FLAG, label_smoothing=0.25, reduction=reduction,
        )  # fmt: skip
    yield binary(
        "balanced, one class only", dtype, [0.5, -1.0, 2.0], [1.0, 1.0, 1.0],
        "n/(1·n): a weight of 1",
        FLAG, class_weight=FLAG,
    )  # fmt: skip
    yield multiclass(
        "balanced, nothing left", dtype, rows, [2, 0, 2],
        "no class occurs: all weights are 0",
        FLAG, "excluded", "denominator",
        class_weight=FLAG, mask=[False, False, False], reduction="weighted_mean",
    )  # fmt: skip


def _excluded(dtype: str) -> Iterator[Case]:
    rows: Any = [[0.5, -1.0, 2.0], [NAN, 0.0, -0.5], [2.0, 1.5, -3.0], [INF, 0.0, 0.0]]
    yield multiclass(
        "balanced, mass under a mask", dtype, rows,
        [[0.5, 0.0, 0.25], [9.0, 9.0, 9.0], [0.0, 3.0, 1.0], [0.0, 0.0, 7.0]],
        "the mass of excluded items is not counted",
        FLAG, "excluded", "mass",
        class_weight=FLAG, mask=[True, False, True, False], reduction="sum",
    )  # fmt: skip
    yield binary(
        "balanced, labels together", dtype,
        [[0.5, -1.0, 2.0], [1.0, 0.0, -0.5]], [[1.0, 0.0, 0.25], [0.0, 0.0, 255.0]],
        "the two classes of all labels together; an ignored element is not counted",
        FLAG, "excluded",
        class_weight=FLAG, ignore_index=255.0, reduction="none",
    )  # fmt: skip
    yield multiclass(
        "balanced, unequal samples", dtype,
        [[0.5, -1.0, 2.0], [1.0, 0.0, -0.5], [2.0, 1.5, -3.0]], [0, 0, 1],
        "items are counted, not their weights",
        FLAG, class_weight=FLAG, sample_weight=[0.25, 8.0, 2.0],
    )  # fmt: skip
