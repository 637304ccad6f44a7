"""Which frameworks a test session covers: those named by ``--backend``, else all installed."""

from __future__ import annotations

from collections import Counter, defaultdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

from wce_backends import numpy, programs
from wce_conformance.adapters import NAMES

COMPILING = ("torch", "jax", "tensorflow")
"""Frameworks whose tests take long: of a call most is compiling it."""
MANY = 50
"""Of test functions with more sets of parameters than this most run the same lines again."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--backend", action="append", choices=NAMES, help="framework to test (may be repeated)"
    )
    parser.addoption(
        "--one-in", type=int, default=1, help="of each test function, one set of parameters in N"
    )
    parser.addoption(
        "--deal",
        action="store_true",
        help="test functions of all frameworks are dealt out among those that compile calls",
    )
    parser.addoption(
        "--at-least", type=int, default=1, help="with --one-in: so many sets of each test function"
    )
    parser.addoption(
        "--cover-one-in",
        type=int,
        default=1,
        help=f"coverage: of test functions with more than {MANY} sets of parameters, one set in N",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "chosen: parameters are a sample already, and all are kept")


def backends(config: pytest.Config) -> list[str]:
    """A framework that is named but missing is an error when its adapter is made."""
    named: list[str] | None = config.getoption("--backend")
    return named or [name for name in NAMES if find_spec(name)]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "backend" in metafunc.fixturenames:
        metafunc.parametrize("backend", backends(metafunc.config), scope="session")


@pytest.fixture
def only_replayed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls are traced when they are seen, and fail where they cannot be replayed."""
    for name, value in {"OFTEN": 0, "MANY": 2**40, "SHARE": 1}.items():
        monkeypatch.setattr(programs, name, value)
    monkeypatch.setattr(numpy, "PROGRAMS", numpy.PROGRAMS.anew())
    outcome = programs.Programs.outcome

    def replayed(*args: Any, **kwargs: Any) -> Any:
        found = outcome(*args, **kwargs)
        assert found is not None
        return found

    monkeypatch.setattr(programs.Programs, "outcome", replayed)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Files under ``tests/backends`` are collected with the framework in their name."""
    if collection_path.parent.name != "backends" or not collection_path.name.startswith("test_"):
        return None
    framework = collection_path.stem.removeprefix("test_").partition("_")[0]
    return None if framework in backends(config) else True


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left = _of_a_backend(items) if "numpy" not in backends(config) else items
    left = _sample(left, config)
    kept = set(left)
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = left
    for item in _uncovered(left, config.getoption("--cover-one-in")):
        item.add_marker("no_cover")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Groups are part of ids, where pytest-xdist and pytest understand each other."""
    if not session.config.getoption("loadgroup", False):
        return
    grouped = [item for item in session.items if item.get_closest_marker("xdist_group")]
    if any("@" not in item.nodeid for item in grouped):
        raise pytest.UsageError("pytest-xdist does not group tests by this version of pytest")


def _of_a_backend(items: list[pytest.Item]) -> list[pytest.Item]:
    """What does not depend on a framework is tested with NumPy's, not once more with each."""
    return [
        item
        for item in items
        if item.path.parent.name != "core"
        or not {"backend", "way"}.isdisjoint(getattr(item, "fixturenames", ()))
    ]


def _share(config: pytest.Config) -> int | None:
    """Which functions are dealt to the one framework of this session, if they are dealt."""
    named = backends(config)
    if not config.getoption("--deal") or len(named) != 1 or named[0] not in COMPILING:
        return None
    return COMPILING.index(named[0])


def _sample(items: list[pytest.Item], config: pytest.Config) -> list[pytest.Item]:
    """Told by hashes of ids; of each test function at least the first of these.

    Of a function that is dealt to another framework, only what the hash draws.
    """
    one_in, least = config.getoption("--one-in"), config.getoption("--at-least")
    share = _share(config)
    hashes = {item: crc32(item.nodeid.encode()) for item in items}
    first: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in sorted(items, key=hashes.__getitem__):
        function = _function(item)
        if share is None or item.path.parent.name == "backends" or _dealt(function) == share:
            first[function].append(item)
    drawn = {i for i in items if hashes[i] % one_in == 0 or i.get_closest_marker("chosen")}
    kept = drawn.union(*(each[:least] for each in first.values()))
    return [item for item in items if item in kept]


def _uncovered(items: list[pytest.Item], one_in: int) -> list[pytest.Item]:
    """What runs without coverage, under which a call takes twice as long."""
    counts = Counter(map(_function, items))
    many = [item for item in items if counts[_function(item)] > MANY]
    return [item for item in many if crc32(item.nodeid.encode()) % one_in]


def _function(item: pytest.Item) -> str:
    return item.nodeid.partition("[")[0]


def _dealt(function: str) -> int:
    return crc32(function.encode()) % len(COMPILING)
