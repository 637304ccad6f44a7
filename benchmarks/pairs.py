"""Two calls that compute the same, ours and a peer's."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

Call = Callable[[], object]


class Pair(NamedTuple):
    """``mode``: how the framework runs both. ``what``: value, or value and gradient."""

    peer: str
    mode: str
    precision: str
    what: str
    ours: Call
    theirs: Call
