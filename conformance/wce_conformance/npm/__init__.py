"""The vectors as an npm package: ``python -m wce_conformance npm FOLDER``, then ``npm pack``."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from wce_conformance import __version__
from wce_conformance.vectors.reading import FOLDER

_HERE = Path(__file__).parent
_SOURCES = ("index.js", "index.d.ts")


def description() -> dict[str, Any]:
    """What ``package.json`` says; the version is that of the Python distribution."""
    return {
        "name": "wce-vectors",
        "version": __version__,
        "description": "Test vectors of weighted cross-entropies, from an oracle of sixty digits.",
        "license": "Apache-2.0",
        "main": "index.js",
        "types": "index.d.ts",
        "files": [*_SOURCES, "vectors"],
        "engines": {"node": ">=18"},
        "keywords": ["cross-entropy", "loss", "test-vectors", "conformance"],
    }


def write(folder: Path) -> None:
    """A package of the stored vectors, in a folder that is empty or not there."""
    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty: name a new folder")
    shutil.copytree(FOLDER, folder / "vectors")
    for name in _SOURCES:
        shutil.copy(_HERE / name, folder / name)
    (folder / "package.json").write_text(json.dumps(description(), indent=2) + "\n")
    (folder / "README.md").write_text(_README, encoding="utf-8")


_README = """# wce-vectors

Calls of weighted cross-entropies, and what must come of them.

    const { load, numbers } = require("wce-vectors");
    for (const vector of load()) { /* vector.loss, numbers(vector.predictions), vector.expected */ }

`folder` is where the JSON files are, with their schema, `SHA256SUMS` and `ids.tsv`. The runner that
judges a program's answers is the Python package of the same name.
"""
