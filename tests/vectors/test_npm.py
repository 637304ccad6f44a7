"""The npm package holds the vectors, and Node.js reads them from the packed file."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from tools import program

from wce_conformance import __version__, load_vectors
from wce_conformance.__main__ import main
from wce_conformance.vectors import FOLDER

READ = """
const { load, numbers, files, folder } = require("wce-vectors");
const all = load();
const long = all.find((vector) => vector.id === "cross_entropy/257 items, mean/bfloat16");
console.log(JSON.stringify({
  ids: all.map((vector) => vector.id),
  items: numbers(long.targets).length,
  infinite: all.some((vector) => numbers(vector.predictions).includes(-Infinity)),
  files: files().length,
}));
"""


def test_packed_installed_and_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    npm, node = program("npm"), program("node")
    assert main(["npm", str(tmp_path / "package")]) == 0
    assert "npm pack" in capsys.readouterr().out
    packed = run([npm, "pack", "--json", str(tmp_path / "package")], tmp_path)
    (own,) = json.loads(packed)
    assert own["filename"] == f"wce-vectors-{__version__}.tgz"
    (tmp_path / "user").mkdir()
    offline = [npm, "install", "--offline", "--no-audit", "--no-fund"]
    run([*offline, str(tmp_path / own["filename"])], tmp_path / "user")
    found = json.loads(run([node, "-e", READ], tmp_path / "user"))
    assert sorted(found["ids"]) == sorted(vector.id for vector in load_vectors())
    assert found["items"] == 257
    assert found["infinite"]
    there = tmp_path / "user" / "node_modules" / "wce-vectors" / "vectors"
    assert {file.name for file in there.iterdir()} == {file.name for file in FOLDER.iterdir()}
    assert (there / "ids.tsv").read_bytes() == (FOLDER / "ids.tsv").read_bytes()


def run(command: list[str], folder: Path) -> str:
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=True, timeout=240
    ).stdout


def test_a_folder_that_is_not_empty_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine").write_text("mine")
    assert main(["npm", str(tmp_path)]) == 2
    assert "is not empty: name a new folder" in capsys.readouterr().err
    assert [file.name for file in tmp_path.iterdir()] == ["mine"]
