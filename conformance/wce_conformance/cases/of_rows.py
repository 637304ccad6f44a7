"""Sets of candidates and costs of classes: losses that read something else of a row than −log p.

Of each loss every weighting mode, every reduction and all other settings are met, and of sets every
rule under every reduction.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from random import Random
from typing import Any

from wce_conformance.cases import draw
from wce_conformance.cases.case import Case
from wce_conformance.cases.covering import Row, covering_rows
from wce_conformance.cases.systematic import FREE, REDUCTIONS, goes_together, made

SEED = 1411
RULES = ("marginal", "max", "pinned")
MODES: Mapping[str, Sequence[str]] = {
    "any_of_cross_entropy": ("class_weight", "sample_weight", "mask"),
    "expected_cost": ("class_weight", "sample_weight", "mask", "ignore_index"),
    "pairwise_cost": ("sample_weight", "class_weight", "ignore_index", "mask"),
}
ROWS = {"any_of_cross_entropy": 27, "expected_cost": 12, "pairwise_cost": 12}
_FORMS = ("logits", "probabilities", "log_probabilities")
_FREE: Mapping[str, Any] = {**FREE["cross_entropy"], "form": _FORMS}
_OF_SETS: Mapping[str, Any] = {
    **_FREE,
    "targets": ("candidates",),
    "smoothing": ("none",),
    "soft_weighting": ("per_class",),
}


def cases() -> Iterator[Case]:
    """The cases of all three."""
    for loss in MODES:
        free = _OF_SETS if loss == "any_of_cross_entropy" else _FREE
        random = Random(f"{SEED} {loss}")
        rows = covering_rows(list(_fixed(loss)), free, goes_together, random)
        yield from (_case(loss, number, row) for number, row in enumerate(rows))


def _fixed(loss: str) -> Iterator[Row]:
    modes = MODES[loss]
    sets = [own for size in (1, 2, 0, 3) for own in combinations(modes, size)]
    for number in range(ROWS[loss]):
        yield {
            "modes": sets[number % len(sets)],
            "reduction": REDUCTIONS[number % len(REDUCTIONS)],
            "rule": RULES[number // len(REDUCTIONS)],
        }


def _case(loss: str, number: int, row: Row) -> Case:
    case = made(loss, number, row)
    flags = ("systematic", "reading", *case.flags[1:])
    if loss == "any_of_cross_entropy":
        own: dict[str, Any] = {"rule": row["rule"]}
    else:
        shape, axis = row["layout"]
        random = Random(f"{SEED} {loss} {number} costs")
        dtype = case.dtype if row["weight_dtype"] == "as predictions" else "float64"
        own = {"costs": draw.weights((shape[axis], shape[axis]), dtype, random)}
    return replace(case, arguments={**case.arguments, **own}, flags=flags)
