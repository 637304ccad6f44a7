"""What stands beside the vectors: the ledger of ids, and checksums."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from wce_conformance import __version__
from wce_conformance.files import changed, put
from wce_conformance.vectors import checksums, ledger
from wce_conformance.vectors.reading import files_of


def lines_of(texts: Iterable[str]) -> list[dict[str, Any]]:
    """The vectors of several files, as JSON."""
    return [vector for text in texts for vector in json.loads(text)["vectors"]]


def record(folder: Path) -> list[Path]:
    """Write ledger and checksums; gives back those that are new or have changed.

    A ValueError if an id of the ledger is gone, or is that of another call now.
    """
    return put(folder, _wanted(folder))


def unrecorded(folder: Path) -> list[str]:
    """What `record` would change, in words."""
    try:
        wanted = _wanted(folder)
    except ValueError as error:
        return [str(error)]
    return [f"{name} is not that of the vectors" for name in changed(folder, wanted)]


def refuse_problems(folder: Path, vectors: list[dict[str, Any]]) -> None:
    """A ValueError that names the first ids that went wrong."""
    found = ledger.problems(ledger.read(folder), vectors)
    if found:
        raise ValueError("; ".join([*found[:3], *([f"{len(found)} in all"] * (len(found) > 3))]))


def _wanted(folder: Path) -> dict[str, str]:
    vectors = lines_of(file.read_text(encoding="utf-8") for file in files_of(folder))
    refuse_problems(folder, vectors)
    known = ledger.with_new(ledger.read(folder), vectors, __version__)
    return {ledger.NAME: ledger.text(known), checksums.NAME: checksums.of_folder(folder)}
