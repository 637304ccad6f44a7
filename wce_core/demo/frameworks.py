"""Which frameworks are there: found without importing them, imported without their noise."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import entry_points
from importlib.util import find_spec
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from wce_core import extras
from wce_core.frameworks.backend import Backend, Description
from wce_core.frameworks.registry import BUILT_IN


class Framework(NamedTuple):
    """A built-in backend, or why there is none."""

    name: str
    backend: Backend | None
    trouble: str = ""
    """Empty for a framework that is merely not installed."""


def framework(name: str) -> Framework:
    """The backend of that name, its framework imported if it is installed."""
    if find_spec(name) is None:
        return Framework(name, None)
    try:
        with _quiet():
            return Framework(name, BUILT_IN[name]())
    except Exception as error:  # a broken installation may raise anything
        return Framework(name, None, f"{type(error).__name__}: {error}")


@contextmanager
def _quiet() -> Iterator[None]:
    """Hold back what is written to the standard error stream, also by C++; show it on failure.

    TensorFlow reports its choice of CPU kernels there while it is imported, at any log level.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as noise:
        os.dup2(noise.fileno(), 2)
        try:
            yield
        except BaseException:
            noise.seek(0)
            os.write(kept, noise.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)


def advice(absent: list[str]) -> str:
    """How to add frameworks that are not installed; empty if none is missing."""
    if not absent:
        return ""
    lines = [f"  {extras.command(name)}" for name in absent]
    missing = ", ".join(absent)
    return "\n".join([f"Not installed here: {missing}. To add them, in the checkout:", *lines])


def show() -> None:
    """Print the table of ``wce-core backends``."""
    found = [framework(name) for name in BUILT_IN]
    table = Table("backend", "version", "devices", "float64", title="Backends of wce-core")
    for one in found:
        table.add_row(*_cells(one))
    for point in sorted(entry_points(group="wce_core.backends")):
        table.add_row(f"{point.name} (entry point {point.value})", "", "", "")
    console = Console()
    console.print(table)
    absent = [one.name for one in found if one.backend is None and not one.trouble]
    if absent:
        console.print(advice(absent), markup=False, highlight=False)


def _cells(one: Framework) -> tuple[str, str, str, str]:
    if one.backend is None:
        return one.name, one.trouble or "not installed", "", ""
    about: Description = one.backend.describe()
    return one.name, about.version, ", ".join(about.devices), "yes" if about.float64 else "no"
