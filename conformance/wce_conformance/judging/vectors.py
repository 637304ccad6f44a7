"""Is what an implementation gave for a vector right?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np

from wce_conformance.adapters.base import Outcome
from wce_conformance.implementation import Answer, Given, NotOffered, Refused
from wce_conformance.oracle import Grid
from wce_conformance.vectors import Vector
from wce_conformance.vectors.numbers import UNDEFINED
from wce_conformance.vectors.vector import item_shape

from .lost_digits import widening
from .numbers import EPS, SMALLEST, Verdict, judge, judge_element

Status: TypeAlias = Literal["passed", "failed", "known", "not offered"]
"""`known`: failed, as the vector says that exact mode may; no failure of a run."""
FIELDS = ("total", "items", "all_items", "weight", "nonzero", "batch")


@dataclass
class Judgement:
    """The status, the worst error of each quantity in eps of its scale, and failures in words."""

    status: Status
    worst: dict[str, float] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)


def judged(vector: Vector, given: Given, *, exact: bool) -> Judgement:
    """Compare with the stored answer; ``exact`` asks for its bits."""
    if isinstance(given, NotOffered):
        return Judgement("not offered")
    if vector.error is not None:
        return _refusal(vector.error, given)
    if isinstance(given, Refused):
        return _failed(f"refused with {given.error}: {given.message}")
    misshapen = list(_misshapen(vector, given))
    if misshapen:
        return Judgement("failed", failures=misshapen)
    return _compared(vector, given, exact=exact)


def _refusal(error: str, given: Outcome | Answer | Refused) -> Judgement:
    if not isinstance(given, Refused):
        return _failed(f"gave {given.value!r}, expected a {error}")
    if given.error != error:
        return _failed(f"refused with {given.error}, expected a {error}: {given.message}")
    return Judgement("passed")


def _failed(*failures: str) -> Judgement:
    return Judgement("failed", failures=list(failures))


def _compared(vector: Vector, given: Outcome | Answer, *, exact: bool) -> Judgement:
    expected = vector.expected
    outcome = _of_block(vector, given)
    if outcome is None:
        return _failed("items that are the same have different gradients or losses")
    verdict = judge(vector.block, expected, outcome, exact=exact)
    for name, gradient in getattr(given, "gradients", {}).items():
        _further(verdict, vector, name, gradient)
    status: Status = "failed" if verdict.failures else "passed"
    if verdict.failures and exact and vector.case.known_to_fail:
        between = judge(vector.block, expected, outcome, exact=True, slack=True)
        status = "failed" if between.failures else "known"
    return Judgement(status, verdict.worst, verdict.failures)


def _further(verdict: Verdict, vector: Vector, name: str, gradient: np.ndarray) -> None:
    """Gradients to weights and targets: 4 eps of the sum of the sizes of an element's terms.

    The eps is that of the coarser of two dtypes: the argument's, and that of the computation.
    """
    wants = Grid.of(vector.expected.gradients[name]).flat
    sizes = Grid.of(vector.expected.gradient_sizes[name]).flat
    texts = vector.answer["gradients"][name]["digits"]
    numbers = np.asarray(gradient).astype(np.float64).reshape(-1).tolist()
    own = vector.arrays[name].dtype.name
    eps, smallest = further_units(vector.dtype, own)
    more = widening(vector.case, name)
    for i, got in enumerate(numbers):
        if texts[i] != UNDEFINED:
            where = f"gradient to {name}[{i}]"
            judge_element(verdict, where, got, wants[i], eps * more[i] * sizes[i] + smallest, own)


def further_units(predictions: str, own: str) -> tuple[float, float]:
    """The eps of a gradient to an argument of dtype `own`, and what may be lost to underflow."""
    computed = "float64" if predictions == "float64" else "float32"
    return max(EPS[own], EPS[computed]), 2.0 ** max(SMALLEST[own], SMALLEST[computed])


def _misshapen(vector: Vector, given: Outcome | Answer) -> list[str]:
    """An answer of another shape can't be compared."""
    wanted = item_shape(vector.case) if vector.reduction == "none" else ()
    values: Any = given.value if vector.reduction == "parts" else (given.value,)
    if vector.reduction == "parts" and (not isinstance(values, tuple) or len(values) != 6):
        return [f"value has no six parts {', '.join(FIELDS)}"]
    found = [("value", np.shape(value), wanted) for value in values]
    if given.gradient is not None:
        found.append(("gradient", np.shape(given.gradient), vector.case.predictions.shape))
    for name, gradient in getattr(given, "gradients", {}).items():
        found.append((f"gradient to {name}", np.shape(gradient), vector.arrays[name].shape))
    return [f"{what} has shape {got}, expected {want}" for what, got, want in found if got != want]


def _of_block(vector: Vector, given: Outcome | Answer) -> Outcome | None:
    """What was given for the block of a long vector; None if its repetitions differ."""
    if vector.times == 1:
        return Outcome(given.value, given.gradient)
    gradient = first_rows(given.gradient, vector.times)
    value = given.value
    if vector.reduction == "none":
        value = first_rows(np.asarray(value), vector.times)
        if value is None:
            return None
    if gradient is None and given.gradient is not None:
        return None
    return Outcome(value, gradient)


def first_rows(array: np.ndarray | None, times: int) -> np.ndarray | None:
    """The first of equal blocks along the leading axis; None if they are not equal."""
    if array is None:
        return None
    blocks = array.reshape(times, array.shape[0] // times, *array.shape[1:])
    wide = blocks.astype(np.float64)
    first: np.ndarray = blocks[0]
    return (
        first
        if np.array_equal(wide[1:], np.broadcast_to(wide[:1], wide[1:].shape), equal_nan=True)
        else None
    )
