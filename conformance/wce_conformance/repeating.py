"""Calls with their items over and over: compilers have other code for many numbers than for few.

A compiler works on 4 to 16 numbers at once and on what is left over by itself, each with its own
``exp`` and ``log1p``. The arrays of the vectors are shorter than that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from math import prod

from wce_conformance.cases import Case, Tensor
from wce_conformance.cases.long import PER_ITEM, LongCase, long, scaled
from wce_conformance.oracle import Lost, Result
from wce_conformance.vectors import Vector

ITEMS = 64


@dataclass(frozen=True)
class Repeated(Vector):
    """A vector with its items repeated; the answer for one block is that of the vector, scaled."""

    once: Vector

    @cached_property
    def expected(self) -> Result:
        """For the block, as that of any long vector."""
        return answer_of_block(self.once.expected, self.block, self.times)


def repeated(vector: Vector) -> Vector:
    """With at least 64 items, where a leading axis of items can be made longer."""
    case = None if vector.error is not None or vector.times > 1 else lengthened(vector.case)
    if case is None:
        return vector
    own = {name: getattr(vector, name) for name in ("answer", "error", "of_values", "line", "file")}
    return Repeated(**own, case=case, block=case.block, times=case.times, once=vector)


def lengthened(case: Case) -> LongCase | None:
    """The case with its rows repeated; None if its first axis is that of classes or labels.

    None, too, if they would be a larger region, which is another loss.
    """
    shape, axis = case.predictions.shape, case.arguments.get("axis")
    if case.arguments.get("per") == "batch":
        return None
    assert axis is None or isinstance(axis, int)
    if axis is None and (case.categorical or len(shape) > 1):
        axis = -1
    if not shape or 0 in shape or (axis is not None and axis % len(shape) == 0):
        return None
    if not all(_has_rows(case.arguments.get(name), shape[0]) for name in PER_ITEM):
        return None
    times = -(-ITEMS // prod(case.item_shape))
    return long(case, times, case.id) if times > 1 else None


def _has_rows(value: object, length: int) -> bool:
    """Is an argument missing, or an array with a row for each of the predictions'?"""
    return not isinstance(value, Tensor) or value.shape[:1] == (length,)


def answer_of_block(once: Result, block: Case, times: int) -> Result:
    """What the repeated call gives for its first block."""
    whole, length = scaled(once, block, times), block.predictions.shape[0]
    return replace(
        whole,
        value=whole.value[:length] if block.arguments.get("reduction") == "none" else whole.value,
        items=whole.items[:length],
        omega=whole.omega[:length],
        slope=whole.slope[:length],
        steepness=whole.steepness[:length],
        bend=whole.bend[:length],
        gradient=whole.gradient[:length],
        gradient_scale=whole.gradient_scale[:length],
        gradient_sizes={
            **whole.gradient_sizes,
            "predictions": whole.gradient_sizes["predictions"][:length],
        },
        lost=None if whole.lost is None else Lost(*(own[:length] for own in whole.lost)),
    )
