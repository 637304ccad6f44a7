"""Sets of candidates and costs of classes where a share is next to 0 or 1, and where none is."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from wce_conformance.cases.by_hand import INF, NAN, in_turn, multiclass
from wce_conformance.cases.case import Case
from wce_conformance.cases.of_rows import RULES

SETS = "share_of_set"
PINNED = "pinned"
COSTS = "cost_of_row"
ISSUE = [[0.1, 0.2, 0.95, 0.1, 0.01]]
AMONG = [[False, True, True, False, True]]


def cases() -> Iterator[Case]:
    """All of this theme."""
    for rule in RULES:
        yield from in_turn(partial(_sets, rule))
    for loss in ("expected_cost", "pairwise_cost"):
        yield from in_turn(partial(_costs, loss))
    for rule in RULES:
        yield _infinite(rule, "float32")
    yield _more_than_certain("float32")


def _far(dtype: str) -> float:
    return 6e4 if dtype == "float16" else 1e4


def _any_of(
    name: str,
    dtype: str,
    x: Any,
    candidates: Any,
    rule: str,
    comment: str,
    *flags: str,
    **more: Any,
) -> Case:
    own = {**more, "rule": rule}
    flags = (*flags, PINNED) if rule == "pinned" else flags
    case = multiclass(f"{rule}, {name}", dtype, x, candidates, comment, *flags, **own)
    name = case.id.partition("/")[2]
    return replace(case, id=f"any_of_cross_entropy/{name}", loss="any_of_cross_entropy")


def _sets(rule: str, dtype: str) -> Iterator[Case]:
    far = _far(dtype)
    yield _any_of(
        "several of five", dtype, ISSUE, AMONG, rule, "three of five classes are right", SETS,
        reduction="none",
    )  # fmt: skip
    certain = [[20.0, 19.0, 0.0, 1.0], [far, -far, 0.0, 1.0], [60.0, 20.0, 61.0, 0.25]]
    yield _any_of(
        "certain and right", dtype, certain, [[True, True, False, False]] * 2
        + [[True, True, True, False]], rule, "the share of the others is next to 0", SETS,
        reduction="none",
    )  # fmt: skip
    yield _any_of(
        "certain and wrong", dtype, certain, [[False, False, True, True]] * 2
        + [[False, True, False, True]], rule, "that of the candidates is", SETS,
        reduction="none",
    )  # fmt: skip
    yield _any_of(
        "all, and equal ones", dtype, [[1.0, -2.0, 0.5], [0.5, 0.5, 0.0], [0.25, -1.0, 0.25]],
        [[True, True, True], [True, True, False], [True, False, True]], rule,
        "a set of all; of equal candidates the first is the likeliest", SETS, "ties",
        reduction="none",
    )  # fmt: skip
    yield _any_of(
        "impossible classes", dtype,
        [[-INF, 0.0, 1.0], [-INF, 0.0, -INF], [-INF, 0.0, 1.0], [NAN, 0.0, 1.0], [INF, 0.0, 1.0]],
        [[True, True, False], [True, False, True], [False, True, True], [False, True, True],
         [False, True, True]],
        rule, "among the candidates, all of them, beside them; NaN of two items", SETS,
        reduction="none",
    )  # fmt: skip
    yield _any_of(
        "excluded without candidates", dtype, [[1.0, 0.5, -1.0], [NAN, INF, 0.0], [0.0, 2.0, 1.0]],
        [[True, False, True], [False, False, False], [True, True, False]], rule,
        "a set of no class under the mask, and class weights of sets", SETS, "excluded",
        mask=[True, False, True], class_weight=[0.5, 3.0, 1.25], reduction="weighted_mean",
    )  # fmt: skip
    yield _any_of(
        "probabilities of 0 and 1", dtype,
        [[1.0, 0.0, 0.0], [0.5, 0.25, 0.25], [0.0, 0.0, 1.0], [0.0, 0.75, 0.25]],
        [[True, True, False], [False, True, True], [True, True, False], [True, True, False]], rule,
        "a weight of 0 silences an infinite loss", SETS, "zero_weight",
        form="probabilities", sample_weight=[1.0, 2.0, 0.0, 0.5], reduction="sum",
    )  # fmt: skip
    yield _any_of(
        "log-probabilities far apart", dtype,
        [[-far, -0.5, -1.0], [-80.0, -81.0, -0.0], [-INF, -INF, 0.0], [-0.25, -3.0, -2.0]],
        [[True, True, False], [True, True, False], [True, True, False], [True, False, False]],
        rule, "each candidate is read by itself", SETS,
        form="log_probabilities", sample_weight=[1.0, 2.0, 0.0, 0.5], reduction="none",
    )  # fmt: skip


def _of_costs(
    loss: str, name: str, dtype: str, x: Any, t: Any, comment: str, *flags: str, **more: Any
) -> Case:
    case = multiclass(name, dtype, x, t, comment, COSTS, *flags, **more)
    return replace(case, id=f"{loss}/{case.id.partition('/')[2]}", loss=loss)


def _more_than_certain(dtype: str) -> Case:
    return _of_costs(
        "pairwise_cost", "more than certain", dtype, [[1e-9, -3.0, -4.0], [-2.0, 2e-7, -3.0]],
        [1, 2], "a log-probability above 0 is certain, and its slope infinite",
        costs=[[0.0, 1.0, 4.0], [2.0, 0.0, 1.0], [1.0, 3.0, 0.0]],
        form="log_probabilities", reduction="none",
    )  # fmt: skip


def _costs(loss: str, dtype: str) -> Iterator[Case]:
    far = _far(dtype)
    costs = [[0.5, 1.0, 10.0], [2.0, 0.25, 0.0], [1.0, 5.0, 3.0]]
    free = [[0.0, 1.0, 4.0], [2.0, 0.0, 1.0], [1.0, 3.0, 0.0]]
    rows = [[far, -far, 0.0], [20.0, 0.0, 1.0], [60.0, -5.0, 2.0], [0.0, 0.25, -0.5]]
    yield _of_costs(
        loss, "certain and right", dtype, rows, [0, 0, 0, 0], "what is right is free",
        costs=free, reduction="none",
    )  # fmt: skip
    yield _of_costs(
        loss, "certain and wrong", dtype, rows, [1, 2, 1, 2], "1 − p is the share of all others",
        costs=costs, reduction="none",
    )  # fmt: skip
    yield _of_costs(
        loss, "mass and class weights", dtype, rows, [[0.5, 0.25, 0.25], [0.0, 0.0, 0.0],
        [2.0, 0.0, 0.5], [0.0, 1.0, 0.0]], "costs are shared as mass is; ω knows none of them",
        costs=costs, class_weight=[1.0, 0.0, 3.0], reduction="weighted_mean",
    )  # fmt: skip
    yield _of_costs(
        loss, "impossible classes", dtype,
        [[-INF, 0.0, 1.0], [-INF, 0.0, -INF], [1.0, -INF, -INF], [NAN, 0.0, 1.0], [INF, 0.0, 1.0]],
        [0, 1, 2, 1, 1], "classes that cannot be; NaN of two items; costs that are integers",
        costs=[[1, 1, 10], [2, 3, 0], [1, 5, 3]], reduction="none",
    )  # fmt: skip
    yield _of_costs(
        loss, "probabilities of 0 and 1", dtype, [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0],
        [0.5, 0.25, 0.25], [0.0, 0.0, 1.0]], [0, 2, 1, 1],
        "of a class that is free or costs; a weight of 0 silences an infinite loss", "zero_weight",
        costs=free, form="probabilities", sample_weight=[1.0, 0.0, 3.0, 2.0], reduction="none",
    )  # fmt: skip
    yield _of_costs(
        loss, "log-probabilities far apart", dtype, [[0.0, -far, -INF], [-0.25, -1.5, -80.0]],
        [0, 2], "of 1 where it is free, and far from it",
        costs=free, form="log_probabilities", reduction="sum",
    )  # fmt: skip
    yield _of_costs(
        loss, "one class", dtype, [[3.0], [-2.0]], [0, 0], "there is no other",
        costs=[[2.0]], reduction="none",
    )  # fmt: skip
    yield _of_costs(
        loss, "excluded and balanced", dtype, [[1.0, 0.5, -1.0], [NAN, INF, 0.0], [0.0, 2.0, 1.0]],
        [2, 0, 1], "weights of the batch, of the items that take part", "excluded",
        costs=costs, mask=[True, False, True], class_weight="balanced", reduction="sum",
    )  # fmt: skip
    yield _of_costs(
        loss, "slopes that overflow beside log p = 0", dtype,
        [[-(2.0**-1022), -4.0, -5.0], [-1.0, -1.0, -2.0]], [1, 2],
        "+inf, and no NaN by what it is multiplied with", "impossible",
        costs=free, form="log_probabilities", sample_weight=[16384.0, 1.0], reduction="none",
    )  # fmt: skip


def _infinite(rule: str, dtype: str) -> Case:
    return _any_of(
        "an infinite candidate", dtype, [[INF, INF, 1.0], [INF, 0.0, 1.0], [1.0, 2.0, 0.5]],
        [[True, True, True], [True, False, False], [True, True, True]], rule,
        "a row whose largest logit is +inf is no distribution, whichever classes are right", SETS,
        reduction="none",
    )  # fmt: skip
