"""One weight for all positives, written as an array of one element beside a row of predictions."""

from collections.abc import Iterator

from wce_conformance.cases.by_hand import binary, in_turn
from wce_conformance.cases.case import Case


def cases() -> Iterator[Case]:
    """All of this theme."""
    yield from in_turn(_one)


def _one(dtype: str) -> Iterator[Case]:
    for reduction in ("none", "weighted_mean"):
        yield binary(
            f"pos_weight of one element, {reduction}",
            dtype,
            [2.0, -1.0, 0.5],
            [0, 1, 1],
            "one weight for all positives, not for the first element alone",
            "pos_weight",
            pos_weight=[9.0],
            reduction=reduction,
        )
    yield binary(
        "pos_weight of one element, label axis",
        dtype,
        [2.0, -1.0, 0.5],
        [1, 1, 0],
        "one weight for all labels",
        "pos_weight",
        pos_weight=[9.0],
        axis=0,
        reduction="sum",
    )
