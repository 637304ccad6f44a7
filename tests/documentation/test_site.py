"""What the site is made of. That it builds without a warning is seen by ``nox -s docs``."""

from __future__ import annotations

import doctest
import re
from pathlib import Path
from types import ModuleType

import pytest

import wce_core
from website import api, links, runtime

ROOT = Path(__file__).parents[2]
CONFIG = (ROOT / "website" / "mkdocs.yml").read_text(encoding="utf-8")
NAVIGATION = set(re.findall(r"(\S+\.md)$", CONFIG, re.MULTILINE))


def test_every_page_is_in_the_navigation() -> None:
    docs = ROOT / "docs"
    pages = {str(path.relative_to(docs)) for path in docs.rglob("*.md")}
    made = {"api/index.md", "support.md", *map(api.path, api.MODULES), *links.OUTSIDE.values()}
    assert pages | made == NAVIGATION


def test_everything_public_has_a_page() -> None:
    shown = {module.name for module in api.MODULES}
    for name in wce_core.__all__:
        thing = getattr(wce_core, name)
        if isinstance(thing, ModuleType):
            assert any(page.startswith(f"wce_core.{name}") for page in shown), name
        else:
            assert name in api.documented(api.MODULES[0])


@pytest.mark.parametrize("module", api.MODULES, ids=lambda module: module.title)
def test_a_page_names_what_is_public(module: api.Module) -> None:
    page = api.page(module)
    assert api.documented(module)
    assert page.count("\n::: ") == len(api.documented(module))


@pytest.mark.parametrize("module", [api, links, runtime], ids=lambda module: module.__name__)
def test_docstrings(module: ModuleType) -> None:
    results = doctest.testmod(module)
    assert results.attempted
    assert not results.failed


def test_a_docstring_in_markdown() -> None:
    text = "See [1]_:\n\n==  ==\na   b\n==  ==\nc   :func:`d`\n==  ==\n\n.. [1] Somebody."
    found = "See [1]:\n\n```text\n==  ==\na   b\n==  ==\nc   d\n==  ==\n```\n\n1. Somebody."
    assert runtime.in_markdown(text) == found


def test_links_lead_to_pages_or_are_none() -> None:
    text = "[a](../README.md#one-example), [b](../tests/x.py), [c](d.md#e), [f](#g), ![h](i.png)"
    found = links.relinked(text, "docs/page.md", "page.md")
    assert found == "[a](index.md#one-example), b, [c](d.md#e), [f](#g), ![h](i.png)"


def test_nothing_is_fetched_from_elsewhere() -> None:
    assert not re.search(r"https?://", CONFIG)
    assert "font: false" in CONFIG
