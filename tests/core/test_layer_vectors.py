"""Vectors of linear layers on every framework: value, and gradients to hidden states and layer."""

from __future__ import annotations

import pytest
from seen import is_seen

from wce_conformance.runner import Task, records
from wce_conformance.this_library import WceCore
from wce_conformance.vectors import FOLDER, load_vectors

VECTORS = load_vectors(FOLDER / "linear_cross_entropy.json")
ONE_IN = {
    ("torch", "functional"): 4,
    ("torch", "compiled"): 8,
    ("jax", "eager"): 40,
    ("jax", "compiled"): 40,
    ("tensorflow", "eager"): 8,
    ("tensorflow", "compiled"): 40,
    ("tensorflow", "xla"): 40,
}
"""Where calls compile or are slow: ``nox -s thorough`` sees all vectors."""


@pytest.mark.parametrize("precision", ["native", "exact"])
def test_vectors(backend: str, precision: str) -> None:
    own = WceCore(backend)
    todo = [
        Task(vector, route, precision)
        for route in own.routes
        for vector in VECTORS
        if is_seen(vector, ONE_IN.get((backend, route), 1))
    ]
    assert {task.route for task in todo} == set(own.routes)
    found = list(records(own, todo))
    wrong = [(r.vector, r.route, r.judgement.failures[:2]) for r in found if r.status == "failed"]
    assert wrong == []
    assert any(r.status == "passed" for r in found)
    judged = {name for r in found for name in r.judgement.worst}
    assert precision == "exact" or {"gradient", "gradient to weight", "gradient to bias"} <= judged
