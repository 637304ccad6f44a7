"""Every example is run, documented, and says what was measured."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

import page
from results import Measure, verdict

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted(path.stem for path in (ROOT / "examples").glob("*.py"))
FOLDER = ROOT / "docs" / "examples"
ACCURACY = Measure("accuracy")


def test_every_script_is_an_example_or_shared() -> None:
    assert sorted((*page.SCRIPTS, *page.SHARED)) == SCRIPTS


def test_the_page_is_what_the_scripts_measured() -> None:
    assert (ROOT / "docs" / "examples.md").read_text(encoding="utf-8") == page.page(FOLDER)


def test_the_gallery_shows_every_figure() -> None:
    assert (ROOT / "docs" / "gallery.md").read_text(encoding="utf-8") == page.gallery(FOLDER)


def test_nothing_else_is_in_the_folder() -> None:
    names = {f"{name}.{ending}" for name in page.SCRIPTS for ending in ("json", "png")}
    assert {path.name for path in FOLDER.iterdir()} == names


@pytest.mark.parametrize("name", page.SCRIPTS)
def test_what_was_measured(name: str) -> None:
    found = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    assert not found["quick"]
    assert len(found["scores"]) >= 2
    assert min(map(len, found["scores"].values())) >= 3
    assert found["verdict"] == verdict(found["scores"], Measure(**found["measures"][0]))
    source = (ROOT / "examples" / f"{name}.py").read_text(encoding="utf-8")
    documented = ast.get_docstring(ast.parse(source)) or ""
    assert documented.splitlines()[0] == found["question"]
    assert (FOLDER / f"{name}.png").stat().st_size < 120_000


@pytest.mark.parametrize("framework", ["torch", "jax", "keras"])
def test_each_framework_has_two(framework: str) -> None:
    texts = [(ROOT / "examples" / f"{name}.py").read_text("utf-8") for name in page.SCRIPTS]
    assert sum(f"\nimport {framework}\n" in text for text in texts) >= 2


def _scores(**settings: list[float]) -> dict[str, list[dict[str, float]]]:
    return {name: [{ACCURACY.name: value} for value in each] for name, each in settings.items()}


def test_who_won() -> None:
    scores = _scores(usual=[0.5, 0.6, 0.7], middle=[0.6, 0.7, 0.8], best=[0.71, 0.79, 0.9])
    assert verdict(scores, ACCURACY) == (
        "“best” won: accuracy 80.0 ± 9.5 %, over 3 seeds. Seed by seed it is 10.0 ± 1.0 points "
        "ahead of “middle” and 20.0 ± 1.0 points ahead of “usual”."
    )
    assert verdict(scores, ACCURACY._replace(higher=False)).startswith("“usual” won")


def test_nothing_won() -> None:
    scores = _scores(usual=[0.5, 0.6, 0.7], first=[0.8, 0.7, 0.9], second=[0.7, 0.8, 0.8])
    assert verdict(scores, ACCURACY) == (
        "Nothing won: “first” is first, accuracy 80.0 ± 10.0 %, but 3 seeds cannot tell it from "
        "“second” and “usual”. Seed by seed it is 3.3 ± 11.5 points ahead of “second”."
    )
