"""The columns of the scoreboard: which implementations there are, and what each has scored."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from wce_conformance.peers import PEERS, environment

OURS = ("numpy", "torch", "jax", "tensorflow")
NAMES = (*(f"wce_core-{name}" for name in OURS), *PEERS)
"""All columns, in their order."""


@dataclass
class Cell:
    """Of the vectors of a row: how many were run, offered and passed, and the worst error."""

    run: int = 0
    offered: int = 0
    passed: int = 0
    worst: float | None = None

    def count(self, offered: bool, passed: bool, worst: float | None) -> None:
        """One vector more."""
        self.run += 1
        self.offered += offered
        self.passed += passed
        if worst is not None:
            self.worst = worst if self.worst is None else max(self.worst, worst)


@dataclass
class Failure:
    """A vector that failed, what it is about, why, in one line, and the page of the cause."""

    vector: str
    comment: str
    cause: str
    further: int
    link: str


@dataclass
class Column:
    """What one implementation has scored. `one_in`: of how many vectors one was run."""

    name: str
    title: str
    version: str
    notes: list[str]
    one_in: int = 1
    total: Cell = field(default_factory=Cell)
    cells: dict[str, Cell] = field(default_factory=dict)
    loss: float | None = None
    gradient: float | None = None
    failures: list[Failure] = field(default_factory=list)

    def cell(self, aspect: Sequence[str]) -> Cell:
        """That of a row; empty where nothing was run."""
        return self.cells.get("|".join(aspect), Cell())

    @property
    def ours(self) -> bool:
        """wce_core itself."""
        return self.name.startswith("wce_core")


def encoded(column: Column) -> str:
    """As JSON."""
    return json.dumps(asdict(column))


def decoded(text: str) -> Column:
    """The other way."""
    raw: dict[str, Any] = json.loads(text)
    return Column(
        **{
            **raw,
            "total": Cell(**raw["total"]),
            "cells": {key: Cell(**cell) for key, cell in raw["cells"].items()},
            "failures": [Failure(**failure) for failure in raw["failures"]],
        }
    )


def needs(name: str) -> tuple[str, ...]:
    """The packages that a column needs."""
    if name in PEERS:
        return PEERS[name][2]
    return (name.partition("-")[2],)


def installed(names: Sequence[str]) -> list[str]:
    """Those whose packages are there."""
    return [name for name in names if all(map(find_spec, needs(name)))]


class ColumnError(RuntimeError):
    """A column could not be made."""


def measured_apart(name: str, everything: bool, vectors: Path | None) -> Column:
    """In a process of its own: Keras has one backend in a process, and frameworks quarrel."""
    command = [sys.executable, "-m", "wce_conformance.scoreboard.measure", name]
    command += ["--all"] if everything else []
    command += ["--vectors", str(vectors)] if vectors else []
    quiet: Mapping[str, str] = {"TF_CPP_MIN_LOG_LEVEL": "3", **environment(name)}
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, **quiet}
    )
    if done.returncode != 0:
        raise ColumnError(f"{name}: {done.stderr.strip().splitlines()[-1:]}")
    return decoded(done.stdout.splitlines()[-1])


def measured(
    names: Sequence[str], jobs: int, everything: bool = False, vectors: Path | None = None
) -> Iterator[Column]:
    """All columns, in their order, `jobs` at a time."""
    with ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(lambda name: measured_apart(name, everything, vectors), names)
