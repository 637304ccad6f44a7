"""Importing wce_core imports no framework, and the oracle imports mpmath alone."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest


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


@pytest.mark.parametrize(
    "module", ["wce_backends.numpy", "wce_backends.generic", "wce_core.call.run"]
)
def test_any_module_may_be_imported_first(module: str) -> None:
    subprocess.run([sys.executable, "-c", f"import {module}"], check=True, timeout=60)
