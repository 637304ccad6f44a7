"""Losses of regions: of each loss all settings, and of a family every two that go together."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, combinations
from random import Random
from typing import Any

from wce_conformance.cases import extreme_regions
from wce_conformance.cases.by_hand import DTYPES
from wce_conformance.cases.case import Case
from wce_conformance.cases.covering import Row, covering_rows
from wce_conformance.cases.systematic import goes_together, made
from wce_conformance.oracle import LOSSES

SEED = 1517
ROWS = 6
"""Cases of a loss."""
REDUCTIONS = ("mean", "none", "weighted_mean", "sum")
MODES: Mapping[bool, Sequence[str]] = {
    True: ("class_weight", "sample_weight", "mask", "ignore_index"),
    False: ("sample_weight", "mask", "ignore_index"),
}
"""Of losses of exclusive classes, and of others."""
DEFAULTS: Mapping[str, Any] = {
    "per": "sample",
    "classes": "apart",
    "absent": "count",
    "smooth": 1e-5,
}
FORMS = ("logits", "probabilities", "log_probabilities")
COMMON: Mapping[str, Sequence[Any]] = {
    "per": ("sample", "batch"),
    "classes": ("apart", "together"),
    "absent": ("count", "zero", "skip"),
    "smooth": (1e-5, 1.0, 0.0, 0.125),
    "form": FORMS,
    "weight_dtype": ("as predictions", "float64"),
    "soft_weighting": ("per_class",),
    "smoothing": ("none",),
    "empty": ("zero",),
}
FREE: Mapping[bool, Mapping[str, Sequence[Any]]] = {
    True: {
        **COMMON,
        "targets": ("index", "one-hot", "shares", "several-hot"),
        "layout": (
            ((3,), -1),
            ((4, 3), -1),
            ((2, 3, 4), 1),
            ((2, 4, 3), -1),
            ((3, 2, 4), 0),
            ((2, 2, 2, 3), 1),
            ((2, 2, 3, 2), -1),
        ),
    },
    False: {
        **COMMON,
        "targets": ("integers", "booleans", "floats", "soft"),
        "layout": (
            ((), None),
            ((5,), None),
            ((4,), 0),
            ((2, 6), None),
            ((4, 3), 1),
            ((3, 4), 0),
            ((2, 4, 3), -1),
            ((2, 3, 4), 1),
            ((2, 2, 3, 1), None),
        ),
    },
}
OWN: Mapping[str, Mapping[str, Sequence[Any]]] = {
    "squared": {"squared": (False, True)},
    "alpha": {"sides": ((0.3, 0.7), (0.75, 0.25), (1.0, 0.0), (0.0, 2.0))},
    "gamma": {"gamma": (0.75, 2.0, 0.5, 1.0, 1.3333333333333333)},
}
"""What losses have beside the arguments that all share; α and β go together."""


def region_cases() -> list[Case]:
    """The cases of all of them."""
    losses = [name for name, loss in LOSSES.items() if loss.of_regions]
    systematic = chain.from_iterable(map(_cases, losses))
    return [*systematic, *extreme_regions.cases()]


def _cases(loss: str) -> Iterator[Case]:
    random = Random(f"{SEED} {loss}")
    free = dict(FREE[LOSSES[loss].categorical])
    if "classes" not in LOSSES[loss].of_regions:
        free["classes"] = ("apart",)
    if "smooth" not in LOSSES[loss].of_regions:
        free["targets"] = [kind for kind in free["targets"] if kind not in ("shares", "soft")]
        free["form"] = FORMS if LOSSES[loss].categorical else ("logits",)
        free["smooth"] = (DEFAULTS["smooth"],)
    for name, values in OWN.items():
        free.update(values if name in LOSSES[loss].own else {})
    rows = covering_rows(list(_fixed(loss)), free, goes_together, random)
    yield from (_case(loss, number, row) for number, row in enumerate(rows))


def _fixed(loss: str) -> Iterator[Row]:
    """Every set of modes in turn, so that each mode and each dtype meets every reduction.

    A loss begins where the one before it in its family has left off.
    """
    categorical = LOSSES[loss].categorical
    modes = MODES[categorical]
    sets = [own for size in (1, 2, 0, 3) for own in combinations(modes, size)]
    family = [n for n, own in LOSSES.items() if own.of_regions and own.categorical == categorical]
    start = family.index(loss) * ROWS
    for number in range(start, start + ROWS):
        turn = number // len(REDUCTIONS)
        yield {
            "modes": sets[(number + 3 * turn) % len(sets)],
            "reduction": REDUCTIONS[number % len(REDUCTIONS)],
            "dtype": DTYPES[(number + turn + turn // 4) % len(DTYPES)],
        }


def _case(loss: str, number: int, row: Row) -> Case:
    case = made(loss, number, row)
    given = {name: row[name] for name in DEFAULTS if row[name] != DEFAULTS[name]}
    given = {name: value for name, value in given.items() if name in LOSSES[loss].of_regions}
    own = {name: row[name] for name in LOSSES[loss].own if name in row}
    if "sides" in row:
        own["alpha"], own["beta"] = row["sides"]
    return replace(
        case,
        arguments={**case.arguments, **given, **own},
        comment=f"{row['targets']} as targets, {row['form']}",
        flags=("systematic", "region", *case.flags[1:]),
    )
