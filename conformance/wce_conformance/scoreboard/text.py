"""What the scoreboard says in all of its forms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from wce_conformance.judging.numbers import BOUND
from wce_conformance.scoreboard.aspects import GROUPS, ORDER
from wce_conformance.scoreboard.columns import Cell, Column

TITLE = "Scoreboard"
SHORT = {
    "wce_core-numpy": "wce_core NumPy",
    "wce_core-torch": "wce_core PyTorch",
    "wce_core-jax": "wce_core JAX",
    "wce_core-tensorflow": "wce_core TensorFlow",
    "torch": "PyTorch",
    "tensorflow": "TensorFlow",
    "keras-tensorflow": "Keras on TensorFlow",
    "keras-jax": "Keras on JAX",
    "keras-torch": "Keras on PyTorch",
    "keras-numpy": "Keras on NumPy",
    "optax": "optax",
    "sklearn": "scikit-learn",
    "onnxruntime": "ONNX Runtime",
    "tinygrad": "tinygrad",
}
"""Heads of columns."""


def rules(columns: Sequence[Column]) -> list[str]:
    """How everyone was measured, in sentences."""
    full = max((column.total.run for column in columns), default=0)
    sampled = [f"{SHORT[c.name]} 1 in {c.one_in} ({c.total.run})" for c in columns if c.one_in > 1]
    return [
        f"The same {full} valid test vectors for everyone, on the CPU, eager, in the dtype of the "
        "predictions; answers come from an oracle of sixty digits.",
        "Passed: every loss and every gradient element to the predictions is within "
        f"{BOUND:g} eps of its scale (Σ|ℓ| over the denominator; the item loss itself; the largest"
        " term of the item's gradient), and is infinite or NaN where the answer is.",
        "Offered: the library's own arguments say what the vector asks for. Weighting or reducing"
        " by hand does not count; moving an axis and converting a dtype without loss does. What is"
        " not offered is neither passed nor failed, and shown as ·.",
        "Error: the worst of all that were offered, failed ones included, in eps; a wrong infinity"
        " or NaN has no size, and shows in the failures only.",
        *([f"Sampled, because compiling takes seconds: {'; '.join(sampled)}."] if sampled else []),
        "The vectors are chosen to be hard, some of them after known faults of these libraries:"
        " the share that passes says nothing about how often ordinary data go wrong.",
        "What a library computes on purpose may differ from the vectors' definition (a clamped"
        " logarithm, say): it is counted as failed, since the number is another one, and the line"
        " of its cause tells.",
    ]


def rows(columns: Sequence[Column], loss: str) -> list[tuple[str, list[str]]]:
    """(group, names of rows) of a loss, of what any column has run."""
    found = {tuple(key.split("|")) for column in columns for key in column.cells}
    listed = [(group, name) for group in GROUPS for name in ORDER if (loss, group, name) in found]
    return [(group, [n for _, n in same]) for group, same in groupby(listed, lambda row: row[0])]


def count(columns: Sequence[Column], aspect: Sequence[str]) -> int:
    """How many vectors there are of a row."""
    return max(column.cell(aspect).run for column in columns)


def score(cell: Cell) -> str:
    """Passed of offered."""
    return f"{cell.passed}/{cell.offered}" if cell.offered else "·"


def size(error: float | None) -> str:
    """An error in eps, in as few characters as say it."""
    if error is None:
        return "–"
    if error < 100:
        return f"{error:.1f}"
    return "∞" if error == float("inf") else f"{error:.0e}".replace("e+0", "e").replace("e+", "e")


def causes(column: Column) -> Iterator[tuple[str, str, str, str]]:
    """(vector, its comment, one line of cause, a link) of every failure."""
    for failure in column.failures:
        further = f" (and {failure.further} more)" if failure.further else ""
        yield failure.vector, failure.comment, failure.cause + further, failure.link
