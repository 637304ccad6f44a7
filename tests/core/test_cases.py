"""Every small case on every framework, by every route, native and exact, against the oracle."""

from __future__ import annotations

import functools
import os

import pytest

from wce_conformance.adapters import Adapter, adapter
from wce_conformance.calls import outcome_of, supports
from wce_conformance.cases import Case, small_cases
from wce_conformance.judging.vectors import blocks_of, judged_together
from wce_conformance.oracle import Result
from wce_conformance.repeating import answer_of_block, lengthened

SAMPLED = {
    ("torch", "compiled"): 40,
    ("jax", "eager"): 8,
    ("jax", "compiled"): 20,
    ("tensorflow", "compiled"): 20,
    ("tensorflow", "xla"): 20,
}
"""Routes that compile each case, and one in how many they see; ``nox -s thorough`` runs all."""
CASES = {case.id: case for case in small_cases()}


@functools.cache
def expected(case_id: str) -> Result:
    return CASES[case_id].expected()


@functools.cache
def made(name: str) -> Adapter:
    return adapter(name)


def every(name: str, route: str) -> int:
    return 1 if os.environ.get("WCE_EVERY_CASE") else SAMPLED.get((name, route), 1)


def failures_of(case: Case, framework: Adapter, route: str, precision: str) -> list[str]:
    """Compiled with many items: few of them never meet a compiler's vectorized code."""
    answer, long = expected(case.id), lengthened(case) if route in ("compiled", "xla") else None
    outcome = outcome_of(long or case, framework, route, precision)
    outcomes = [outcome]
    if long:
        answer = answer_of_block(answer, case, long.times)
        outcomes = blocks_of(outcome, long.times, case.arguments.get("reduction", "mean"))
    exact, slack = precision == "exact", case.known_to_fail
    return judged_together(case, answer, outcomes, exact=exact, slack=slack).failures


@pytest.mark.parametrize("number", range(len(CASES)), ids=list(CASES))
def test_case(backend: str, number: int) -> None:
    case, framework = list(CASES.values())[number], made(backend)
    if not supports(case, framework):
        return
    failures = [
        f"{route}, {precision}: {failure}"
        for precision in ("native", "exact")
        for route in framework.routes
        if number % every(backend, route) == 0
        for failure in failures_of(case, framework, route, precision)
    ]
    assert not failures, "\n".join(failures)
