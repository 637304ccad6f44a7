"""Measure one column, and print it as JSON: what the scoreboard runs in a process of its own."""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from wce_conformance.implementation import Implementation
from wce_conformance.peers import PEERS, peer
from wce_conformance.peers.asked import CROSS_ENTROPIES
from wce_conformance.runner import Record, Task, records
from wce_conformance.sampling import in_sample
from wce_conformance.scoreboard.aspects import aspects
from wce_conformance.scoreboard.columns import NAMES, Column, Failure, encoded
from wce_conformance.scoreboard.faults import link
from wce_conformance.vectors import Vector, load_vectors

SLOW: Mapping[str, int] = {"keras-jax": 8, "optax": 4, "tinygrad": 8, "wce_core-jax": 8}
"""JAX compiles every operation anew for every shape, and tinygrad runs every number in Python: of
these one vector in so many is run."""


def implementation(name: str) -> tuple[Implementation, str, list[str]]:
    """The implementation of a column, its versions, and notes."""
    if name in PEERS:
        own = peer(name)
        return own, f"{own.version}{_below(name)}", list(own.notes)
    backend = name.partition("-")[2]
    from wce_conformance.scoreboard.ours import Ours

    ours = Ours(backend)
    return ours, f"{ours.version}, {backend} {_version(backend)}", []


def column(name: str, everything: bool = False, vectors: Sequence[Vector] | None = None) -> Column:
    """Run what is to be run, and count."""
    own, versions, notes = implementation(name)
    one_in = 1 if everything else SLOW.get(name, 1)
    every = load_vectors() if vectors is None else vectors
    asked = (v for v in every if v.error is None and v.loss in CROSS_ENTROPIES)
    chosen = [vector for vector in asked if in_sample(vector, one_in)]
    made = Column(name, own.name, versions, notes, one_in)
    todo = [Task(vector, "eager", "native") for vector in chosen]
    for vector, record in zip(chosen, records(own, todo), strict=True):
        _count(made, vector, record)
    return made


def _count(column: Column, vector: Vector, record: Record) -> None:
    offered, passed = record.status != "not offered", record.status == "passed"
    worst = record.judgement.worst
    error = max(worst.values(), default=None)
    column.total.count(offered, passed, error)
    for aspect in aspects(vector):
        key = "|".join(aspect)
        column.cells.setdefault(key, type(column.total)()).count(offered, passed, error)
    losses = [size for name, size in worst.items() if name != "gradient"]
    column.loss = _larger(column.loss, losses)
    column.gradient = _larger(column.gradient, [worst["gradient"]] if "gradient" in worst else [])
    if record.status == "failed":
        causes = record.judgement.failures
        where = link(column.name, vector)
        own = Failure(vector.id, vector.case.comment, causes[0], len(causes) - 1, where)
        column.failures.append(own)


def _larger(before: float | None, new: Sequence[float]) -> float | None:
    known = [*new, *([] if before is None else [before])]
    return max(known, default=None)


def _below(name: str) -> str:
    """The version of the framework below a library."""
    frameworks = PEERS[name][2][1:]
    return "".join(f", {framework} {_version(framework)}" for framework in frameworks)


def _version(package: str) -> str:
    from importlib import import_module

    found: str = getattr(import_module(package), "__version__", "") or version(package)
    return found


def main() -> None:
    """Print a column."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--vectors", type=Path)
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # overflow and 0/0 are what some vectors are about
    found = column(options.name, options.all, load_vectors(options.vectors))
    sys.stdout.write(encoded(found) + "\n")


if __name__ == "__main__":
    main()
