"""The page of worst errors keeps what it promises, for every backend and dtype."""

from __future__ import annotations

from pathlib import Path

import pytest

from wce_conformance.adapters import NAMES
from wce_conformance.errors_page import COLUMNS
from wce_conformance.judging.numbers import BOUND, EPS

PAGE = Path(__file__).parents[2] / "docs" / "errors.md"
LINES = PAGE.read_text(encoding="utf-8").splitlines()
ROWS = [
    dict(zip(COLUMNS, [cell.strip() for cell in line.strip("|").split("|")], strict=True))
    for line in LINES
    if line.startswith("| ") and not line.startswith(f"| {COLUMNS[0]} ")
]


@pytest.mark.parametrize("name", NAMES)
def test_every_backend_and_dtype_is_there(name: str) -> None:
    found = {(row["precision"], row["dtype"]) for row in ROWS if row["backend"] == name}
    dtypes = ("float64", "float32") if name == "array_api_strict" else EPS
    assert found == {(precision, dtype) for precision in ("native", "exact") for dtype in dtypes}


def test_nothing_failed() -> None:
    assert {row["failed"] for row in ROWS} == {"0"}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: " ".join(list(row.values())[:4]))
def test_every_error_is_within_the_bound(row: dict[str, str]) -> None:
    errors = [row[name] for name in COLUMNS[6:9]]
    if row["precision"] == "exact" and row["dtype"] != "float64":
        assert set(errors) == {"0 bits"}
    else:
        assert all(0 <= float(error) <= BOUND for error in errors)
    assert not row[COLUMNS[9]] or float(row[COLUMNS[9]]) <= BOUND
