"""A hunt finds what is wrong, shrinks it, and goes on where it ended; of what is right, nothing."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path
from types import SimpleNamespace

import pytest

from wce_conformance.__main__ import main
from wce_conformance.hunt import command
from wce_conformance.hunt.command import smallest
from wce_conformance.hunt.pair import Disagreement, Pair, implementation
from wce_conformance.hunt.state import State, keep, loaded
from wce_conformance.runner import Task, records
from wce_conformance.vectors import load_vectors
from wce_conformance.wrong import WRONG, Reference

LATER = math.inf


def found_by(own: Reference, rounds: int) -> tuple[State, list[Disagreement]]:
    pair, state, found = Pair(own, None), State(("own", "oracle")), []
    for _ in range(rounds):
        one = smallest(pair, state, LATER)
        if one is not None:
            state.kinds.append(one.kind)
            found.append(one)
        state.seed += 1
    return state, found


def test_a_wrong_denominator_is_found_and_shrunk(tmp_path: Path) -> None:
    own = WRONG["count for weight"]()
    state, found = found_by(own, 2)
    assert found
    case = found[0].vector.case
    assert case.arguments["reduction"] == "weighted_mean"
    # Of one item and with the simplest logits; how many classes it has depends on what Hypothesis
    # has drawn, and that on which modules are loaded.
    assert case.predictions.shape[0] == 1
    assert not any(case.predictions.data)
    assert state.compared >= 20
    file = keep(tmp_path, found[0])
    (vector,) = load_vectors(file)
    (record,) = records(own, [Task(vector, "eager", "native")])
    (right,) = records(Reference(), [Task(vector, "eager", "native")])
    assert (record.status, right.status) == ("failed", "passed")


def test_the_same_kind_is_not_found_again() -> None:
    own = WRONG["count for weight"]()
    state, found = found_by(own, 3)
    assert found
    assert len(found) == len(set(state.kinds)) == len(state.kinds)


def test_nothing_is_found_where_both_are_wrong_alike() -> None:
    own = WRONG["count for weight"]()
    pair, state = Pair(own, own), State(("own", "own"))
    assert smallest(pair, state, LATER) is None
    assert state.compared > 0


def test_a_hunt_goes_on_where_it_ended(tmp_path: Path) -> None:
    state = State(("a", "b"), seed=7, calls=9, compared=8, kinds=["k"])
    state.save(tmp_path)
    assert loaded(tmp_path, ("a", "b")) == state
    with pytest.raises(ValueError, match="is a hunt of a and b: name another folder"):
        loaded(tmp_path, ("a", "c"))


def test_names_that_are_nothing() -> None:
    assert implementation("oracle") is None
    with pytest.raises(ValueError, match="neither a program nor one of oracle, wce_core-numpy"):
        implementation("nonesuch")


def test_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = itertools.count()  # at a clock that goes on by one each time: 60 of them
    clock = SimpleNamespace(monotonic=lambda: float(next(looks)))
    monkeypatch.setattr(command, "time", clock)
    arguments = ["hunt", "wce_core-numpy", "--minutes", "1", "--folder", str(tmp_path)]
    assert main(arguments) == 0
    assert "0 kinds of disagreement" in capsys.readouterr().out
    before = json.loads((tmp_path / "state.json").read_text())
    assert main(arguments) == 0
    after = json.loads((tmp_path / "state.json").read_text())
    assert after["seed"] > before["seed"]
    assert after["compared"] > before["compared"] > 0
    assert main(["hunt", "keras-jax", "keras-torch", "--folder", str(tmp_path / "other")]) == 2
    assert "Keras has one backend in a process" in capsys.readouterr().err
    assert main(["hunt", "nonesuch", "--folder", str(tmp_path / "other")]) == 2
    assert "neither a program nor" in capsys.readouterr().err
