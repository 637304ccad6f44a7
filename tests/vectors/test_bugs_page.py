"""The page of faults found: the vectors that it names show them in the libraries named."""

from __future__ import annotations

import functools
import re
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import pytest

from wce_conformance.peers import PEERS, peer
from wce_conformance.peers.base import Peer
from wce_conformance.runner import Task, records
from wce_conformance.vectors import load_vectors

PAGE = (Path(__file__).parents[2] / "docs" / "bugs-found.md").read_text(encoding="utf-8")
VECTORS = {vector.id: vector for vector in load_vectors()}
SECTIONS = [own for own in PAGE.split("\n## ")[1:] if "```python" in own]
LIBRARY = re.compile(r"`(\w+)` (\d[\w.]*\d)")
VECTOR = re.compile(r"`((?:binary_)?cross_entropy/[^`]+)`")
PACKAGES = {"tensorflow": "tensorflow-cpu"}


def head(section: str) -> str:
    """What is said before the code."""
    return section.partition("```python")[0].replace("\n", " ")


CLAIMS = [
    (library, vector)
    for section in SECTIONS
    for library, _ in LIBRARY.findall(head(section))
    for vector in VECTOR.findall(head(section))
]


@functools.cache
def made(name: str) -> Peer:
    return peer(name)


def test_sections_have_everything() -> None:
    assert len(SECTIONS) >= 10
    for section in SECTIONS:
        assert "**Right " in section
        assert "```text" in section
        assert LIBRARY.findall(head(section))
    assert len({*CLAIMS}) == len(CLAIMS) >= len(SECTIONS) - 1


def test_versions_are_those_that_are_installed() -> None:
    named = {found for section in SECTIONS for found in LIBRARY.findall(head(section))}
    for library, stated in named:
        package = PACKAGES.get(library, library)
        assert version(package).partition("+")[0] == stated


@pytest.mark.parametrize(
    ("library", "vector"), [claim for claim in CLAIMS if claim[0] != "keras"], ids=str
)
def test_the_vector_shows_it(library: str, vector: str) -> None:
    """Keras has one backend in a process: tests/agreement/test_peers.py has its vector."""
    if not all(map(find_spec, PEERS[library][2])):
        pytest.skip(f"{library} is not installed: its faults are not tested here")
    (record,) = records(made(library), [Task(VECTORS[vector], "eager", "native")])
    assert record.status == "failed"


def test_flags_that_are_named_exist() -> None:
    table = PAGE.partition("## Threads")[2]
    named = set(re.findall(r"`(\w+)`", table)) - {"weighted_mean"}
    assert named <= {flag for vector in VECTORS.values() for flag in vector.flags}
