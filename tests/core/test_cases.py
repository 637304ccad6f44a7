"""Every small case on every framework, by every route, native and exact, against the oracle."""

from __future__ import annotations

import functools

import pytest

from wce_conformance.adapters import Adapter, adapter
from wce_conformance.calls import outcome_of, supports
from wce_conformance.cases import Case, small_cases
from wce_conformance.judge import judge
from wce_conformance.oracle import Result

CASES = {case.id: case for case in small_cases()}


@functools.cache
def expected(case_id: str) -> Result:
    return CASES[case_id].expected()


@functools.cache
def made(name: str) -> Adapter:
    return adapter(name)


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_case(backend: str, case: Case) -> None:
    framework = made(backend)
    if not supports(case, framework):
        return
    failures = [
        f"{route}, {precision}: {failure}"
        for precision in ("native", "exact")
        for route in framework.routes
        for failure in judge(
            case,
            expected(case.id),
            outcome_of(case, framework, route, precision),
            exact=precision == "exact",
        ).failures
    ]
    assert not failures, "\n".join(failures)
