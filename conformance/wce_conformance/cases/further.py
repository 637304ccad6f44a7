"""Losses of other terms: fewer cases than of the cross-entropies, which they are apart from it.

Of each loss every weighting mode, every reduction and all other settings are met, and of those of a
family together every mode under every reduction.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Any

from wce_conformance.cases.case import Case
from wce_conformance.cases.covering import Row, covering_rows
from wce_conformance.cases.systematic import FREE, MODES, REDUCTIONS, goes_together, made
from wce_conformance.oracle import LOSSES

SEED = 2611
ROWS = 12
"""Cases of a loss."""
OWN: Mapping[str, Mapping[str, Sequence[Any]]] = {
    "focal_cross_entropy": {"gamma": (2.0, 0.5, 1.0, 3.0, 1.7, 0.0)},
    "binary_focal_cross_entropy": {"gamma": (2.0, 0.5, 1.0, 3.0, 1.7, 0.0)},
    "poly_cross_entropy": {"epsilon": (1.0, -1.0, 2.0, -0.5)},
    "generalized_cross_entropy": {"q": (0.7, 1.0, 0.25)},
    "asymmetric_loss": {
        "gamma_positive": (1.0, 0.0, 0.5),
        "gamma_negative": (4.0, 2.0, 0.0, 1.5),
        "margin": (0.0625, 0.0, 0.25),
    },
}
"""What the loss has beside the arguments of its cross-entropy."""


def further_cases() -> list[Case]:
    """The cases of all of them."""
    return [case for loss in OWN for case in _cases(loss)]


def base_of(loss: str) -> str:
    """The cross-entropy whose arguments it has."""
    return "cross_entropy" if LOSSES[loss].categorical else "binary_cross_entropy"


def _cases(loss: str) -> Iterator[Case]:
    random = Random(f"{SEED} {loss}")
    free = {**FREE[base_of(loss)], **OWN[loss]}
    rows = covering_rows(list(_fixed(loss)), free, goes_together, random)
    for number, row in enumerate(rows):
        case = made(loss, number, row)
        own = {name: row[name] for name in OWN[loss]}
        flags = ("systematic", "term", *case.flags[1:])
        yield replace(case, arguments={**case.arguments, **own}, flags=flags)


def _fixed(loss: str) -> Iterator[Row]:
    """Under a reduction one half of the modes, and the other when its turn comes again.

    A loss begins where the one before it in its family has left off.
    """
    modes, family = MODES[base_of(loss)], [own for own in OWN if base_of(own) == base_of(loss)]
    start, half = family.index(loss) * ROWS, (len(modes) + 1) // 2
    for number in range(start, start + ROWS):
        turn, place = divmod(number, len(REDUCTIONS))
        taken = (modes[(place + turn * half + i) % len(modes)] for i in range(half))
        names = {mode.split()[0]: mode for mode in taken}  # one of each argument
        yield {"modes": tuple(names.values()), "reduction": REDUCTIONS[place]}
