"""The playground in a browser: its numbers are those of the library, on screens of any width."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from playwright.sync_api import FilePayload, FrameLocator, Page

from wce_core import losses
from wce_core.explanation import Explanation, explain
from wce_core.playground import controls
from wce_core.playground.data import sample

FILE = b"label,cat,dog\ncat,2.0,0.5\ndog,0.1,0.3\ndog,-1.0,0.0\n"


def rows(place: Page | FrameLocator) -> list[list[str]]:
    """The table, cell by cell."""
    lines = place.locator("tbody tr").all()
    return [[cell.inner_text().strip() for cell in line.locator("td").all()] for line in lines]


def wanted(found: Explanation) -> list[list[str]]:
    """What the table has to show after the names of the classes."""
    return [
        [str(one.items), f"{one.weight:.6g}", f"{one.loss:.1%}", f"{one.gradient:.1%}"]
        for one in found.classes
    ]


def at_the_start(counts: tuple[int, ...], **options: Any) -> Explanation:
    _, labels = sample(counts)
    return explain(losses.cross_entropy, np.zeros((labels.size, 3)), labels, **options)


def move(page: Page, place: Page | FrameLocator, control: controls.Control, value: Any) -> None:
    """Moves a slider, and waits until the page shows the answer."""
    body = place.locator("body")
    before = body.get_attribute("data-shown")
    where = place.locator(f"#{control.name}")
    if isinstance(value, str):
        where.select_option(str(control.values.index(value)))
    else:
        where.fill(str(control.values.index(value)))
    for _ in range(100):
        if body.get_attribute("data-shown") != before:
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"nothing came of {control.name} = {value}")


def named(of: tuple[controls.Control, ...], name: str) -> controls.Control:
    return next(control for control in of if control.name == name)


@pytest.mark.parametrize("where", ["live", "site"])
def test_a_slider_changes_the_numbers_to_those_of_the_library(
    page: Page, where: str, width: int, request: pytest.FixtureRequest
) -> None:
    address = request.getfixturevalue(where)
    of = controls.LIVE if where == "live" else controls.SITE
    page.goto(address if where == "live" else f"{address}/playground/")
    place = page if where == "live" else page.frame_locator("iframe")
    place.locator("tbody tr").first.wait_for()
    first = rows(place)
    assert [row[1:5] for row in first] == wanted(at_the_start((200, 50, 10)))
    move(page, place, named(of, "weight2"), 20.0)
    move(page, place, named(of, "count1"), 200)
    move(page, place, named(of, "smoothing"), 0.1)
    move(page, place, named(of, "reduction"), "weighted_mean")
    found = at_the_start(
        (200, 200, 10),
        class_weight=[1.0, 1.0, 20.0],
        label_smoothing=0.1,
        reduction="weighted_mean",
    )
    assert [row[1:5] for row in rows(place)] == wanted(found) != [row[1:5] for row in first]
    shown = place.locator(".numbers").inner_text()
    assert f"{found.value:.6g}" in shown
    assert f"{found.denominator:.6g}" in shown
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_boundary_moves(page: Page, live: str) -> None:
    page.goto(live)
    page.locator("tbody tr").first.wait_for()
    picture = "document.querySelector('#boundary').toDataURL()"
    before = page.evaluate(picture)
    page.locator("[data-when=after]").click()
    found = rows(page)
    move(page, page, named(controls.LIVE, "weight2"), 40.0)
    assert page.evaluate(picture) != before
    assert float(rows(page)[2][5].rstrip("%")) > float(found[2][5].rstrip("%"))


def test_a_file_of_ones_own(page: Page, live: str, width: int) -> None:
    page.goto(live)
    page.locator("tbody tr").first.wait_for()
    page.set_input_files("#file", FilePayload(name="mine.csv", mimeType="text/csv", buffer=FILE))
    page.locator("td", has_text="dog").wait_for()
    scores, labels = np.array([[2.0, 0.5], [0.1, 0.3], [-1.0, 0.0]]), np.array([0, 1, 1])
    own = explain(losses.cross_entropy, scores, labels)
    assert [row[1:] for row in rows(page)] == wanted(own)
    move(page, page, controls.weights(("cat", "dog"))[1], 5.0)
    own = explain(losses.cross_entropy, scores, labels, class_weight=[1.0, 5.0])
    assert [row[1:] for row in rows(page)] == wanted(own)
    page.locator("#back").click()
    page.locator("td", has_text="medium").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_wrong_file_is_answered_in_words(browser: Any, live: str) -> None:
    page = browser.new_page()
    page.goto(live)
    page.locator("tbody tr").first.wait_for()
    before = rows(page)
    file = {"name": "mine.csv", "mimeType": "text/csv", "buffer": b"label,cat,dog\nmouse,1,2\n"}
    page.set_input_files("#file", files=[file])
    page.locator("#error").wait_for()
    assert "row 2 has the label 'mouse'; expected one of cat, dog" in page.inner_text("#error")
    assert rows(page) == before
    page.close()
