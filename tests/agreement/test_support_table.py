"""The documented table of losses, backends and modes is what the cases are run by."""

from __future__ import annotations

import pytest

from wce_core.losses.registry import LOSSES, REGIONS
from website import support


def test_the_page_is_made_of_the_cases() -> None:
    assert support.PAGE.read_text(encoding="utf-8") == support.page()


@pytest.mark.parametrize("loss", [*LOSSES, *REGIONS])
def test_every_loss_can_be_seen_by_every_route(loss: str) -> None:
    for column in support.columns():
        _, all_of_them = support.counted(loss, column)
        assert all_of_them >= 4, column
