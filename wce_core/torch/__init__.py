"""PyTorch's own habits: every loss as a ``torch.nn.Module``. Importing this module imports PyTorch.

Classes stand along axis 1, as in PyTorch's losses, and weights are buffers. ``wce_core.losses`` has
the losses themselves.
"""

from wce_core.frameworks.compiling import compile_calls

from .combined import CombinedLoss
from .hugging_face import ComputeLoss, WeightedLossTrainer
from .items import (
    AnyOfCrossEntropyLoss,
    AsymmetricLoss,
    BCEWithLogitsLoss,
    BinaryFocalCrossEntropyLoss,
    CrossEntropyLoss,
    ExpectedCostLoss,
    FocalCrossEntropyLoss,
    GeneralizedCrossEntropyLoss,
    PairwiseCostLoss,
    PolyCrossEntropyLoss,
)
from .layers import LinearCrossEntropyLoss
from .module import ItemLoss, Loss
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

__all__ = [
    "AnyOfCrossEntropyLoss",
    "AsymmetricLoss",
    "BCEWithLogitsLoss",
    "BinaryDiceLoss",
    "BinaryFocalCrossEntropyLoss",
    "BinaryFocalTverskyLoss",
    "BinaryJaccardLoss",
    "BinaryTverskyLoss",
    "CombinedLoss",
    "ComputeLoss",
    "CrossEntropyLoss",
    "DiceLoss",
    "ExpectedCostLoss",
    "FocalCrossEntropyLoss",
    "FocalTverskyLoss",
    "GeneralizedCrossEntropyLoss",
    "GeneralizedDiceLoss",
    "ItemLoss",
    "JaccardLoss",
    "LinearCrossEntropyLoss",
    "Loss",
    "LovaszHingeLoss",
    "LovaszSoftmaxLoss",
    "PairwiseCostLoss",
    "PolyCrossEntropyLoss",
    "TverskyLoss",
    "WeightedLossTrainer",
    "compile_calls",
]
