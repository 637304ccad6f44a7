"""The documented table of bad input is what the frameworks do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from wce_conformance.adapters import NAMES, adapter
from wce_conformance.invalid_calls import BAD_INPUTS, BadInput, effect

TABLE = Path(__file__).parents[2] / "docs" / "bad-input.md"
HEAD = """# Bad input

What each framework does with each kind of bad input, eager and compiled (`torch.compile`,
`jax.jit`, `tf.function`), with `validate=None`. *NaN* means that the item with the invalid number
is NaN in loss, gradient and weight, and that no other item is touched. *formula* means that the
weights or predictions are used as they stand. Errors of shapes and dtypes are the same, compiled or
not. \\* means that under `fullgraph=True` Dynamo raises its own `Unsupported`, which quotes the
error; without `fullgraph=True` the error itself is raised. The table is made by
`WRITE_TABLES=1 nox -s agreement -- tests/agreement/test_bad_input_table.py`.

| bad input | NumPy | strict | PyTorch | compiled | JAX | compiled | TensorFlow | compiled |
|---|---|---|---|---|---|---|---|---|
"""
COMPILED = ("torch", "jax", "tensorflow")


def row(bad: BadInput) -> str:
    cells = []
    for name in NAMES:
        own = adapter(name)
        cells.append(effect(bad, own, compiled=False))
        if name in COMPILED:
            cells.append(effect(bad, own, compiled=True))
    return (
        f"| {bad.name} | " + " | ".join(cells).replace("as the formula stands", "formula") + " |\n"
    )


@pytest.mark.parametrize("bad", BAD_INPUTS, ids=[bad.name for bad in BAD_INPUTS])
def test_row(bad: BadInput) -> None:
    made = row(bad)
    if os.environ.get("WRITE_TABLES"):
        first = bad is BAD_INPUTS[0]
        with TABLE.open("w" if first else "a", encoding="utf-8") as file:
            file.write((HEAD if first else "") + made)
    assert made in TABLE.read_text(encoding="utf-8")
