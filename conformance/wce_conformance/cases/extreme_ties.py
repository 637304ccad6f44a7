"""Gradients next to the middle between two float32 numbers, which exact mode is known to miss."""

import json
from collections.abc import Iterator
from pathlib import Path

from wce_conformance.cases.case import Case, Tensor

FILE = Path(__file__).with_name("near_ties.json")


def cases() -> Iterator[Case]:
    """All of this theme."""
    known = json.loads(FILE.read_text(encoding="utf-8"))
    weights = Tensor.rounded(known["class_weight"], "float32")
    for row in known["rows"]:
        element = row["element"]
        yield Case(
            id=f"cross_entropy/a gradient next to a tie, element {element}/float32",
            loss="cross_entropy",
            dtype="float32",
            predictions=Tensor.rounded([row["predictions"]], "float32"),
            targets=Tensor("int64", (1,), (row["target"],)),
            arguments={"class_weight": weights, "reduction": "sum"},
            comment=f"the gradient of element {element} lies within an ulp of float64 of the "
            "middle between two float32 numbers; each framework's float64 exp and order of "
            "summation decides to which it is rounded",
            flags=("extreme", "known_to_fail"),
        )
