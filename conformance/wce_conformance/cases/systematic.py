"""Every weighting mode alone, every pair and some triples, through all other settings."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations, cycle, islice
from random import Random
from typing import Any

from wce_conformance.cases.case import Case, Tensor
from wce_conformance.cases.covering import Row, covering_rows
from wce_conformance.cases.makers import maker

SEED = 20240
REDUCTIONS = (
    "mean",
    "sum",
    "weighted_mean",
    "none",
    "nonzero_mean",
    "parts",
    "mean_over_all",
    "sum over normalizer",
    "batch_mean",
)
MODES: Mapping[str, Sequence[str]] = {
    "cross_entropy": ("class_weight", "sample_weight", "mask", "ignore_index", "cost_matrix"),
    "binary_cross_entropy": (
        "class_weight",
        "class_weight per label",
        "pos_weight",
        "pos_weight per label",
        "sample_weight",
        "mask",
        "ignore_index",
    ),
}
# Reductions per set of modes, by the number of modes in it.
REDUCTIONS_MET = {0: 9, 1: 9, 2: 4, 3: 3}
TRIPLES = 7

_COMMON: Mapping[str, Sequence[Any]] = {
    "form": ("logits", "probabilities", "clipped probabilities", "log_probabilities"),
    "soft_weighting": ("per_class", "mixture", "geometric", "hard"),
    "dtype": ("float64", "float32", "float16", "bfloat16"),
    "empty": ("zero", "nan"),
    "weight_dtype": ("as predictions", "float64"),
}
FREE: Mapping[str, Mapping[str, Sequence[Any]]] = {
    "cross_entropy": {
        **_COMMON,
        "targets": ("index", "one-hot", "shares", "mass"),
        "smoothing": ("none", "uniform", "others"),
        "layout": (
            ((5,), -1),
            ((4, 3), -1),
            ((3, 4), 0),
            ((3, 3), 1),
            ((2, 3, 4), 1),
            ((2, 3, 4), -1),
            ((3, 2, 4), 0),
            ((2, 3, 2, 2), 1),
            ((2, 2, 2, 3), -1),
        ),
    },
    "binary_cross_entropy": {
        **_COMMON,
        "targets": ("integers", "booleans", "floats", "soft"),
        "smoothing": ("none", "uniform"),
        "layout": (
            ((), None),
            ((5,), None),
            ((4,), 0),
            ((4, 3), None),
            ((3, 3), 0),
            ((2, 3, 4), None),
            ((2, 3, 2), 1),
            ((2, 2, 3, 2), -1),
        ),
    },
}


def systematic_cases() -> list[Case]:
    """The cases of both losses."""
    return [made(loss, number, row) for loss in MODES for number, row in enumerate(rows(loss))]


def _of_labels(case: Case) -> bool:
    """Are there as many integers as logits in one row? They are labels of two classes, no mass."""
    lone = case.targets.shape == case.predictions.shape and len(case.targets.shape) == 1
    return case.categorical and lone and case.targets.dtype.startswith("int")


def _of_mass(case: Case) -> Case:
    """The same with mass, under an id of its own."""
    mass = Tensor(case.dtype, case.targets.shape, tuple(map(float, case.targets.data)))
    return replace(case, id=f"{case.id} of mass", targets=mass)


def rows(loss: str) -> Iterator[Row]:
    """The settings of the cases of one loss."""
    random = Random(f"{SEED} rows of {loss}")
    return covering_rows(list(_fixed(loss, random)), FREE[loss], goes_together, random)


def mode_sets(loss: str, random: Random) -> list[tuple[str, ...]]:
    """No mode, each alone, every pair, and some triples."""
    sets = [
        modes
        for size in range(4)
        for modes in combinations(MODES[loss], size)
        if len({mode.split()[0] for mode in modes}) == size
    ]
    small = [modes for modes in sets if len(modes) < 3]
    return small + random.sample([modes for modes in sets if len(modes) == 3], TRIPLES)


def _fixed(loss: str, random: Random) -> Iterator[Row]:
    turn = cycle(REDUCTIONS)
    for modes in mode_sets(loss, random):
        for reduction in islice(turn, REDUCTIONS_MET[len(modes)]):
            yield {"modes": modes, "reduction": reduction}


UNMARKED = ("one-hot", "shares", "mass", "several-hot", "booleans")
"""Targets without a value that could be ignored."""


def goes_together(row: Row) -> bool:
    """Is it no contradiction: labels have an axis, and what is ignored is a number?"""
    shape, axis = row["layout"]
    modes = " ".join(row["modes"])
    if "ignore_index" in modes and row["targets"] in UNMARKED:
        return False
    return "per label" not in modes or axis is not None or len(shape) > 1


def made(loss: str, number: int, row: Row) -> Case:
    """The case of a row of settings."""
    own = maker(loss, row, Random(f"{SEED} {loss} {number}"))
    modes = [mode.replace(" ", "_") for mode in row["modes"]]
    weights = {mode.split()[0]: own.weight(mode) for mode in row["modes"]}
    reduction = row["reduction"].replace(" ", "_")
    case = Case(
        id=f"{loss}/{'+'.join(modes) or 'unweighted'}/{reduction}/{number}",
        loss=loss,
        dtype=row["dtype"],
        predictions=own.predictions(),
        targets=own.targets(),
        arguments={**own.settings(), **weights},
        comment=f"{row['targets']} as targets, {row['form']}",
        flags=("systematic", *weights),
    )
    return _of_mass(case) if _of_labels(case) else case
