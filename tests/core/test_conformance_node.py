"""The example in another language passes the vectors that it offers, where Node.js is installed."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest

from wce_conformance import load_vectors
from wce_conformance.program import Program
from wce_conformance.runner import Choice, run

MAIN = Path(__file__).parents[2] / "conformance" / "examples" / "node" / "main.js"
NODES = [node for node in [shutil.which("node")] if node]


@pytest.mark.parametrize("node", NODES)
def test_the_example_passes(node: str) -> None:
    program = Program([node, str(MAIN)])
    try:
        records = run(program, Choice())
    finally:
        program.close()
    assert [(r.vector, r.judgement.failures) for r in records if r.status == "failed"] == []
    vectors = {vector.id: vector for vector in load_vectors()}
    passed = [vectors[record.vector] for record in records if record.status == "passed"]
    assert len(passed) >= 80
    assert {vector.dtype for vector in passed if vector.answer} == {"float64"}
    met = Counter((vector.loss, mode) for vector in passed for mode in vector.modes)
    common = {"class_weight", "sample_weight", "mask", "ignore_index"}
    assert {mode for loss, mode in met if loss == "cross_entropy"} == common
    binary = {mode for loss, mode in met if loss == "binary_cross_entropy"}
    assert binary >= {"class_weight", "pos_weight", "sample_weight", "ignore_index"}
