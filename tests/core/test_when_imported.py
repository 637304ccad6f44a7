"""What waits for a framework is done once, when it is there, and is in nobody's way."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from pathlib import Path

import pytest

from wce_core.imports import when_imported

NAME = "some_framework"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(tmp_path)
    finders = list(sys.meta_path)
    path = tmp_path / f"{NAME}.py"
    path.write_text("value = 1\n")
    yield path
    sys.modules.pop(NAME, None)
    sys.meta_path[:] = finders


def test_after_the_import_and_once(file: Path) -> None:
    seen: list[int] = []
    when_imported(NAME, lambda: seen.append(sys.modules[NAME].value))
    assert not seen
    module = importlib.import_module(NAME)
    assert seen == [1]
    assert type(module.__loader__) is type(module.__spec__.loader) is SourceFileLoader
    importlib.reload(module)
    assert seen == [1]


def test_at_once_where_it_is_there(file: Path) -> None:
    importlib.import_module(NAME)
    seen: list[int] = []
    when_imported(NAME, lambda: seen.append(1))
    assert seen == [1]


def test_a_second_copy_of_this_library_waits_beside_the_first(file: Path) -> None:
    """As where somebody emptied ``sys.modules``: each asks those after it, and not each other."""
    spec = importlib.util.find_spec("wce_core.imports")
    again = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(again)
    seen: list[str] = []
    when_imported(NAME, lambda: seen.append("first"))
    again.when_imported(NAME, lambda: seen.append("second"))
    importlib.import_module(NAME)
    assert sorted(seen) == ["first", "second"]


def test_looking_for_it_is_not_importing_it(file: Path) -> None:
    seen: list[int] = []
    when_imported(NAME, lambda: seen.append(1))
    spec = importlib.util.find_spec(NAME)
    assert spec is not None
    assert spec.origin == str(file)
    assert spec.loader.get_filename(NAME) == str(file)
    assert not seen
    importlib.import_module(NAME)
    assert seen == [1]


def test_an_import_that_fails_may_be_tried_again(file: Path) -> None:
    seen: list[int] = []
    when_imported(NAME, lambda: seen.append(1))
    file.write_text("raise ImportError('not today')\n")
    with pytest.raises(ImportError, match="not today"):
        importlib.import_module(NAME)
    assert not seen
    file.write_text("value = 1\n# of another length, so that it is compiled anew\n")
    importlib.import_module(NAME)
    assert seen == [1]


def test_what_is_not_installed_is_not_found(file: Path) -> None:
    when_imported("no_such_framework", lambda: None)
    assert importlib.util.find_spec("no_such_framework") is None
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("no_such_framework")


def test_a_failure_keeps_nobody_from_importing(file: Path) -> None:
    def fails() -> None:
        raise AttributeError("an older version")

    when_imported(NAME, fails)
    with pytest.warns(ImportWarning, match=f"this version of {NAME}: .*an older version"):
        module = importlib.import_module(NAME)
    assert module.value == 1
