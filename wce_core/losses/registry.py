"""Every loss of the library: its name, its function, and its configured class."""

from __future__ import annotations

from typing import Any

from .any_of import AnyOfCrossEntropy
from .asymmetric import AsymmetricLoss
from .configured import BinaryCrossEntropy, Configured, ConfiguredItems, CrossEntropy
from .costs import ExpectedCost, PairwiseCost
from .focal import BinaryFocalCrossEntropy, FocalCrossEntropy
from .generalized import GeneralizedCrossEntropy
from .poly import PolyCrossEntropy
from .regions import (
    BinaryDiceLoss,
    BinaryFocalTverskyLoss,
    BinaryJaccardLoss,
    BinaryTverskyLoss,
    DiceLoss,
    FocalTverskyLoss,
    GeneralizedDiceLoss,
    JaccardLoss,
    TverskyLoss,
)
from .regions.shared import ConfiguredRegion

ITEMS: tuple[type[ConfiguredItems[Any]], ...] = (
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
COVERED: tuple[type[ConfiguredRegion], ...] = (
    DiceLoss,
    BinaryDiceLoss,
    JaccardLoss,
    BinaryJaccardLoss,
    TverskyLoss,
    BinaryTverskyLoss,
    FocalTverskyLoss,
    BinaryFocalTverskyLoss,
    GeneralizedDiceLoss,
)
LOSSES: dict[str, type[ConfiguredItems[Any]]] = {kind._function.__name__: kind for kind in ITEMS}
"""Of items: by the name of the function, which is an attribute of the class, as is its family."""
REGIONS: dict[str, type[ConfiguredRegion]] = {kind._function.__name__: kind for kind in COVERED}
"""Of regions."""
CONFIGURED: tuple[type[Configured[Any]], ...] = (*ITEMS, *COVERED)
