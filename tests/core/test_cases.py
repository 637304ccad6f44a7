"""Every small case on every framework, by every route, native and exact, against the oracle."""

from __future__ import annotations

import functools
import os

import pytest

from wce_conformance.adapters import Adapter, adapter
from wce_conformance.calls import outcome_of, supports
from wce_conformance.cases import small_cases
from wce_conformance.judge import judge
from wce_conformance.oracle import Result

SAMPLED = {
    ("torch", "compiled"): 15,
    ("jax", "compiled"): 4,
    ("tensorflow", "compiled"): 4,
    ("tensorflow", "xla"): 4,
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
        for failure in judge(
            case,
            expected(case.id),
            outcome_of(case, framework, route, precision),
            exact=precision == "exact",
        ).failures
    ]
    assert not failures, "\n".join(failures)
