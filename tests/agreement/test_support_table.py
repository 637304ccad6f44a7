"""The table of losses, backends and modes, which the site makes of what the cases are run by."""

from __future__ import annotations

import pytest

from wce_core.losses.registry import LOSSES, REGIONS
from website import support

NUMPY = support.Column("numpy", "eager")


def test_the_page_has_a_row_for_each_loss_and_a_column_for_each_route() -> None:
    lines = support.page().splitlines()
    rows = [line for line in lines if line.startswith("| `")]
    assert [row.split("`")[1] for row in rows] == [*LOSSES, *REGIONS]
    assert {row.count("|") for row in rows} == {len(support.columns()) + 2}
    assert rows[0].split("|")[2].strip() == str(support.counted("cross_entropy", NUMPY)[0])


@pytest.mark.parametrize("loss", [*LOSSES, *REGIONS])
def test_every_loss_can_be_seen_by_every_route(loss: str) -> None:
    for column in support.columns():
        _, all_of_them = support.counted(loss, column)
        assert all_of_them >= 4, column
