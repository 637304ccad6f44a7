"""What a hunt has found so far, in a folder: it goes on where it ended."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from wce_conformance.files import replace
from wce_conformance.vectors.encode import document, encode

from .pair import Disagreement, named


@dataclass
class State:
    """Of a folder. `seed`: of the next round. `kinds`: of what was found."""

    pair: tuple[str, str]
    seed: int = 0
    calls: int = 0
    compared: int = 0
    kinds: list[str] = field(default_factory=list)

    def save(self, folder: Path) -> None:
        """Written whole, then put in place."""
        folder.mkdir(parents=True, exist_ok=True)
        replace(folder / "state.json", json.dumps(asdict(self), indent=1))


def loaded(folder: Path, pair: tuple[str, str]) -> State:
    """That of a folder, or a new one; a ValueError if it is of two others."""
    file = folder / "state.json"
    if not file.exists():
        return State(pair)
    raw: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    if tuple(raw["pair"]) != pair:
        raise ValueError(f"{folder} is a hunt of {' and '.join(raw['pair'])}: name another folder")
    return State(**{**raw, "pair": pair})


def keep(folder: Path, found: Disagreement) -> Path:
    """The vector, added to those that were found before, as a file that the runner reads."""
    file = folder / "found.json"
    before = json.loads(file.read_text(encoding="utf-8"))["vectors"] if file.exists() else []
    line = encode(named(found.vector.case, len(before) + 1))
    folder.mkdir(parents=True, exist_ok=True)
    replace(file, document([*before, line]))
    return file
