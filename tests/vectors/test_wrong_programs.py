"""Mistakes that people make, each made in the Node.js example: a vector catches every one."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from tools import program

from wce_conformance.program import Program
from wce_conformance.runner import Record, Task, records
from wce_conformance.vectors import Vector, load_vectors

NODE = Path(__file__).parents[2] / "conformance" / "examples" / "node"
WRONG = {
    "log(1 + x) of small x": ("Math.log1p(rest)", "Math.log(1 + rest)"),
    "the logarithm of a softmax": (
        "logits.map((x) => top - x + Math.log1p(rest))",
        "powers.map((e) => -Math.log(e / total))",
    ),
    "0 times infinity": (
        "(a === 0 && !Number.isNaN(b)) || (b === 0 && !Number.isNaN(a)) ? 0 : a * b",
        "a * b",
    ),
    "p − 1 that cancels": (
        "others(amounts, j) - (amounts[j] * others(powers, j)) / total",
        "sum(amounts) - amounts[j]",
    ),
    "softplus that overflows": (
        "Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))",
        "Math.log(1 + Math.exp(x))",
    ),
    "the number of items for Σω": (
        "weighted_mean: parts.weight",
        "weighted_mean: parts.items",
    ),
    "excluded items in the mean": ("mean: parts.items", "mean: parts.all_items"),
    "items of weight 0 counted": ("items: counted.length", "items: items.length"),
    "the rest of smoothing to all classes": ("(total - mass[k])", "total"),
    "smoothing over the others": ("/ mass.length", "/ (mass.length - 1)"),
    "a mask that is not read": ("if (options.mask &&", "if (false &&"),
    "one ignore_index for all": ("target === options.ignore_index", "target === -100"),
    "weights aligned from the right": (
        "length === 1 ? 0 : index[axis]",
        "length === 1 ? 0 : index[index.length - array.shape.length + axis] % length",
    ),
    "a mean of nothing": ('=== "nan" ? NaN : 0', '=== "nan" ? NaN : NaN'),
    "pos_weight for both classes": ("return [w0, w1 *", "return [w0 * (pos.data ? 1 : pos), w1 *"),
    "a gradient of the sum": ("item.gradient[k] / under", "item.gradient[k]"),
    "classes along the last axis": (
        "options.axis ?? -1) + shape.length) %",
        "-1) + shape.length) %",
    ),
}
"""What is written, and what is written instead."""


def put(script: Path, vectors: Sequence[Vector]) -> list[Record]:
    own = Program([program("node"), str(script)])
    try:
        return list(records(own, [Task(vector, "exec", "native") for vector in vectors]))
    finally:
        own.close()


@functools.cache
def offered() -> list[Vector]:
    """Those that the example answers, all of them right."""
    vectors = [v for v in load_vectors() if v.dtype == "float64" and v.error is None]
    found = put(NODE / "main.js", vectors)
    assert [r.vector for r in found if r.status == "failed"] == []
    return [v for v, r in zip(vectors, found, strict=True) if r.status == "passed"]


@pytest.mark.parametrize("name", WRONG)
def test_caught(name: str, tmp_path: Path) -> None:
    right, wrong = WRONG[name]
    folder = Path(shutil.copytree(NODE, tmp_path / "node"))
    text = (folder / "losses.js").read_text(encoding="utf-8")
    assert right in text
    (folder / "losses.js").write_text(text.replace(right, wrong, 1), encoding="utf-8")
    failed = [r for r in put(folder / "main.js", offered()) if r.status == "failed"]
    assert failed, f"no vector notices {name}"
    assert not any("has ended" in failure for r in failed for failure in r.judgement.failures)
