"""Ids are never reused, and checksums are those of the files."""

from __future__ import annotations

import json
import shutil
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from wce_conformance import __version__, load_vectors
from wce_conformance.bookkeeping import record, unrecorded
from wce_conformance.vectors import FOLDER, checksums, ledger
from wce_conformance.vectors.encode import VERSION

FILE = "cross_entropy.mask.json"
CHANGES = Path(__file__).parents[2] / "conformance" / "CHANGELOG.md"


def test_every_id_is_recorded_with_its_call() -> None:
    """Where this fails: `python -m wce_conformance generate` records new vectors."""
    assert unrecorded(FOLDER) == []
    assert set(ledger.read(FOLDER)) >= {vector.id for vector in load_vectors()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A file of vectors that is recorded."""
    shutil.copy(FOLDER / FILE, tmp_path)
    assert {file.name for file in record(tmp_path)} == {"ids.tsv", "SHA256SUMS"}
    assert unrecorded(tmp_path) == []
    return tmp_path


def changed(folder: Path, change: Any) -> list[str]:
    document = json.loads((folder / FILE).read_text(encoding="utf-8"))
    change(document["vectors"])
    (folder / FILE).write_text(json.dumps(document), encoding="utf-8")
    return unrecorded(folder)


def test_an_id_that_vanishes(folder: Path) -> None:
    (found,) = changed(folder, lambda vectors: vectors.pop())
    assert "is gone" in found
    with pytest.raises(ValueError, match="is gone"):
        record(folder)


def test_an_id_that_is_reused(folder: Path) -> None:
    def reuse(vectors: list[dict[str, Any]]) -> None:
        vectors[0]["arguments"]["reduction"] = "nonzero_mean"

    (found,) = changed(folder, reuse)
    assert "is another call now: give it a new id" in found


def test_an_id_that_was_withdrawn_may_not_come_back(folder: Path) -> None:
    known = ledger.read(folder)
    name = next(iter(known))
    known[name] = known[name]._replace(withdrawn="the call is refused")
    (folder / ledger.NAME).write_text(ledger.text(known), encoding="utf-8")
    (found,) = unrecorded(folder)
    assert "was withdrawn" in found
    gone = changed(folder, lambda v: v.remove(next(x for x in v if x["id"] == name)))
    assert gone == ["SHA256SUMS is not that of the vectors"]


def test_a_new_answer_to_the_same_call_is_in_the_checksums(folder: Path) -> None:
    def other(vectors: list[dict[str, Any]]) -> None:
        vectors[0]["comment"] = "another"

    assert changed(folder, other) == ["SHA256SUMS is not that of the vectors"]


def test_what_is_recorded_is_kept(folder: Path) -> None:
    """A later version adds ids, and changes nothing of those that are there."""
    known = ledger.read(folder)
    later = ledger.with_new(known, [{"id": "new", **_call()}], "9.0.0")
    assert {name: own for name, own in later.items() if name != "new"} == known
    assert later["new"].since == "9.0.0"


def _call() -> dict[str, Any]:
    return {
        name: load_vectors()[0].line[name]
        for name in ("loss", "dtype", "predictions", "targets", "arguments")
    }


def test_checksums() -> None:
    lines = (FOLDER / checksums.NAME).read_text(encoding="utf-8").splitlines()
    found = dict(reversed(line.split("  ")) for line in lines)
    assert found[FILE] == sha256((FOLDER / FILE).read_bytes()).hexdigest()
    assert "schema.json" in found


def test_the_version_and_its_changes() -> None:
    assert int(__version__.partition(".")[0]) == VERSION
    assert f"## [{__version__}]" in CHANGES.read_text(encoding="utf-8")
    assert {own.since for own in ledger.read(FOLDER).values()} <= set(_versions())


def _versions() -> list[str]:
    lines = CHANGES.read_text(encoding="utf-8").splitlines()
    return [line[4:].partition("]")[0] for line in lines if line.startswith("## [")]


def test_both_distributions_have_one_licence() -> None:
    root = CHANGES.parents[1]
    assert (root / "LICENSE").read_bytes() == (CHANGES.parent / "LICENSE").read_bytes()
