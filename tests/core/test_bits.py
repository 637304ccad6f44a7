"""Counting bits between backends, and going on where a run was interrupted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from wce_conformance import bits


def test_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bits, "SHAPES", ((8, 5), (4, 3)))
    file = tmp_path / "bits.json"
    call = ["numpy:eager", "numpy:eager", "--state", str(file), "--elements"]
    assert bits.main([*call, "40"]) == 0
    assert json.loads(file.read_text(encoding="utf-8"))["batches"] == 1
    assert bits.main([*call, "80"]) == 0
    kept = json.loads(file.read_text(encoding="utf-8"))
    assert (kept["batches"], kept["elements"]) == (3, 92)
    assert list(kept["differing"].values()) == [0]


def test_what_differs_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bits, "SHAPES", ((8, 5),))
    gradients = bits._gradients

    def one_off(*args: Any) -> Any:
        first, second = gradients(*args)
        second = second.copy()
        second[0, 0] += 1
        return iter((first, second))

    monkeypatch.setattr(bits, "_gradients", one_off)
    call = ["numpy:eager", "numpy:eager", "--state", str(tmp_path / "a.json"), "--elements", "40"]
    assert bits.main(call) == 1


def test_a_file_of_other_routes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bits, "SHAPES", ((8, 5),))
    file = tmp_path / "bits.json"
    bits.main(["numpy:eager", "numpy:eager", "--state", str(file), "--elements", "40"])
    with pytest.raises(SystemExit, match="another file"):
        bits.main(["numpy:eager", "--state", str(file), "--elements", "40"])
