"""Programs that are not Python packages."""

from __future__ import annotations

import shutil

import pytest


def program(name: str) -> str:
    """Its path; without it the test is skipped, and says what was not tested."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed: what needs it is not tested here")
    return found
