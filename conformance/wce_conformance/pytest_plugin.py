"""The vectors as tests of an adopter's own pytest suite.

    def test_vectors(wce_check):
        wce_check(my_loss)

is a test for each vector, with the names of the bugs that it hunts in its id. ``my_loss(vector)``
gives the value and the gradient to the predictions (see
:func:`wce_conformance.pytest_check.check`). A file ``wce-skip.toml`` beside the test, or in the
root of the project, says what is not run and what is known to fail (see
:mod:`wce_conformance.skips`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from wce_conformance.implementation import Implementation
    from wce_conformance.skips import Skips
    from wce_conformance.vectors import Vector

# Every run of pytest loads this file: what it needs is imported by tests of vectors alone.

FIXTURE = "wce_check"
_PROPERTY = "wce_vector"


class Check:
    """A vector of one test: to be called with what answers it."""

    def __init__(self, vector: Vector) -> None:
        self.vector = vector

    def __call__(
        self,
        function: Callable[[Vector], tuple[Any, Any]] | Implementation,
        *,
        exact: bool = False,
    ) -> None:
        """See :func:`wce_conformance.pytest_check.check`."""
        __tracebackhide__ = True
        from wce_conformance.pytest_check import check

        check(self.vector, function, exact=exact)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where vectors and skips are."""
    parser.addini("wce_skip", "name of the file of skipped vectors", default="wce-skip.toml")
    group = parser.getgroup("wce-vectors")
    group.addoption("--wce-vectors", help="a file or folder instead of the vectors installed")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test for each vector."""
    if FIXTURE not in metafunc.fixturenames:
        return
    vectors = _vectors(metafunc.config.getoption("--wce-vectors"))
    skips = _skips(metafunc.definition.path.parent, metafunc.config, vectors)
    parameters = [_parameter(vector, skips) for vector in vectors]
    metafunc.parametrize(FIXTURE, parameters, indirect=True)


@pytest.fixture
def wce_check(request: pytest.FixtureRequest) -> Check:
    """Call it with a function from a vector to value and gradient."""
    return Check(request.param)


def pytest_itemcollected(item: pytest.Item) -> None:
    """What is skipped before its fixtures are made is counted, too."""
    if FIXTURE in getattr(item, "fixturenames", ()):
        item.user_properties.append((_PROPERTY, True))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """How many vectors passed, and how many were not run for which reason."""
    own = {
        kind: [r for r in reports if (_PROPERTY, True) in getattr(r, "user_properties", ())]
        for kind, reports in terminalreporter.stats.items()
        if kind in _KINDS
    }
    if not any(own.values()):
        return
    terminalreporter.section("wce-vectors")
    counts = [f"{len(own[kind])} {words}" for kind, words in _KINDS.items() if own.get(kind)]
    terminalreporter.line(", ".join(counts))
    for kind in ("skipped", "xfailed"):
        for reason, count in Counter(map(_reason, own.get(kind, ()))).most_common():
            terminalreporter.line(f"  {count} {_KINDS[kind]}: {reason}")


_KINDS = {
    "passed": "passed",
    "failed": "failed",
    "error": "errors",
    "xfailed": "known to fail",
    "skipped": "not run",
}


@cache
def _vectors(place: str | None) -> Sequence[Vector]:
    from wce_conformance.vectors import load_vectors

    try:
        return load_vectors(place)
    except ValueError as error:
        raise pytest.UsageError(str(error)) from None


def _skips(folder: Path, config: pytest.Config, vectors: Sequence[Vector]) -> Skips:
    from wce_conformance.skips import NO_SKIPS, SkipFileError, read_skips

    name = config.getini("wce_skip")
    file = next((f for f in (folder / name, config.rootpath / name) if f.is_file()), None)
    try:
        return NO_SKIPS if file is None else read_skips(file, vectors)
    except SkipFileError as error:
        raise pytest.UsageError(str(error)) from None


def _parameter(vector: Vector, skips: Skips) -> Any:
    return pytest.param(vector, id=f"{bugs(vector)}: {vector.id}", marks=[*_marks(vector, skips)])


def _marks(vector: Vector, skips: Skips) -> Iterator[pytest.MarkDecorator]:
    skipped, fails = skips.reason_to_skip(vector), skips.reason_to_fail(vector)
    if skipped is not None:
        yield pytest.mark.skip(reason=skipped)  # the adopter's reason, from the skip file
    elif fails is not None:
        yield pytest.mark.xfail(reason=fails, strict=True)  # the adopter's, too; a pass is an error


def bugs(vector: Vector) -> str:
    """The names of the bugs that a vector hunts."""
    named = [flag for flag in vector.flags if flag not in ("extreme", "systematic")]
    return "+".join(named) or vector.flags[0]


def _reason(report: pytest.TestReport) -> str:
    if hasattr(report, "wasxfail"):
        return str(report.wasxfail).removeprefix("reason: ")
    found: Any = report.longrepr
    return str(found[2]).removeprefix("Skipped: ")
