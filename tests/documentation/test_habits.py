"""The table of what works where names tests that exist, and is what the page shows."""

from __future__ import annotations

import pytest

from website import habits

TESTS = habits.ROOT / "tests"


NAMED = [test for habit in habits.habits() for test in habit.tests()]
NAMED += [test for _, _, tests in habits.more() for test in tests]


@pytest.mark.parametrize("file", sorted({test.partition("::")[0] for test in NAMED}))
def test_every_test_that_is_named_exists(file: str) -> None:
    named = {test.partition("::")[2] for test in NAMED if test.startswith(f"{file}::")}
    assert named - habits.functions(TESTS / file) == set()


def test_the_page_is_made_of_the_table() -> None:
    assert habits.PAGE.read_text(encoding="utf-8") == habits.page()


@pytest.mark.parametrize("framework", habits.FRAMEWORKS)
def test_a_cell_is_tests_or_a_reason(framework: str) -> None:
    for habit in habits.habits():
        assert habit.shown[framework], habit.name
