"""Losses of regions: how well each class of a sample, or of a batch, is covered."""

from .dice import BinaryDiceLoss, DiceLoss, binary_dice_loss, dice_loss
from .focal_tversky import (
    BinaryFocalTverskyLoss,
    FocalTverskyLoss,
    binary_focal_tversky_loss,
    focal_tversky_loss,
)
from .generalized_dice import GeneralizedDiceLoss, generalized_dice_loss
from .jaccard import BinaryJaccardLoss, JaccardLoss, binary_jaccard_loss, jaccard_loss
from .lovasz import LovaszHingeLoss, LovaszSoftmaxLoss, lovasz_hinge_loss, lovasz_softmax_loss
from .tversky import BinaryTverskyLoss, TverskyLoss, binary_tversky_loss, tversky_loss

__all__ = [
    "BinaryDiceLoss",
    "BinaryFocalTverskyLoss",
    "BinaryJaccardLoss",
    "BinaryTverskyLoss",
    "DiceLoss",
    "FocalTverskyLoss",
    "GeneralizedDiceLoss",
    "JaccardLoss",
    "LovaszHingeLoss",
    "LovaszSoftmaxLoss",
    "TverskyLoss",
    "binary_dice_loss",
    "binary_focal_tversky_loss",
    "binary_jaccard_loss",
    "binary_tversky_loss",
    "dice_loss",
    "focal_tversky_loss",
    "generalized_dice_loss",
    "jaccard_loss",
    "lovasz_hinge_loss",
    "lovasz_softmax_loss",
    "tversky_loss",
]
