"""Which habit of which framework is shown by which test.

``python -m website.habits`` writes the page.
"""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "habits.md"
SOURCE = ROOT / "website" / "habits.toml"
FRAMEWORKS = {
    "torch": "PyTorch",
    "keras": "Keras 3",
    "tensorflow": "TensorFlow",
    "jax": "JAX",
    "sklearn": "scikit-learn",
}
HEAD = """# What works where

This page shows what people do with a loss, and in which framework it works. Read it before you rely
on such a use. ✓ means that tests show it; they are named below. For each –, the reason is given
there. Paths are in the folder `tests`. Tests for Keras run on TensorFlow, JAX and PyTorch. The page
is made by `python -m website.habits` from `website/habits.toml`; a test checks that every test that
is named here exists.

"""


class Habit(NamedTuple):
    """A row: for each framework the tests that show it, or why none does."""

    name: str
    shown: dict[str, list[str] | str]

    def tests(self) -> list[str]:
        """All tests of the row."""
        return [test for cell in self.shown.values() if isinstance(cell, list) for test in cell]


def habits() -> list[Habit]:
    """The rows, in the order of the file."""
    rows = tomllib.loads(SOURCE.read_text(encoding="utf-8"))["habit"]
    return [Habit(row["name"], {name: row[name] for name in FRAMEWORKS}) for row in rows]


def more() -> list[tuple[str, str, list[str]]]:
    """What one framework alone has: its name, the habit, and its tests."""
    rows = tomllib.loads(SOURCE.read_text(encoding="utf-8"))["more"]
    return [(row["framework"], row["name"], row["tests"]) for row in rows]


def functions(path: Path) -> set[str]:
    """The names of all functions of a file, methods included."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def page() -> str:
    """The page in Markdown: what works where, then by which test it is shown."""
    head = f"| use | {' | '.join(FRAMEWORKS.values())} |\n|---|{':---:|' * len(FRAMEWORKS)}\n"
    table = head + "".join(map(_row, habits()))
    return HEAD + table + "".join(map(_habit, habits())) + "".join(map(_framework, FRAMEWORKS))


def _row(habit: Habit) -> str:
    anchor = re.sub(r"[^\w -]", "", habit.name.lower()).replace(" ", "-")
    cells = ["–" if isinstance(habit.shown[name], str) else "✓" for name in FRAMEWORKS]
    return f"| [{habit.name}](#{anchor}) | {' | '.join(cells)} |\n"


def _habit(habit: Habit) -> str:
    lines = [f"* {title}: {_cell(habit.shown[name])}\n" for name, title in FRAMEWORKS.items()]
    return f"\n## {habit.name}\n\n" + "".join(lines)


def _framework(name: str) -> str:
    lines = [f"* {habit}: {_cell(tests)}\n" for own, habit, tests in more() if own == name]
    return f"\n## Further, in {FRAMEWORKS[name]}\n\n" + "".join(lines)


def _cell(shown: list[str] | str) -> str:
    return shown if isinstance(shown, str) else ", ".join(f"`{test}`" for test in shown)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
