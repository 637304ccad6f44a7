"""Two calls that compute the same, ours and a peer's; or two of our losses."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

Call = Callable[[], object]
FOCAL = "our focal : our CE"
"""The peer of a focal loss: the cross-entropy of the same predictions, which is another number."""
DICE = "smp Dice"
"""The DiceLoss of segmentation_models_pytorch, beside our Dice loss."""


class Pair(NamedTuple):
    """``mode``: how the framework runs both. ``what``: value, or value and gradient."""

    peer: str
    mode: str
    precision: str
    what: str
    ours: Call
    theirs: Call
