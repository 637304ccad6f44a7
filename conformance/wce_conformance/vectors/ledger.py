"""Every id that a vector ever had, with its call: an id is never given to another.

``ids.tsv`` beside the vectors has a line for each: the version that brought it, a digest of its
call, the id, and for a vector that was taken out, why. ``generate`` adds lines and changes none.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

NAME = "ids.tsv"
_CALL = ("loss", "dtype", "predictions", "targets", "arguments")


class Known(NamedTuple):
    """What is known of an id; `withdrawn` says why its vector is gone."""

    since: str
    call: str
    withdrawn: str = ""


def read(folder: Path) -> dict[str, Known]:
    """All ids of a folder of vectors; none where there is no such file yet."""
    file = folder / NAME
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    rows = (line.split("\t") for line in lines)
    return {row[2]: Known(row[0], row[1], *row[3:]) for row in rows}


def text(known: Mapping[str, Known]) -> str:
    """As a file, the ids in order."""
    rows = ((own.since, own.call, name, own.withdrawn) for name, own in sorted(known.items()))
    return "".join("\t".join(row).rstrip() + "\n" for row in rows)


def digest(vector: Mapping[str, Any]) -> str:
    """Of the call of a vector, as JSON."""
    call = {name: vector[name] for name in _CALL}
    return sha256(json.dumps(call, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:16]


def with_new(
    known: Mapping[str, Known], vectors: Iterable[Mapping[str, Any]], version: str
) -> dict[str, Known]:
    """With the ids that are not known yet."""
    new = {v["id"]: Known(version, digest(v)) for v in vectors if v["id"] not in known}
    return {**known, **new}


def problems(known: Mapping[str, Known], vectors: Sequence[Mapping[str, Any]]) -> list[str]:
    """Ids that vanished, that came back, or that were given to another call."""
    calls = {vector["id"]: digest(vector) for vector in vectors}
    gone = [name for name, own in known.items() if name not in calls and not own.withdrawn]
    back = [name for name, own in known.items() if name in calls and own.withdrawn]
    other = [name for name, call in calls.items() if name in known and known[name].call != call]
    return [
        *(f"{name!r} is gone: an id stays, or its line says why it is withdrawn" for name in gone),
        *(f"{name!r} was withdrawn: give the vector a new id" for name in back),
        *(f"{name!r} is another call now: give it a new id" for name in other if name not in back),
    ]
