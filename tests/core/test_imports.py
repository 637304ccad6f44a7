"""Imports go one way, and importing wce_core imports no framework."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import wce_core

ROOT = Path(wce_core.__file__).parent
RANKS = (
    {"types", "errors", "opaque", "imports", "scalars"},
    {"numerics", "precision", "interchange"},
    {"reductions", "terms"},
    {"layout", "links"},
    {"hints"},
    {"mass"},
    {"weightings"},
    {"evaluate"},
    {"backend"},
    {"blocks", "dispatch", "handles", "options"},
    {"checks", "parts", "constants", "gradient"},
    {"call"},
    {"held"},
    {"signatures"},
    {"losses"},
    {"dialects", "explanation"},
    {"class_weights"},
)
"""Each module imports, at run time, only from ranks above its own or from its own package."""
OUTER = {"__init__", "__main__", "cli", "demo"}


def _room(module: Path) -> str:
    return module.relative_to(ROOT).parts[0].removesuffix(".py")


def _runtime_imports(path: Path) -> set[str]:
    """Rooms of wce_core imported by a file, apart from those for type checking and lazy ones."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    depth = len(path.relative_to(ROOT).parts)
    found = set()
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.level == depth:
            names = [node.module] if node.module else [alias.name for alias in node.names]
            found |= {name.partition(".")[0] for name in names}
    return found


@pytest.mark.parametrize(
    "path", sorted(ROOT.rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT))
)
def test_imports_go_one_way(path: Path) -> None:
    room = _room(path)
    if room in OUTER:
        return
    rank = {name: i for i, names in enumerate(RANKS) for name in names}
    wrong = {name for name in _runtime_imports(path) - {room} if rank[name] >= rank[room]}
    assert not wrong, f"{room} imports {wrong}, which stand no higher"


def test_every_module_has_a_rank() -> None:
    rooms = {_room(path) for path in ROOT.rglob("*.py")} - OUTER
    assert rooms == set().union(*RANKS)


def _all_imports(package: str) -> dict[str, set[str]]:
    root = Path(importlib.import_module(package).__file__ or "").parent
    found = {}
    for path in root.rglob("*.py"):
        nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        found[str(path)] = {
            name
            for node in nodes
            for name in (
                [node.module or ""]
                if isinstance(node, ast.ImportFrom) and not node.level
                else [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else []
            )
        }
    return found


def test_backends_never_import_losses() -> None:
    for path, names in _all_imports("wce_backends").items():
        assert "wce_core.losses" not in names, path


def test_the_oracle_imports_mpmath_only() -> None:
    for path, names in _all_imports("wce_conformance.oracle").items():
        tops = {name.partition(".")[0] for name in names}
        foreign = tops - set(sys.stdlib_module_names) - {"mpmath", "wce_conformance"}
        assert not foreign, f"{path} imports {foreign}"
        inner = {name for name in names if name.startswith("wce_conformance.")}
        assert all(name.startswith("wce_conformance.oracle") for name in inner), path


CODE = """
import sys, time
import numpy
start = time.perf_counter()
import wce_core
elapsed = time.perf_counter() - start
wce_core.losses.cross_entropy([[0.0, 1.0]], [1])
wce_core.dialects.torch.cross_entropy(numpy.zeros((1, 2)), numpy.array([1]))
loaded = {
    "torch", "jax", "tensorflow", "keras", "rich", "matplotlib", "sklearn", "mpmath", "optax",
    "onnx",
}
print(sorted(loaded & set(sys.modules)), elapsed)
"""


def test_importing_wce_core_imports_no_framework() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.startswith("[]"), done.stdout


@pytest.mark.parametrize("module", ["wce_backends.numpy", "wce_backends.generic", "wce_core.call"])
def test_any_module_may_be_imported_first(module: str) -> None:
    subprocess.run([sys.executable, "-c", f"import {module}"], check=True, timeout=60)
