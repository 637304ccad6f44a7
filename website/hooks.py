"""What MkDocs calls while it builds: pages from outside of ``docs``, and links to them."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # MkDocs loads this file by its path

from mkdocs.structure.files import File  # noqa: E402

from wce_core.playground import page as playground  # noqa: E402
from website import api, support  # noqa: E402
from website.links import OUTSIDE, relinked  # noqa: E402

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

SESSION = re.compile(r"^( *)```python\n(?=(?: *#.*\n)*\1>>> )", re.MULTILINE)
"""A block that is a session: another language to the highlighter, and to the button that copies."""

FOLDED = re.compile(
    r"<details><summary><b>(?P<title>.*?)</b></summary>\n\n(?P<body>.*?)</details>\n", re.DOTALL
)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds what is made: pages of functions, and those that stand elsewhere."""
    for source, page in OUTSIDE.items():
        text = tabbed((ROOT / source).read_text(encoding="utf-8"))
        files.append(File.generated(config, page, content=relinked(text, source, page)))
    files.append(File.generated(config, "api/index.md", content=api.index()))
    for module in api.MODULES:
        files.append(File.generated(config, api.path(module), content=api.page(module)))
    files.append(File.generated(config, "support.md", content=support.page()))
    files.append(File.generated(config, "playground/page.html", content=playground.of_the_site()))
    return files


def tabbed(markdown: str) -> str:
    """What unfolds on a page of the repository is a tab of the site."""

    def tab(found: re.Match[str]) -> str:
        return f'=== "{found["title"]}"\n\n{indent(found["body"], " " * 4)}'

    return FOLDED.sub(tab, markdown)


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Makes links those of the site, and sessions look like sessions."""
    del config, files
    path = page.file.src_uri
    if page.file.generated_by is None:
        markdown = relinked(markdown, f"docs/{path}", path)
    return SESSION.sub(r"\1```pycon\n", markdown).replace("<BLANKLINE>", "")
