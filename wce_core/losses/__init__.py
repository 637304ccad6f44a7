"""The losses. Their docstrings are the specification."""

from wce_core.formulas.links import Logits, Probabilities

from .any_of import AnyOfCrossEntropy, any_of_cross_entropy
from .asymmetric import AsymmetricLoss, asymmetric_loss
from .binary_cross_entropy import binary_cross_entropy
from .combined import Combined, combine
from .configured import BinaryCrossEntropy, CrossEntropy
from .costs import ExpectedCost, PairwiseCost, expected_cost, pairwise_cost
from .cross_entropy import cross_entropy
from .defined import binary_loss, categorical_loss
from .focal import (
    BinaryFocalCrossEntropy,
    FocalCrossEntropy,
    binary_focal_cross_entropy,
    focal_cross_entropy,
)
from .generalized import GeneralizedCrossEntropy, generalized_cross_entropy
from .linear import LinearCrossEntropy, linear_cross_entropy
from .poly import PolyCrossEntropy, poly_cross_entropy
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
    binary_dice_loss,
    binary_focal_tversky_loss,
    binary_jaccard_loss,
    binary_tversky_loss,
    dice_loss,
    focal_tversky_loss,
    generalized_dice_loss,
    jaccard_loss,
    lovasz_hinge_loss,
    lovasz_softmax_loss,
    tversky_loss,
)
from .registry import CONFIGURED, FUNCTIONS, OF_LAYERS

__all__ = [
    "AnyOfCrossEntropy",
    "AsymmetricLoss",
    "BinaryCrossEntropy",
    "BinaryDiceLoss",
    "BinaryFocalCrossEntropy",
    "BinaryFocalTverskyLoss",
    "BinaryJaccardLoss",
    "BinaryTverskyLoss",
    "Combined",
    "CrossEntropy",
    "DiceLoss",
    "ExpectedCost",
    "FocalCrossEntropy",
    "FocalTverskyLoss",
    "GeneralizedCrossEntropy",
    "GeneralizedDiceLoss",
    "JaccardLoss",
    "LinearCrossEntropy",
    "Logits",
    "LovaszHingeLoss",
    "LovaszSoftmaxLoss",
    "PairwiseCost",
    "PolyCrossEntropy",
    "Probabilities",
    "TverskyLoss",
    "any_of_cross_entropy",
    "asymmetric_loss",
    "binary_cross_entropy",
    "binary_dice_loss",
    "binary_focal_cross_entropy",
    "binary_focal_tversky_loss",
    "binary_jaccard_loss",
    "binary_loss",
    "binary_tversky_loss",
    "categorical_loss",
    "combine",
    "cross_entropy",
    "dice_loss",
    "expected_cost",
    "focal_cross_entropy",
    "focal_tversky_loss",
    "generalized_cross_entropy",
    "generalized_dice_loss",
    "jaccard_loss",
    "linear_cross_entropy",
    "lovasz_hinge_loss",
    "lovasz_softmax_loss",
    "pairwise_cost",
    "poly_cross_entropy",
    "tversky_loss",
]

for _public in (
    *CONFIGURED,
    *OF_LAYERS,
    *(kind._function for kind in (*FUNCTIONS, *OF_LAYERS)),
    combine,
):
    _public.__module__ = __name__  # by which pickles, documentation and error messages name them
