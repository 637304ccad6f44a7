"""Two implementations, and whether they disagree about a call."""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import replace
from typing import NamedTuple

from wce_conformance.cases import Case
from wce_conformance.implementation import Implementation
from wce_conformance.judging.vectors import Judgement
from wce_conformance.peers import PEERS, environment
from wce_conformance.runner import Task, records
from wce_conformance.vectors import Vector
from wce_conformance.vectors.encode import encode
from wce_conformance.vectors.reading import decode

ORACLE = "oracle"
"""Stands for what is right: the other one disagrees where it fails."""


class Disagreement(NamedTuple):
    """A vector, and what is wrong with the answer of each, if anything."""

    vector: Vector
    wrong: tuple[tuple[str, ...], tuple[str, ...]]

    @property
    def kind(self) -> str:
        """What disagreements that are likely to have one cause have in common."""
        causes = [own[0] if own else "right" for own in self.wrong]
        form = self.vector.options.get("form", "logits")
        text = " / ".join(re.sub(r"-?\d[\d.e+-]*|inf", "#", cause) for cause in causes)
        return f"{self.vector.loss} of {form}: {text}"


def implementation(name: str) -> Implementation | None:
    """A library's adapter by name, a program (any other command), or the oracle."""
    if name == ORACLE:
        return None
    from wce_conformance.scoreboard.columns import NAMES
    from wce_conformance.scoreboard.measure import implementation as of_column

    if name in NAMES:
        if name in PEERS:
            os.environ.update(environment(name))
        return of_column(name)[0]
    from wce_conformance.program import Program

    try:
        return Program(shlex.split(name))
    except FileNotFoundError:
        known = ", ".join((ORACLE, *NAMES))
        raise ValueError(f"{name!r} is neither a program nor one of {known}") from None


class Pair(NamedTuple):
    """The two."""

    first: Implementation | None
    second: Implementation | None

    def compared(self, case: Case) -> Disagreement | None:
        """None where both are right, or wrong in the same way.

        A LookupError where one of them has no such call.
        """
        vector = decode(encode(case))
        wrong = _wrong(self.first, vector), _wrong(self.second, vector)
        return Disagreement(vector, wrong) if wrong[0] != wrong[1] else None


def _wrong(own: Implementation | None, vector: Vector) -> tuple[str, ...]:
    if own is None:
        return ()
    (record,) = records(own, [Task(vector, own.routes[0], "native")])
    judgement: Judgement = record.judgement
    if judgement.status == "not offered":
        raise LookupError(own.name)
    return tuple(judgement.failures)


def named(case: Case, number: int) -> Case:
    """With an id of its own."""
    return replace(case, id=f"hunted/{number}", comment="found by hunting")
