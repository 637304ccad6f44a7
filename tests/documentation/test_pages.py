"""Every Python example on the pages in ``docs`` runs, page by page, without a warning."""

from __future__ import annotations

import doctest
import re
from importlib.util import find_spec
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGES = [page for page in sorted(DOCS.rglob("*.md")) if ">>> " in page.read_text(encoding="utf-8")]
NEEDS = re.compile(r"<!-- needs: (?P<name>\w+) -->\n```python\n.*?```", re.DOTALL)
"""A block that runs only where a package is installed, as it is in the session ``doctest``."""


def test_there_are_pages_with_examples() -> None:
    assert PAGES


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_page(page: Path) -> None:
    text = NEEDS.sub(
        lambda block: block[0] if find_spec(block["name"]) else "", page.read_text(encoding="utf-8")
    )
    name = str(page.relative_to(DOCS))
    examples = doctest.DocTestParser().get_doctest(text, {"__name__": "__main__"}, name, name, 0)
    results = doctest.DocTestRunner().run(examples)
    assert results.attempted
    assert not results.failed


LINK = re.compile(r"\]\((?!https?:|mailto:)(?P<path>[^)#\s]+)")


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    targets = [found["path"] for found in LINK.finditer(page.read_text(encoding="utf-8"))]
    assert [target for target in targets if not (page.parent / target).exists()] == []
