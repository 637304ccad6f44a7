"""Every vector on every framework, by every route, native and exact: answers, and NumPy's bits."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from wce_conformance.adapters import Adapter, adapter
from wce_conformance.calls import outcome_of, supports
from wce_conformance.judging.bits import differing
from wce_conformance.judging.numbers import flat
from wce_conformance.judging.vectors import judged
from wce_conformance.oracle import Result
from wce_conformance.repeating import repeated
from wce_conformance.sampling import each, hashed, in_sample, pairs, showing
from wce_conformance.vectors import Vector, load_vectors

VECTORS = [v for v in load_vectors() if v.error is None and not v.case.layered]
"""Those of linear layers are in test_layer_vectors.py."""
PRECISIONS = ("native", "exact")


class Sample(NamedTuple):
    """Of frameworks that compile: routes on which each call is, and ids of the vectors there.

    One route of a vector is native, the next exact; ``nox -s thorough`` has both of all.
    """

    routes: tuple[str, ...]
    ids: frozenset[str]

    def precision(self, vector: Vector, framework: Adapter, route: str) -> tuple[str, ...]:
        if route in self.routes and vector.id not in self.ids:
            return ()
        place = framework.routes.index(route)
        return (PRECISIONS[(hashed(vector) // 2**16 + place) % 2],)


def one_in(many: int) -> frozenset[str]:
    return frozenset(vector.id for vector in VECTORS if in_sample(vector, many))


SAMPLES = {
    "torch": Sample(("compiled",), showing(each, VECTORS) | one_in(80)),
    "jax": Sample(("eager", "compiled"), showing(pairs, VECTORS)),
    "tensorflow": Sample(("compiled", "xla"), showing(each, VECTORS) | one_in(24)),
}


@functools.cache
def made(name: str) -> Adapter:
    return adapter(name)


def precisions(vector: Vector, name: str, route: str) -> tuple[str, ...]:
    """Those at which the vector is run by a route."""
    sample = SAMPLES.get(name)
    if sample is None or os.environ.get("WCE_EVERY_CASE"):
        return PRECISIONS
    return sample.precision(vector, made(name), route)


def failures_of(vector: Vector, framework: Adapter, route: str, precision: str) -> list[str]:
    """Compiled with many items: few of them never meet a compiler's vectorized code."""
    long = repeated(vector) if route in ("compiled", "xla") else vector
    outcome = outcome_of(long.case, framework, route, precision)
    judgement = judged(long, outcome, exact=precision == "exact")
    failures = judgement.failures if judgement.status == "failed" else []
    if precision == "native" or vector.dtype == "float64" or vector.case.known_to_fail:
        return failures
    of_numpy = outcome_of(long.case, made("numpy"), "eager", "exact")
    # Closed forms give 0 where terms leave 0; what rounding leaves of the plain formula has a sign.
    signed = not (route == "functional" and cancels(vector.expected))
    return [*failures, *differing(of_numpy, outcome, signed=signed)]


def cancels(answer: Result) -> bool:
    """Is an element of the gradient a sum of terms that leaves 0 (specification, section 7)?"""
    sizes = flat(answer.gradient_sizes["predictions"])
    terms = zip(flat(answer.gradient), sizes, strict=True)
    return any(element == 0 and size > 0 for element, size in terms)


@pytest.mark.chosen
@pytest.mark.parametrize("vector", VECTORS, ids=str)
def test_case(backend: str, vector: Vector) -> None:
    framework = made(backend)
    if not supports(vector.case, framework):
        return
    failures = [
        f"{route}, {precision}: {failure}"
        for route in framework.routes
        for precision in precisions(vector, backend, route)
        for failure in failures_of(vector, framework, route, precision)
    ]
    assert not failures, "\n".join(failures)


@pytest.mark.parametrize(
    ("name", "traits"), [("jax", pairs), ("torch", each), ("tensorflow", each)]
)
def test_samples_show_everything(name: str, traits: Callable[[Vector], Any]) -> None:
    seen = [v for v in VECTORS if v.id in SAMPLES[name].ids]
    assert set().union(*map(traits, seen)) == set().union(*map(traits, VECTORS))
