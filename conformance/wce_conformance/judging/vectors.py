"""Is what an implementation gave for a vector right?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np

from wce_conformance.adapters.base import Outcome
from wce_conformance.cases import Case
from wce_conformance.cases.case import LAYER
from wce_conformance.implementation import Answer, Given, NotOffered, Refused
from wce_conformance.oracle import Grid, Result, exact_result
from wce_conformance.vectors import Vector
from wce_conformance.vectors.numbers import UNDEFINED

from .lost_digits import widening
from .numbers import EPS, SMALLEST, Verdict, judge, judge_bits, judge_element

Status: TypeAlias = Literal["passed", "failed", "known", "not offered"]
"""`known`: failed, as the vector says that exact mode may; no failure of a run."""
FIELDS = ("total", "items", "all_items", "weight", "nonzero", "batch", "absolute_weight")


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
    outcomes = blocks_of(given, vector.times, vector.reduction)
    verdict = judged_together(vector.block, expected, outcomes, exact=exact)
    for name, gradient in getattr(given, "gradients", {}).items():
        _further(verdict, vector, name, gradient, exact=exact)
    status: Status = "failed" if verdict.failures else "passed"
    if verdict.failures and exact and vector.case.known_to_fail:
        between = judged_together(vector.block, expected, outcomes, exact=True, slack=True)
        status = "failed" if between.failures else "known"
    return Judgement(status, verdict.worst, verdict.failures)


def _further(
    verdict: Verdict, vector: Vector, name: str, gradient: np.ndarray, *, exact: bool
) -> None:
    """Gradients to weights and targets: 4 eps of the sum of the sizes of an element's terms.

    The eps is that of the coarser of two dtypes: the argument's, and that of the computation.
    Exact ones to a linear layer have the right bits, unless something is of float64.
    """
    wants = Grid.of(vector.expected.gradients[name]).flat
    sizes = Grid.of(vector.expected.gradient_sizes[name]).flat
    texts = vector.answer["gradients"][name]["digits"]
    numbers = np.asarray(gradient).astype(np.float64).reshape(-1).tolist()
    own = vector.arrays[name].dtype.name
    eps, smallest = further_units(vector.dtype, own)
    more = widening(vector.case, name)
    bits = exact and name in LAYER and "float64" not in (own, vector.dtype)
    for i, got in enumerate(numbers):
        where = f"gradient to {name}[{i}]"
        if bits:
            judge_bits(verdict, where, got, exact_result(wants[i], own))
        elif texts[i] != UNDEFINED:
            judge_element(verdict, where, got, wants[i], eps * more[i] * sizes[i] + smallest, own)


def further_units(predictions: str, own: str) -> tuple[float, float]:
    """The eps of a gradient to an argument of dtype `own`, and what may be lost to underflow."""
    computed = "float64" if predictions == "float64" else "float32"
    return max(EPS[own], EPS[computed]), 2.0 ** max(SMALLEST[own], SMALLEST[computed])


def _misshapen(vector: Vector, given: Outcome | Answer) -> list[str]:
    """An answer of another shape can't be compared."""
    wanted = vector.case.loss_shape if vector.reduction == "none" else ()
    values: Any = given.value if vector.reduction == "parts" else (given.value,)
    if vector.reduction == "parts" and (
        not isinstance(values, tuple) or len(values) != len(FIELDS)
    ):
        return [f"value has not the parts {', '.join(FIELDS)}"]
    found = [("value", np.shape(value), wanted) for value in values]
    if given.gradient is not None:
        found.append(("gradient", np.shape(given.gradient), vector.case.predictions.shape))
    for name, gradient in getattr(given, "gradients", {}).items():
        found.append((f"gradient to {name}", np.shape(gradient), vector.arrays[name].shape))
    return [f"{what} has shape {got}, expected {want}" for what, got, want in found if got != want]


def judged_together(
    block: Case, expected: Result, outcomes: list[Outcome], *, exact: bool, slack: bool = False
) -> Verdict:
    """The worst of what was given for the repetitions of a block."""
    verdict = Verdict()
    for outcome in outcomes:
        own = judge(block, expected, outcome, exact=exact, slack=slack)
        for name, error in own.worst.items():
            verdict.worst[name] = max(verdict.worst.get(name, 0.0), error)
        verdict.failures += [each for each in own.failures if each not in verdict.failures]
    return verdict


def blocks_of(given: Outcome | Answer, times: int, reduction: str) -> list[Outcome]:
    """What was given for the repetitions of a block, each that differs from the others.

    A compiler's code for several numbers at once may round otherwise than that for what is left
    over; all of them have to be right.
    """
    values = _blocks(np.asarray(given.value), times) if reduction == "none" else [given.value]
    gradients = [None] if given.gradient is None else _blocks(given.gradient, times)
    count = max(len(values), len(gradients))
    pairs = zip(values * (count // len(values)), gradients * (count // len(gradients)), strict=True)
    found = {_bytes(value, gradient): Outcome(value, gradient) for value, gradient in pairs}
    return list(found.values())


def _blocks(array: np.ndarray, times: int) -> list[Any]:
    return (
        list(array.reshape(times, array.shape[0] // times, *array.shape[1:]))
        if times > 1
        else [array]
    )


def _bytes(*arrays: Any) -> tuple[bytes, ...]:
    return tuple(np.asarray(array).tobytes() for array in arrays)
