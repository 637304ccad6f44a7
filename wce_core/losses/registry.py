"""Every loss of the library: its name, its function, and its configured class."""

from __future__ import annotations

from typing import Any

from .configured import BinaryCrossEntropy, Configured, CrossEntropy
from .focal import BinaryFocalCrossEntropy, FocalCrossEntropy

CONFIGURED: tuple[type[Configured[Any]], ...] = (
    CrossEntropy,
    BinaryCrossEntropy,
    FocalCrossEntropy,
    BinaryFocalCrossEntropy,
)
LOSSES: dict[str, type[Configured[Any]]] = {kind._function.__name__: kind for kind in CONFIGURED}
"""By the name of the function, which is an attribute of the class, as is its family."""
