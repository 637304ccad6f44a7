"""Every loss of the library: its name, its function, and its configured class."""

from __future__ import annotations

from typing import Any

from .any_of import AnyOfCrossEntropy
from .asymmetric import AsymmetricLoss
from .configured import BinaryCrossEntropy, Configured, CrossEntropy
from .costs import ExpectedCost, PairwiseCost
from .focal import BinaryFocalCrossEntropy, FocalCrossEntropy
from .generalized import GeneralizedCrossEntropy
from .poly import PolyCrossEntropy

CONFIGURED: tuple[type[Configured[Any]], ...] = (
    CrossEntropy,
    BinaryCrossEntropy,
    FocalCrossEntropy,
    BinaryFocalCrossEntropy,
    AnyOfCrossEntropy,
    ExpectedCost,
    PairwiseCost,
    PolyCrossEntropy,
    GeneralizedCrossEntropy,
    AsymmetricLoss,
)
LOSSES: dict[str, type[Configured[Any]]] = {kind._function.__name__: kind for kind in CONFIGURED}
"""By the name of the function, which is an attribute of the class, as is its family."""
