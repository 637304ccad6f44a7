"""Every small case by every way in which a backend evaluates, against the oracle."""

from __future__ import annotations

import os

import pytest
from test_cases import CASES, expected, made
from ways import MODULES, WAYS, forced, forget

from wce_conformance.adapters import NAMES
from wce_conformance.calls import outcome_of, supports
from wce_conformance.judging.numbers import flat, judge
from wce_conformance.oracle import Result

SHARES = 8
"""Tests that the cases of a way are spread over."""


def test_every_backend_has_its_ways() -> None:
    assert set(WAYS) == set(MODULES) == set(NAMES)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "way" in metafunc.fixturenames:
        backend = metafunc.config.getoption("--backend") or NAMES
        metafunc.parametrize(
            ("ways_of", "way"), [(name, way) for name in backend for way in WAYS[name]]
        )


def cancels(result: Result) -> bool:
    """Is a gradient 0 because its terms cancel? The closed form says so, not so autodiff."""
    sizes = flat(result.gradient_sizes["predictions"])
    pairs = zip(flat(result.gradient), sizes, strict=True)
    return any(gradient == 0 and size > 0 for gradient, size in pairs)


@pytest.mark.parametrize("share", range(SHARES))
def test_way(ways_of: str, way: str, share: int) -> None:
    every = 1 if os.environ.get("WCE_EVERY_CASE") else WAYS[ways_of][way].every
    numbers = range(share * every, len(CASES), SHARES * every)
    failures, framework, taken = [], made(ways_of), []
    forget(ways_of)
    for number in numbers:
        case = list(CASES.values())[number]
        if not supports(case, framework):
            continue
        for precision in ("native", "exact"):
            with forced(ways_of, way) as ran:
                outcome = outcome_of(case, framework, WAYS[ways_of][way].route, precision)
            slack = case.known_to_fail or (way == "plain" and cancels(expected(case.id)))
            exact = precision == "exact"
            judged = judge(case, expected(case.id), outcome, exact=exact, slack=slack)
            failures += [f"{case.id}, {precision}: {failure}" for failure in judged.failures]
            taken.append(ran[WAYS[ways_of][way].runs] > 0)
    assert not failures, "\n".join(failures)
    least = WAYS[ways_of][way].least * len(taken)
    assert sum(taken) > least, f"taken by {sum(taken)} of {len(taken)} calls"
