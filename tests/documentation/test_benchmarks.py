"""The benchmarks run, and both sides of each pair compute the same."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from benchmarks import counting, linear, measure, memory, report, timing
from benchmarks.frameworks import NAMES, pairs_of
from benchmarks.pairs import FOCAL
from benchmarks.plane import WITHOUT, Plane, cells
from benchmarks.targets import GOALS, Target, goal_of, target_of, verdict
from benchmarks.timing import compare
from benchmarks.workloads import WORKLOADS, Workload

SMALL = [workload for workload in WORKLOADS if workload.small]
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning"),  # Inductor's own
    pytest.mark.no_cover,  # what compiles takes twice as long with it
]


@pytest.mark.parametrize("workload", SMALL, ids=lambda workload: workload.name)
@pytest.mark.parametrize("framework", [name for name in NAMES if find_spec(name)])
def test_both_sides_compute_the_same(framework: str, workload: Workload) -> None:
    for pair in pairs_of(framework)(workload):
        if pair.peer == FOCAL:
            continue  # two losses
        ours, theirs = (_values(side()) for side in (pair.ours, pair.theirs))
        assert len(ours) == len(theirs)
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-7, err_msg=str(pair[:4]))


@pytest.mark.parametrize("framework", [name for name in NAMES if find_spec(name)])
def test_the_focal_loss_is_beside_the_cross_entropy(framework: str) -> None:
    for workload in SMALL:
        beside = [pair for pair in pairs_of(framework)(workload) if pair.peer == FOCAL]
        for pair in beside:
            (ours, *_), (theirs, *_) = (_values(side()) for side in (pair.ours, pair.theirs))
            assert 0 < ours < theirs
            assert target_of(workload, pair.peer, pair.mode, "native", pair.what) is not None
        assert beside


def _values(result: object) -> list[np.ndarray]:
    found = result if isinstance(result, tuple) else (result,)
    plain = [each.detach() if hasattr(each, "detach") else each for each in found]
    return [np.asarray(each).reshape(-1) for each in plain]


def test_the_table_and_the_page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(measure, "WORKLOADS", SMALL)
    monkeypatch.setattr(memory, "MEASURED", ())
    result = measure.measured("numpy", seconds=0.01, advance=lambda what: None, plane=TINY)
    console = Console(file=StringIO(), width=200)
    report.show(console, [result])
    assert "SciPy" in console.file.getvalue()
    report.write(tmp_path, [result])
    page = (tmp_path / "benchmarks.md").read_text(encoding="utf-8")
    for workload in SMALL:
        assert f"| {workload.name} | SciPy | eager | native | value + gradient |" in page
    assert "| eager | BCE | exact | value + gradient | " in page
    assert (tmp_path / "benchmarks-numpy.png").stat().st_size > 10_000


def test_what_was_measured_earlier_stays(tmp_path: Path) -> None:
    report.write(tmp_path, (), [("numpy 1", ["before"]), ("Counting classes", ["counted"])])
    report.write(tmp_path, (), [("numpy 2", ["new"]), ("torch 2", ["more"])])
    page = (tmp_path / "benchmarks.md").read_text(encoding="utf-8")
    assert [line for line in page.splitlines() if line.startswith("## ")] == [
        "## numpy 2",
        "## Counting classes",
        "## torch 2",
    ]
    assert "before" not in page
    assert "counted\n\n## torch 2\n\nMeasured on 20" in page
    assert page.startswith(report.HEAD)


TINY = Plane((2, 8), (2, 3), 20, 0.001)


def test_the_plane_has_every_cell_that_is_not_too_large() -> None:
    sizes = {(w.loss, *w.shape) for w in TINY.workloads()}
    losses = ("cross_entropy", "binary_cross_entropy")
    assert sizes == {(loss, n, c) for loss in losses for n, c in ((2, 2), (2, 3), (8, 2))}


@pytest.mark.parametrize("framework", [name for name in NAMES if find_spec(name)])
def test_cells_of_every_mode(framework: str) -> None:
    found = cells(framework, Plane((8,), (3,), 100, 0.001), lambda what: None)
    keys = {(row["peer"], row["mode"], row["precision"], row["what"]) for row in found}
    assert {key for key in GOALS if key[0] == found[0]["peer"]} <= keys
    assert all(row["median"] > 0 for row in found)
    assert (framework == "torch") == any(row["mode"] == WITHOUT for row in found)


def test_goals_of_cells() -> None:
    key = ("F", "eager", "native", "value + gradient")
    sizes = {n: Workload("", "cross_entropy", (n, 10)) for n in (64, 256)}
    assert goal_of(sizes[64], *key, theirs=1e-6) == Target(1.8, 1.3)
    assert goal_of(sizes[256], *key, theirs=1e-6) is None
    assert goal_of(sizes[256], *key, theirs=1e-4) == Target(1.0, 0.6)


def test_a_ratio_is_ours_over_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a clock that only the two functions move."""
    now = [0.0]
    monkeypatch.setattr(timing.time, "perf_counter", lambda: now[0])

    def taking(seconds: float) -> Callable[[], None]:
        return lambda: now.__setitem__(0, now[0] + seconds)

    found = compare(taking(0.002), taking(0.01), seconds=0.5)
    np.testing.assert_allclose([found.low, found.median, found.high], 0.2)
    np.testing.assert_allclose([found.ours, found.theirs], [0.002, 0.01])
    assert found.rounds >= 7


def test_counting_classes() -> None:
    """By ours and NumPy's, which must agree."""
    rows = [counting.measured(dtype, 200_000, seconds=0.01) for dtype in counting.DTYPES]
    console = Console(file=StringIO(), width=200)
    report.show_counts(console, rows)
    assert console.file.getvalue().count("200,000 of ") == len(rows) == 3
    title, lines = report.counts_section(rows)
    page = "\n".join(lines)
    assert "| 200,000 of int32 | " in page
    assert title == "Counting classes"


def test_counting_makes_no_copy_of_the_labels() -> None:
    """NumPy's own makes one of int64; ours takes the same memory of any number of labels."""
    row = counting.measured("uint8", 8_000_000, seconds=0.01)
    assert row["our_memory"] < 8_000_000 < row["their_memory"]


def test_verdicts() -> None:
    target = Target(must=1.0, aim=0.5)
    assert [verdict(target, r).partition(" (")[0] for r in (0.4, 0.9, 1.1)] == [
        "aim met",
        "must met",
        "**missed**",
    ]
    assert verdict(None, 1.0) == ""


def test_peak_memory_is_that_of_the_call() -> None:
    """NumPy's own formula holds several arrays of the size of the predictions; ours, one."""
    workload = next(each for each in WORKLOADS if each.name == "CE 4096 × 1000")
    ours, theirs = (memory.peak("numpy", workload, 1, side) for side in ("ours", "theirs"))
    assert workload.size * 4 <= ours < theirs


@pytest.mark.parametrize("framework", [name for name in linear.FRAMEWORKS if find_spec(name)])
def test_layers_beside_other_ways(framework: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linear, "SIZES", {"tiny": (6, 4, 10)})
    monkeypatch.setattr(linear, "memory", lambda framework, size, name: len(name))
    found = linear.rows(framework)
    assert {row["peer"] for row in found} == {*linear.jobs(framework, "tiny")} - {linear.OURS}
    page = "\n".join(report.layers_section(found)[1])
    assert f"| {framework} | tiny | unchunked |" in page
    assert all(row["verdicts"] for row in found)
    made = {name: job()[-1] for name, job in linear.jobs(framework, "tiny").items()}
    gradients = {
        n: np.asarray(each[-1] if isinstance(each, tuple) else each) for n, each in made.items()
    }
    for name, each in gradients.items():
        assert each.shape == gradients[linear.OURS].shape
        if name != linear.PRODUCTS:  # which multiplies logits, and not their gradient
            np.testing.assert_allclose(each, gradients[linear.OURS], rtol=1e-4, atol=1e-6)
