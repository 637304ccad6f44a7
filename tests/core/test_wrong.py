"""The suite can fail: what is right passes all vectors, and each wrong implementation does not."""

from __future__ import annotations

import functools

import pytest
from seen import is_seen

from wce_conformance.runner import Record, Task, records
from wce_conformance.vectors import Vector, load_vectors
from wce_conformance.wrong import WRONG, Reference, Wrong

pytestmark = pytest.mark.no_cover  # nothing of wce_core runs


@functools.cache
def vectors() -> list[Vector]:
    return load_vectors()


def failed(implementation: Reference, flag: str | None = None) -> list[Record]:
    """By a number, a NaN or an answer that should have been an error: a crash is no discovery."""
    todo = [Task(v, "eager", "native") for v in vectors() if flag is None or flag in v.flags]
    return [
        record
        for record in records(implementation, todo)
        if record.status == "failed"
        and not any(failure.startswith("refused") for failure in record.judgement.failures)
    ]


def test_the_reference_passes() -> None:
    """So that a rejection is due to the change."""
    reference = Reference()
    seen = (v for v in vectors() if is_seen(v, one_in=3))
    todo = [Task(v, "eager", "native") for v in seen if reference.offers(v)]
    wrong = [r for r in records(reference, todo) if r.status != "passed"]
    assert not wrong, [(r.vector, r.judgement.failures[:1]) for r in wrong]


def test_the_reference_is_put_to_every_valid_vector() -> None:
    assert all(Reference().offers(v) for v in vectors() if v.error is None)


def test_there_are_many() -> None:
    assert len(WRONG) >= 40
    assert all(own.__doc__ and own.flag for own in WRONG.values())


@pytest.mark.parametrize("own", WRONG.values(), ids=list(WRONG))
def test_rejected_by_a_vector_made_for_it(own: type[Wrong]) -> None:
    assert failed(own(), own.flag), f"no vector with the flag {own.flag!r} notices: {own.__doc__}"


def test_what_is_not_wrong_is_not_rejected() -> None:
    """A change that keeps every number: the test above fails for it."""

    class Unchanged(Wrong):
        """The reference under another name."""

        flag = "denominator"

    assert not failed(Unchanged(), Unchanged.flag)
