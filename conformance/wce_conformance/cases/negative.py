"""Sample weights of either sign, and what divides by their magnitudes."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle
from random import Random
from typing import Any

from wce_conformance.cases import draw
from wce_conformance.cases.by_hand import DTYPES, INF, binary, in_turn, multiclass
from wce_conformance.cases.case import Case
from wce_conformance.cases.covering import Row, covering_rows
from wce_conformance.cases.further import OWN
from wce_conformance.cases.makers import maker
from wce_conformance.cases.systematic import FREE, REDUCTIONS, goes_together
from wce_conformance.oracle import LOSSES

FLAG = "negative_weight"
SEED = 50512
WEIGHTS = (-1.5, -0.25, 0.0, 0.5, 1.0, 3.25)
"""So many more above 0 that no sum of some comes near 0."""
BESIDE = {
    "cross_entropy": ("class_weight", "mask", "ignore_index", "cost_matrix"),
    "binary_cross_entropy": ("class_weight per label", "pos_weight", "mask", "ignore_index"),
}
"""The weighting modes that they meet."""
COSTS = [[0.0, 1.0, 4.0], [2.0, 0.0, 0.5], [3.0, 1.0, 0.0]]
OTHERS: dict[str, dict[str, Any]] = {
    **{loss: {name: values[0] for name, values in own.items()} for loss, own in OWN.items()},
    "any_of_cross_entropy": {"rule": "marginal"},
    "expected_cost": {"costs": COSTS},
    "pairwise_cost": {"costs": COSTS},
}
OTHERS = {loss: OTHERS[loss] for loss in LOSSES if loss in OTHERS}  # new ones come last
"""What other losses are given of their own."""


def cases() -> Iterator[Case]:
    """All of this theme."""
    for loss in BESIDE:
        random = Random(f"{SEED} rows of {loss}")
        rows = covering_rows(list(_fixed(loss)), FREE[loss], _allowed, random)
        yield from (_case(loss, number, row) for number, row in enumerate(rows))
    yield from in_turn(_by_hand)
    yield from _further()


def _fixed(loss: str) -> Iterator[Row]:
    modes = cycle(((), *((mode,) for mode in BESIDE[loss])))
    for reduction in (*REDUCTIONS, "absolute_weighted_mean", "absolute_weighted_mean"):
        yield {"modes": next(modes), "reduction": reduction}


def _allowed(row: Row) -> bool:
    """One row of integers are labels of two classes, no mass; sums of few weights may cancel."""
    lone = len(row["layout"][0]) == 1 and row["targets"] == "one-hot"
    return goes_together(row) and not lone


def _case(loss: str, number: int, row: Row) -> Case:
    random = Random(f"{SEED} {loss} {number}")
    own = maker(loss, row, random)
    weights = {mode.split()[0]: own.weight(mode) for mode in row["modes"]}
    signed = draw.filled(own.items, own.weight_dtype, lambda: random.choice(WEIGHTS))
    modes = "+".join(("negative", *weights))
    return Case(
        id=f"{loss}/{modes}/{row['reduction'].replace(' ', '_')}/{number}",
        loss=loss,
        dtype=row["dtype"],
        predictions=own.predictions(),
        targets=own.targets(),
        arguments={
            **own.settings(),
            "sample_weight": signed,
            "negative_weights": True,
            **weights,
        },
        comment=f"{row['targets']} as targets, {row['form']}",
        flags=(FLAG, "sample_weight", *weights),
    )


def _further() -> Iterator[Case]:
    """One of each other loss: weights are no business of its term."""
    for number, (loss, own) in enumerate(OTHERS.items()):
        write = multiclass if LOSSES[loss].categorical else binary
        targets: Any = [2, 0, 1] if LOSSES[loss].categorical else [[1, 0, 1], [0, 0, 1], [1, 1, 0]]
        if loss == "any_of_cross_entropy":
            targets = [[True, False, True], [False, True, False], [True, True, False]]
        case = write(
            "absolute_weighted_mean", DTYPES[number % len(DTYPES)],
            [[0.5, -1.0, 2.0], [1.0, 0.0, -0.5], [2.0, 1.5, -3.0]], targets,
            "Σ|ω| divides the losses of every term",
            FLAG, sample_weight=[-1.0, 0.5, 2.0], negative_weights=True,
            reduction="absolute_weighted_mean",
            **own,
        )  # fmt: skip
        yield replace(case, id=case.id.replace(case.loss, loss, 1), loss=loss)


def _by_hand(dtype: str) -> Iterator[Case]:
    rows = [[0.5, -1.0, 2.0], [1.0, 0.0, -0.5], [2.0, 1.5, -3.0], [0.0, 0.25, 0.0]]
    options: dict[str, Any] = {"negative_weights": True}
    for reduction in ("absolute_weighted_mean", "weighted_mean"):
        yield multiclass(
            f"advantages that add up to 0, {reduction}", dtype, rows, [2, 0, 1, 1],
            "Σ|ω| is none of the numbers that Σω may come to, and Σω = 0 is a denominator of 0",
            FLAG, "denominator",
            sample_weight=[1.0, -0.5, -1.5, 1.0], reduction=reduction, **options,
        )  # fmt: skip
    yield binary(
        "negative under an infinite loss", dtype, [INF, -INF, 0.5], [0.0, 0.25, 1.0],
        "−1 times +∞ is −∞",
        FLAG, "impossible",
        sample_weight=[-1.0, 0.0, 2.0], reduction="none", **options,
    )  # fmt: skip
    yield multiclass(
        "negative parts", dtype, rows, [2, 0, 1, 1],
        "Σω and Σ|ω| are two numbers, and a negative weight is not 0",
        FLAG, "zero_weight",
        sample_weight=[2.0, -0.5, 0.0, -1.0], reduction="parts",
        class_weight=[0.5, 2.0, 1.0], **options,
    )  # fmt: skip
    yield multiclass(
        "negative, beyond the largest sum", dtype, rows, [2, 0, 1, 1],
        "Σ|ω| is infinite where the mean is not",
        FLAG, "weight_sum",
        sample_weight=[1.5e308, -1.5e308, 1e308, -1.5e308],
        reduction="absolute_weighted_mean", **options,
    )  # fmt: skip
    yield multiclass(
        "absolute_weighted_mean of weights without signs", dtype, rows, [2, 0, 1, 1],
        "it is the weighted mean",
        FLAG, sample_weight=[1.0, 0.5, 0.0, 2.0], reduction="absolute_weighted_mean",
    )  # fmt: skip
    yield multiclass(
        "absolute_weighted_mean of nothing", dtype, rows, [2, 0, 1, 1],
        "a denominator of 0",
        FLAG, "denominator",
        sample_weight=[0.0] * 4, reduction="absolute_weighted_mean", empty="nan", **options,
    )  # fmt: skip
