"""The command line."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint
from importlib.util import find_spec
from pathlib import Path

import pytest

import wce_core
from wce_core import cli, extras
from wce_core.frameworks.registry import BUILT_IN


def _python(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        **options,
    )


def test_as_a_module() -> None:
    done = _python("-m", "wce_core", "backends")
    assert done.returncode == 0
    assert done.stderr == ""
    assert "float64" in done.stdout


def test_backends_lists_what_is_installed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from wce_core.demo import frameworks

    other = EntryPoint("ndtoy", "wce_toy.backend:BACKEND", "wce_core.backends")
    monkeypatch.setattr(frameworks, "entry_points", lambda group: [other])
    assert cli.main(["backends"]) == 0
    out = capsys.readouterr().out
    for name, load in BUILT_IN.items():
        assert name in out
        if find_spec(name):
            about = load().describe()
            assert about.version in out
            assert about.devices[0] in out
        else:
            assert extras.command(name) in out
    assert "ndtoy" in out


def test_a_backend_that_cannot_be_imported_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise ImportError("no such library")

    monkeypatch.setitem(BUILT_IN, "numpy", broken)
    assert cli.main(["backends"]) == 0
    assert "no such library" in capsys.readouterr().out


def test_demo_runs_where_it_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["demo", "--frameworks", "numpy", "--steps", "2"]) == 0
    assert "recall" in capsys.readouterr().out
    assert (tmp_path / "wce-core-demo.png").stat().st_size > 20_000


@pytest.mark.parametrize("command", ["demo", "backends"])
def test_a_missing_extra_is_named(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "find_spec", lambda name: None if name == "rich" else object())
    assert cli.main([command]) == 1
    message = capsys.readouterr().err
    assert "needs rich" in message
    assert extras.command("demo") in message


def test_the_command_line_imports_nothing_beforehand() -> None:
    heavy = "{'rich', 'matplotlib', 'sklearn', 'torch', 'jax', 'tensorflow', 'keras'}"
    done = _python("-c", f"import sys, wce_core.cli; print({heavy} & set(sys.modules))")
    assert done.stdout == "set()\n"


@pytest.mark.parametrize("arguments", [[], ["demo", "--steps", "0"], ["demo", "--frameworks", "x"]])
def test_wrong_arguments(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main(arguments)
    assert stop.value.code == 2
    assert "usage: wce-core" in capsys.readouterr().err


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main(["--version"])
    assert stop.value.code == 0
    assert capsys.readouterr().out.strip() == wce_core.__version__
