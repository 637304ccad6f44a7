"""Libraries × versions: what each scored, kept in a file from one measurement to the next."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from wce_conformance import __version__
from wce_conformance.scoreboard.columns import Column


@dataclass(frozen=True)
class Score:
    """One column of one measurement. `vectors`: the version of wce-vectors."""

    name: str
    version: str
    vectors: str
    run: int
    offered: int
    passed: int


def read(file: Path) -> list[Score]:
    """Those of a file; none where there is no such file yet."""
    if not file.exists():
        return []
    return [Score(**row) for row in json.loads(file.read_text(encoding="utf-8"))]


def merged(before: Sequence[Score], columns: Sequence[Column]) -> list[Score]:
    """With new ones, each in the place of one of the same library, version and vectors."""
    new = [
        Score(c.name, c.version, __version__, c.total.run, c.total.offered, c.total.passed)
        for c in columns
    ]
    found = {(own.name, own.version, own.vectors): own for own in [*before, *new]}
    return sorted(found.values(), key=_place)


def _place(own: Score) -> tuple[str, list[int], list[int]]:
    """By name, then as versions follow each other: 1.10 after 1.9."""
    versions = (re.findall(r"\d+", text) for text in (own.version, own.vectors))
    one, other = ([int(number) for number in numbers] for numbers in versions)
    return own.name, one, other


def write(file: Path, scores: Sequence[Score]) -> None:
    """One line for each, so that a change reads as one."""
    lines = ",\n".join(json.dumps(asdict(own)) for own in scores)
    file.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
