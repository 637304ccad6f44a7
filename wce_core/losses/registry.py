"""Every loss of the library: its name, its function, and its configured class."""

from __future__ import annotations

from typing import Any

from .any_of import AnyOfCrossEntropy
from .asymmetric import AsymmetricLoss
from .combined import Combined
from .configured import BinaryCrossEntropy, Configured, ConfiguredItems, CrossEntropy
from .costs import ExpectedCost, PairwiseCost
from .focal import BinaryFocalCrossEntropy, FocalCrossEntropy
from .generalized import GeneralizedCrossEntropy
from .linear import LinearCrossEntropy
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
    LovaszHingeLoss,
    LovaszSoftmaxLoss,
    TverskyLoss,
)

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
COVERED: tuple[type[Configured[Any]], ...] = (
    DiceLoss,
    BinaryDiceLoss,
    JaccardLoss,
    BinaryJaccardLoss,
    TverskyLoss,
    BinaryTverskyLoss,
    FocalTverskyLoss,
    BinaryFocalTverskyLoss,
    GeneralizedDiceLoss,
    LovaszSoftmaxLoss,
    LovaszHingeLoss,
)
LOSSES: dict[str, type[ConfiguredItems[Any]]] = {kind._function.__name__: kind for kind in ITEMS}
"""Of items: by the name of the function, which is an attribute of the class, as is its family."""
REGIONS: dict[str, type[Configured[Any]]] = {kind._function.__name__: kind for kind in COVERED}
"""Of regions."""
FUNCTIONS: tuple[type[Configured[Any]], ...] = (*ITEMS, *COVERED)
"""Those that are a function with its options fixed."""
CONFIGURED: tuple[type[Configured[Any]], ...] = (*FUNCTIONS, Combined)
OF_LAYERS: tuple[type[Configured[Any]], ...] = (LinearCrossEntropy,)
"""Those that are called with a linear layer between predictions and targets."""
