"""The page, with or without all of its answers in it."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

from .answer import answer
from .controls import CLASSES, LIVE, SITE, Control, every
from .data import points


def live() -> str:
    """The page that asks the program that serves it."""
    return _page(LIVE, None)


@cache
def of_the_site() -> str:
    """The page that has all answers in it, and asks nobody."""
    return _page(SITE, {places: answer(values) for places, values in every(SITE)})


def _page(controls: tuple[Control, ...], answers: dict[str, Any] | None) -> str:
    setup = {
        "classes": CLASSES,
        "controls": [control._asdict() for control in controls],
        "points": points().tolist(),
        "answers": answers,
    }
    text = json.dumps(setup, separators=(",", ":")).replace("<", "\\u003c")
    return _template().replace("/*SETUP*/null", text)


@cache
def _template() -> str:
    return files("wce_core.playground").joinpath("page.html").read_text(encoding="utf-8")
