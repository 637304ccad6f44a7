"""Every example of the README runs, alone and without a warning; so does every docstring's."""

from __future__ import annotations

import doctest
import importlib
import os
import pkgutil
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest

import wce_backends
import wce_core
from wce_core.formulas.reductions import REDUCTIONS
from wce_core.formulas.weightings import SOFT_WEIGHTINGS, WEIGHTINGS

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
EXAMPLE = re.compile(r"<!-- example: (?P<name>\w+) -->\n```python\n(?P<code>.*?)```", re.DOTALL)
FENCE = re.compile(r"^```python$", re.MULTILINE)
EXAMPLES = [
    pytest.param(found["name"], found["code"], id=f"{i}-{found['name']}")
    for i, found in enumerate(EXAMPLE.finditer(README.read_text(encoding="utf-8")))
    if find_spec(found["name"])
]
KERAS_BACKENDS = [name for name in ("torch", "jax", "tensorflow") if find_spec(name)]

# The example comes from stdin. The framework is imported first, and warns of itself as it likes.
RUNNER = """
import doctest, importlib, sys, warnings
importlib.import_module(sys.argv[1])
warnings.simplefilter("error")
# Keras turns PyTorch's tensors into NumPy arrays, with its own losses too, in a deprecated way.
warnings.filterwarnings("ignore", "__array__ implementation doesn't accept a copy")
example = doctest.DocTestParser().get_doctest(
    sys.stdin.read(), {"__name__": "__main__"}, sys.argv[1], "README.md", 0
)
results = doctest.DocTestRunner().run(example)
sys.exit(results.failed or not results.attempted)
"""


def _run(name: str, code: str, **environment: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", RUNNER, name],
        input=code,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2", **environment},
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_python_block_is_an_example_and_every_framework_has_one() -> None:
    text = README.read_text(encoding="utf-8")
    names = [found["name"] for found in EXAMPLE.finditer(text)]
    assert len(names) == len(FENCE.findall(text))
    assert {"numpy", "torch", "jax", "tensorflow", "keras"} == set(names)


@pytest.mark.parametrize(("name", "code"), EXAMPLES)
def test_example(name: str, code: str) -> None:
    for backend in KERAS_BACKENDS if name == "keras" else [""]:
        _run(name, code, **({"KERAS_BACKEND": backend} if backend else {}))


def test_it_is_short_and_has_the_two_commands() -> None:
    text = README.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 200
    commands = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()[-3:]
    joined = " && ".join(commands)
    assert joined.replace("install -q -c", "install -c") in text


def test_every_page_is_two_clicks_away() -> None:
    first = _linked(README)
    second = {page for found in first if found.suffix == ".md" for page in _linked(found)}
    pages = set((ROOT / "docs").rglob("*.md"))
    assert pages - first - second == set()


def _linked(page: Path) -> set[Path]:
    links = re.findall(r"\]\((?!http)([^)#]+)", page.read_text(encoding="utf-8"))
    return {(page.parent / link).resolve() for link in links}


PAGES = [
    README,
    ROOT / "CHANGELOG.md",
    ROOT / "backends" / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


TABLES = [ROOT / "docs" / f"{name}.md" for name in ("weightings", "specification")]


@pytest.mark.parametrize("page", TABLES, ids=lambda page: page.name)
def test_tables_name_every_weighting_reduction_and_rule(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    words = [f'`"{word}"`' for word in (*REDUCTIONS, *SOFT_WEIGHTINGS)]
    words += [f"`{name}`" for name in WEIGHTINGS]
    assert [word for word in words if word not in text] == []


def _modules(package: ModuleType) -> list[str]:
    """All modules but those of backends whose framework is not installed."""
    found = pkgutil.walk_packages(package.__path__, package.__name__ + ".", onerror=lambda _: None)
    names = [package.__name__, *(module.name for module in found)]
    absent = {name for name in ("torch", "jax", "tensorflow", "keras") if not find_spec(name)}
    return [name for name in names if not absent & set(name.split("."))]


@pytest.mark.parametrize("name", _modules(wce_core) + _modules(wce_backends))
def test_docstrings(name: str) -> None:
    module = importlib.import_module(name)
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize("name", ["cross_entropy", "binary_cross_entropy"])
def test_losses_document_every_argument(name: str) -> None:
    loss = getattr(wce_core.losses, name)
    parameters = loss.__doc__.split("Parameters\n")[1].split("Returns\n")[0]
    headings = re.findall(r"^    (\w+(?:, \w+)*)$", parameters, re.MULTILINE)
    documented = {word for heading in headings for word in heading.split(", ")}
    arguments = set(loss.__code__.co_varnames[: loss.__code__.co_argcount])
    arguments |= set(loss.__kwdefaults__)
    assert documented == arguments
