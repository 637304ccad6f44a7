"""An adopter's file of vectors that are not put to it, or are known to fail, each with its reason.

    [skip]
    "dtype:bfloat16" = "NumPy has none"
    "argument:cost_matrix" = "not offered"

    [fails]
    "cross_entropy/logits ±20*" = "tracker#12: log(1 + x) of a small x"

A key is the id of a vector, with ``*`` and ``?`` as in file names, or one of ``loss:``, ``dtype:``,
``flag:`` and ``argument:`` with a name: all vectors of a loss, with an array of a dtype, that hunt
a bug, or that give an argument.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Collection, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

from wce_conformance.cases import Tensor
from wce_conformance.vectors import Vector

_TABLES = {"skip", "fails"}


class SkipFileError(ValueError):
    """The file can't be read as one of skips, or names what no vector has."""


class Skips(NamedTuple):
    """Reasons by pattern."""

    skip: Mapping[str, str]
    fails: Mapping[str, str]

    def reason_to_skip(self, vector: Vector) -> str | None:
        """None: it is run."""
        return _reason(self.skip, vector)

    def reason_to_fail(self, vector: Vector) -> str | None:
        """None: it has to pass."""
        return _reason(self.fails, vector)


NO_SKIPS = Skips({}, {})


def read_skips(file: Path, vectors: Sequence[Vector]) -> Skips:
    """Those of a file; a SkipFileError if a pattern is of none of the vectors."""
    skips = _parsed(file)
    stale = [
        pattern
        for pattern in (*skips.skip, *skips.fails)
        if not any(matches(pattern, vector) for vector in vectors)
    ]
    if stale:
        raise SkipFileError(f"{file}: no vector is meant by {stale[0]!r}; take the line out")
    return skips


def _parsed(file: Path) -> Skips:
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise SkipFileError(f"{file} is no TOML: {error}") from None
    for name, table in tables.items():
        if name not in _TABLES or not isinstance(table, dict):
            raise SkipFileError(f"{file}: {name!r} is neither [skip] nor [fails]")
        for pattern, reason in table.items():
            if not (isinstance(reason, str) and reason.strip()):
                raise SkipFileError(f"{file}: {pattern!r} needs a reason, as a string")
    return Skips(tables.get("skip", {}), tables.get("fails", {}))


def _reason(reasons: Mapping[str, str], vector: Vector) -> str | None:
    found = (reason for pattern, reason in reasons.items() if matches(pattern, vector))
    return next(found, None)


def matches(pattern: str, vector: Vector) -> bool:
    """Is this vector meant?"""
    kind, colon, name = pattern.partition(":")
    if colon and kind in _NAMES:
        return name in _NAMES[kind](vector)
    # Of file names, brackets mean sets of characters; in ids they are brackets.
    return fnmatchcase(vector.id, pattern.replace("[", "[[]"))


def _dtypes(vector: Vector) -> Collection[str]:
    case = vector.case
    given = [a for a in case.arguments.values() if isinstance(a, Tensor)]
    return {tensor.dtype for tensor in (case.predictions, case.targets, *given)}


_NAMES: Mapping[str, Callable[[Vector], Collection[str]]] = {
    "loss": lambda vector: (vector.loss,),
    "dtype": _dtypes,
    "flag": lambda vector: vector.flags,
    "argument": lambda vector: vector.case.arguments,
}
