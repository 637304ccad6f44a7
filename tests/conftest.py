"""Which frameworks a test session covers: those named by ``--backend``, else all installed."""

from __future__ import annotations

from importlib.util import find_spec

import pytest
from wce_conformance.adapters import NAMES


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--backend", action="append", choices=NAMES, help="framework to test (may be repeated)"
    )


def backends(config: pytest.Config) -> list[str]:
    """A framework that is named but missing is an error when its adapter is made."""
    named: list[str] | None = config.getoption("--backend")
    return named or [name for name in NAMES if find_spec(name)]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "backend" in metafunc.fixturenames:
        metafunc.parametrize("backend", backends(metafunc.config), scope="session")


def pytest_ignore_collect(collection_path, config: pytest.Config) -> bool | None:  # noqa: ANN001
    """Files under ``tests/backends`` are collected with the framework in their name."""
    if collection_path.parent.name != "backends" or collection_path.suffix != ".py":
        return None
    framework = collection_path.stem.removeprefix("test_").partition("_")[0]
    wanted = {name.partition("_")[0] for name in backends(config)}
    return None if framework in wanted or framework not in NAMES else True
