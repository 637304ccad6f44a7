"""Links of pages that read well in a checkout, made links of the site."""

from __future__ import annotations

import posixpath
import re

LINK = re.compile(r"\[(?P<text>[^\]]*)\]\((?!\w+:)(?P<path>[^)#\s]*)(?P<anchor>#[^)\s]*)?\)")
OUTSIDE = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "backends/README.md": "writing-a-backend.md",
    "conformance/README.md": "conformance.md",
    "conformance/CHANGELOG.md": "conformance-changelog.md",
}
"""Pages of the repository that are not in ``docs``, and where they are in the site."""


def relinked(markdown: str, source: str, page: str) -> str:
    """The text of ``source``, a path in the repository, as ``page``, a path in the site.

    What leads to a page leads there; what leads to a file that no page shows is named, and no link.

    >>> relinked("[a](../README.md), [b](../tests/x.py), [c](d.md#e)", "docs/c.md", "c.md")
    '[a](index.md), b, [c](d.md#e)'
    """

    def link(found: re.Match[str]) -> str:
        if not found["path"]:
            return found[0]
        file = posixpath.normpath(posixpath.join(posixpath.dirname(source), found["path"]))
        target = file.removeprefix("docs/") if file.startswith("docs/") else OUTSIDE.get(file)
        if target is None:
            return found["text"]
        there = posixpath.relpath(target, posixpath.dirname(page) or ".")
        return f"[{found['text']}]({there}{found['anchor'] or ''})"

    return LINK.sub(link, markdown)
