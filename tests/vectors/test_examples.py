"""The worked examples pass what they offer; without its compiler an example is skipped, aloud."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import yaml
from tools import program

from wce_conformance import __version__
from wce_conformance.__main__ import _parser
from wce_conformance.program import Program
from wce_conformance.runner import Record, Task, records
from wce_conformance.vectors import Vector, load_vectors

EXAMPLES = Path(__file__).parents[2] / "conformance" / "examples"
VECTORS = [
    v
    for v in load_vectors()
    if v.error is None and (v.loss, v.dtype) == ("cross_entropy", "float64")
]


def node(folder: Path) -> list[str]:
    del folder
    return [program("node"), str(EXAMPLES / "node" / "main.js")]


def python(folder: Path) -> list[str]:
    """Isolated, without site packages: the standard library alone."""
    del folder
    return [sys.executable, "-I", "-S", str(EXAMPLES / "python" / "main.py")]


def cpp(folder: Path) -> list[str]:
    source, made = EXAMPLES / "cpp" / "main.cpp", folder / "main"
    flags = ["-O1", "-std=c++17", "-Wall", "-Wextra", "-Werror"]
    compiled([program("g++"), *flags, "-o", str(made), str(source)])
    return [str(made)]


def rust(folder: Path) -> list[str]:
    source, made = EXAMPLES / "rust" / "main.rs", folder / "main"
    flags = ["-O", "-D", "warnings", "--edition", "2021"]
    compiled([program("rustc"), *flags, "-o", str(made), str(source)])
    return [str(made)]


def compiled(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stderr


PROGRAMS: dict[str, Callable[[Path], list[str]]] = {
    "node": node,
    "python": python,
    "cpp": cpp,
    "rust": rust,
}


def answered(command: Sequence[str], vectors: Sequence[Vector]) -> list[Record]:
    own = Program(command)
    try:
        return list(records(own, [Task(vector, "exec", "native") for vector in vectors]))
    finally:
        own.close()


@pytest.mark.parametrize("name", PROGRAMS)
def test_passes_what_it_offers(name: str, tmp_path: Path) -> None:
    found = answered(PROGRAMS[name](tmp_path), VECTORS)
    assert [(r.vector, r.judgement.failures) for r in found if r.status == "failed"] == []
    assert sum(r.status == "passed" for r in found) >= 20


def test_every_example_is_tested() -> None:
    folders = {folder.name for folder in EXAMPLES.iterdir() if folder.is_dir()}
    assert folders == {*PROGRAMS, "numpy", "workflows"}


@pytest.mark.parametrize("file", sorted((EXAMPLES / "workflows").iterdir()), ids=lambda f: f.name)
def test_workflows_are_valid_and_call_what_there_is(file: Path) -> None:
    workflow = yaml.safe_load(file.read_text(encoding="utf-8"))
    (job,) = workflow["jobs"].values()
    commands = [step["run"].split() for step in job["steps"] if "run" in step]
    assert commands[0][:4] == ["python", "-m", "pip", "install"]
    assert f"=={MAJOR}" in " ".join(commands[0])
    for command in commands:
        if command[0] == "wce-vectors":
            _parser().parse_args(command[1:])
    assert any("wce-vectors" in c or "tests/test_vectors.py" in c for c in commands)


MAJOR = __version__.partition(".")[0] + ".*"
