"""Failures that a page explains, and where each vector is written down."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import NamedTuple

from wce_conformance.skips import matches
from wce_conformance.vectors import Vector

PAGE = "bugs-found.md"
_FILE = Path(__file__).parent / "faults.toml"


class Fault(NamedTuple):
    """A section of the page, and which failures it is about."""

    libraries: tuple[str, ...]
    vectors: tuple[str, ...]
    section: str

    @property
    def link(self) -> str:
        """To the section, beside the scoreboard."""
        words = re.sub(r"[^\w\s-]", "", self.section.lower())
        anchor = re.sub(r"[-\s]+", "-", words)
        return f"{PAGE}#{anchor}"


@cache
def faults() -> tuple[Fault, ...]:
    """All of them."""
    rows = tomllib.loads(_FILE.read_text(encoding="utf-8"))["fault"]
    return tuple(Fault(tuple(r["libraries"]), tuple(r["vectors"]), r["section"]) for r in rows)


def link(library: str, vector: Vector) -> str:
    """Where a failure is explained, or else where its vector is."""
    for fault in faults():
        meant = any(matches(pattern, vector) for pattern in fault.vectors)
        if library in fault.libraries and meant:
            return fault.link
    return f"../conformance/wce_conformance/vectors/v1/{vector.file}"
