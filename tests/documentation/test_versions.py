"""What pyproject.toml allows is tested: at the lowest version, or at that of all tests."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
SAME = {"tensorflow": "tensorflow-cpu"}
"""Packages that are tested under another name."""


def pinned(file: str) -> dict[str, Version]:
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    pairs = [line.split("==") for line in lines if "==" in line]
    return {name: Version(version) for name, version in pairs}


USUAL, LOWEST = pinned("constraints.txt"), pinned("constraints-lowest.txt")
OWN = (PROJECT["name"], "wce-vectors")
"""Distributions of this repository, which are tested as they are."""
REQUIREMENTS = {
    text: Requirement(text)
    for group in (PROJECT["dependencies"], *PROJECT["optional-dependencies"].values())
    for text in group
    if not text.startswith(OWN)
}


@pytest.mark.parametrize("text", REQUIREMENTS)
def test_the_lowest_version_is_tested(text: str) -> None:
    (bound,) = REQUIREMENTS[text].specifier
    assert bound.operator == ">="
    name = SAME.get(REQUIREMENTS[text].name, REQUIREMENTS[text].name)
    assert Version(bound.version) == LOWEST.get(name, USUAL.get(name))


def test_what_is_lowest_is_not_above_the_usual() -> None:
    assert all(version <= USUAL[name] for name, version in LOWEST.items())
