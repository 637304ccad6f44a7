"""The scoreboard counts right and shows what it has counted; NumPy and scikit-learn only."""

from __future__ import annotations

import argparse
import re
from fnmatch import fnmatchcase
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from wce_conformance.cases.hunting import hunting_cases
from wce_conformance.implementation import Answer, Given
from wce_conformance.peers.asked import Asked
from wce_conformance.scoreboard import add_parser, history, html, markdown
from wce_conformance.scoreboard.columns import NAMES, Cell, Column, Failure, decoded, encoded
from wce_conformance.scoreboard.faults import PAGE, Fault, faults, link
from wce_conformance.scoreboard.measure import column
from wce_conformance.scoreboard.terminal import show
from wce_conformance.scoreboard.text import SHORT, rows, score, size
from wce_conformance.vectors import Vector, load_vectors
from wce_conformance.vectors.encode import encode
from wce_conformance.vectors.reading import decode
from wce_conformance.wrong import WRONG

VECTORS = load_vectors()
SAMPLE = [decode(encode(case)) for case in hunting_cases()]


@pytest.fixture(scope="module")
def columns() -> list[Column]:
    return [column("wce_core-numpy", vectors=SAMPLE), column("sklearn", vectors=SAMPLE)]


def test_wce_core_offers_and_passes_everything(columns: list[Column]) -> None:
    ours = columns[0]
    valid = sum(vector.error is None for vector in SAMPLE)
    assert (ours.total.run, ours.total.offered, ours.total.passed) == (valid, valid, valid)
    assert ours.failures == []


def test_what_scikit_learn_lacks_is_not_offered(columns: list[Column]) -> None:
    own = columns[1]
    assert 0 < own.total.offered < own.total.run
    assert own.cell(("cross_entropy", "weighting", "class_weight")).offered == 0
    assert own.cell(("cross_entropy", "weighting", "class_weight")).run > 0
    assert own.gradient is None


def test_a_bounded_probability_is_a_failure_with_its_cause() -> None:
    """scikit-learn bounds p by eps: it charges a finite loss where the answer is infinite."""
    name = "cross_entropy/probability 0 under mass, mean/float64"
    case = next(case for case in hunting_cases() if case.id == name)
    (failure,) = column("sklearn", vectors=[decode(encode(case))]).failures
    assert "is 12.3" in failure.cause
    assert "expected inf" in failure.cause


def test_a_wrong_implementation_is_counted_as_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    own = WRONG["count for weight"]()
    monkeypatch.setattr(
        "wce_conformance.scoreboard.measure.implementation", lambda name: (own, "0", [])
    )
    made = column("wce_core-numpy", vectors=SAMPLE)
    failed = made.total.offered - made.total.passed
    assert failed == len(made.failures) > 0
    reduction = made.cell(("cross_entropy", "reduction", "weighted_mean"))
    assert reduction.passed < reduction.offered
    assert made.cell(("cross_entropy", "reduction", "none")).passed > 0


def test_a_crash_is_a_failure_that_names_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    class Crashing(type(WRONG["count for weight"]())):
        def run(self, vector: Vector, route: str = "eager", precision: str = "native") -> Given:
            if vector.reduction == "none":
                raise OverflowError("too much")
            return Answer(0.0, None)

    monkeypatch.setattr(
        "wce_conformance.scoreboard.measure.implementation", lambda name: (Crashing(), "0", [])
    )
    made = column("wce_core-numpy", vectors=SAMPLE)
    assert any("OverflowError: too much" in failure.cause for failure in made.failures)


def test_columns_survive_the_way_between_processes(columns: list[Column]) -> None:
    assert [decoded(encoded(own)) for own in columns] == columns


def test_every_column_and_row_is_in_every_form(columns: list[Column]) -> None:
    console = Console(record=True, width=160, file=StringIO())
    show(console, columns)
    printed = console.export_text()
    for text in (html(columns), markdown(columns), printed):
        assert all(SHORT[own.name] in text for own in columns)
        assert all(own.version in text for own in columns)
        for loss in ("cross_entropy", "binary_cross_entropy"):
            assert all(name in text for _, names in rows(columns, loss) for name in names)


def test_html_is_well_formed_and_asks_for_nothing(columns: list[Column]) -> None:
    text = html(columns)
    checker = Balanced()
    checker.feed(text)
    assert checker.open == []
    assert "<script" not in text
    assert "http" not in text
    assert 'name="viewport"' in text
    assert "<details>" in text


class Balanced(HTMLParser):
    """Every tag that is opened is closed, in order."""

    VOID = ("meta", "br")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_what_others_wrote_is_escaped(columns: list[Column]) -> None:
    harmful = Failure("a<b", "<i>", "<script>", 0, "bugs-found.md#x")
    own = Column("sklearn", "s", "1", [], failures=[harmful])
    assert "<script" not in html([own])
    assert "&lt;script&gt;" in html([own])


def test_failures_lead_to_the_section_that_explains_them() -> None:
    page = (Path(__file__).parents[2] / "docs" / PAGE).read_text(encoding="utf-8")
    assert all(f"\n## {fault.section}\n" in page for fault in faults())
    assert {name for fault in faults() for name in fault.libraries} <= set(NAMES)
    by_id = {vector.id: vector for vector in VECTORS}
    for section in page.split("\n## ")[1:]:
        title, _, rest = section.partition("\n")
        head = rest.partition("```python")[0].replace("\n", " ")
        libraries = set(re.findall(r"`(\w+)` \d", head)) - {"keras"}
        for name in re.findall(r"`((?:binary_)?cross_entropy/[^`]+)`", head):
            for library in libraries:
                assert link(library, by_id[name]) == Fault((), (), title).link
    patterns = [pattern for fault in faults() for pattern in fault.vectors]
    assert all(any(fnmatchcase(name, pattern) for name in by_id) for pattern in patterns)
    unknown = by_id["cross_entropy/one class/float64"]
    assert link("torch", unknown).endswith("/v1/cross_entropy.extremes.json")
    own = Column("torch", "t", "1", [], failures=[Failure("a", "b", "c", 0, "bugs-found.md#x")])
    assert "[`a`](bugs-found.md#x): b. c" in markdown([own])
    assert '<a href="bugs-found.md#x">a</a>' in html([own])


def test_versions_are_kept_from_one_measurement_to_the_next(tmp_path: Path) -> None:
    file = tmp_path / "history.json"
    old = Column("sklearn", "s", "1.8.0", [], total=Cell(run=5, offered=4, passed=2))
    new = Column("sklearn", "s", "1.10.1", [], total=Cell(run=5, offered=4, passed=3))
    again = Column("sklearn", "s", "1.10.1", [], total=Cell(run=5, offered=4, passed=4))
    for own in (old, new, again):
        history.write(file, history.merged(history.read(file), [own]))
    scores = history.read(file)
    assert [(own.version, own.passed) for own in scores] == [("1.8.0", 2), ("1.10.1", 4)]
    text = markdown([again], scores)
    assert "## Versions" in text
    assert f"| scikit-learn | 1.8.0 | {scores[0].vectors} | 4 of 5 | 2 | 2 |" in text
    assert "## Versions" not in markdown([again])


def test_scores_and_sizes() -> None:
    assert score(Cell(run=5)) == "·"
    assert score(Cell(run=5, offered=4, passed=3)) == "3/4"
    assert [size(e) for e in (None, 0.0, 3.96, 1234567.0, float("inf"))] == [
        "–", "0.0", "4.0", "1e6", "∞",
    ]  # fmt: skip


def test_every_column_has_a_head() -> None:
    assert set(SHORT) == set(NAMES)


def test_the_command_can_be_added() -> None:
    commands = argparse.ArgumentParser().add_subparsers()
    add_parser(commands)
    options = commands.choices["scoreboard"].parse_args(["--only", "sklearn", "--html", "x"])
    assert options.only == ["sklearn"]


def test_equal_reductions_have_one_name() -> None:
    """Without exclusion, weights or other mass than 1 several means are the same number."""
    named = {v.id: Asked(v).reduction for v in VECTORS if v.error is None}
    assert (
        next(r for i, r in named.items() if "all excluded, mean_over_all" in i) == "mean_over_all"
    )
    assert named["cross_entropy/uneven weights, weighted_mean/float32"] == "weighted_mean"
    same = [v for v in VECTORS if v.reduction == "nonzero_mean" and Asked(v).reduction == "mean"]
    for vector in same:
        parts = vector.expected.parts
        assert parts.nonzero == parts.items
