"""Small cases by every way in which a backend evaluates, against the oracle."""

from __future__ import annotations

import functools

import pytest
from seen import is_seen
from test_cases import cancels, made
from ways import MODULES, WAYS, forced, forget

from wce_conformance.adapters import NAMES
from wce_conformance.calls import outcome_of, supports
from wce_conformance.cases import Case, small_cases
from wce_conformance.judging.numbers import judge
from wce_conformance.oracle import Result

CASES = {case.id: case for case in small_cases()}
SHARES, SLOW, FEW = 8, 16, 2
"""Tests that the cases of a way are spread over; and of a way that sees one in so many, or less."""


def test_every_backend_has_its_ways() -> None:
    assert set(WAYS) == set(MODULES) == set(NAMES)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "way" in metafunc.fixturenames:
        backend = metafunc.config.getoption("--backend") or NAMES
        metafunc.parametrize(
            ("ways_of", "way", "share"),
            [
                (name, way, share)
                for name in backend
                for way in WAYS[name]
                for share in range(FEW if WAYS[name][way].every >= SLOW else SHARES)
            ],
        )


@functools.cache
def expected(case_id: str) -> Result:
    return CASES[case_id].expected()


def cases(framework: str, way: str, share: int) -> list[Case]:
    one_in = WAYS[framework][way].every
    shares = FEW if one_in >= SLOW else SHARES
    chosen = [case for case in CASES.values() if is_seen(case, one_in)]
    return [case for case in chosen[share::shares] if supports(case, made(framework))]


@pytest.mark.chosen
def test_way(ways_of: str, way: str, share: int) -> None:
    failures, framework, taken = [], made(ways_of), []
    forget(ways_of)
    for case in cases(ways_of, way, share):
        for precision in ("native", "exact"):
            with forced(ways_of, way) as ran:
                outcome = outcome_of(case, framework, WAYS[ways_of][way].route, precision)
            # Of terms that cancel, the closed form says 0, and not so autodiff.
            slack = case.known_to_fail or (way == "plain" and cancels(expected(case.id)))
            exact = precision == "exact"
            judged = judge(case, expected(case.id), outcome, exact=exact, slack=slack)
            failures += [f"{case.id}, {precision}: {failure}" for failure in judged.failures]
            taken.append(ran[WAYS[ways_of][way].runs] > 0)
    assert not failures, "\n".join(failures)
    least = WAYS[ways_of][way].least * len(taken)
    assert sum(taken) > least, f"taken by {sum(taken)} of {len(taken)} calls"
