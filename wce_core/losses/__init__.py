"""The losses. Their docstrings are the specification."""

from wce_core.formulas.links import Logits, Probabilities

from .any_of import AnyOfCrossEntropy, any_of_cross_entropy
from .asymmetric import AsymmetricLoss, asymmetric_loss
from .binary_cross_entropy import binary_cross_entropy
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
from .poly import PolyCrossEntropy, poly_cross_entropy
from .registry import LOSSES

__all__ = [
    "AnyOfCrossEntropy",
    "AsymmetricLoss",
    "BinaryCrossEntropy",
    "BinaryFocalCrossEntropy",
    "CrossEntropy",
    "ExpectedCost",
    "FocalCrossEntropy",
    "GeneralizedCrossEntropy",
    "Logits",
    "PairwiseCost",
    "PolyCrossEntropy",
    "Probabilities",
    "any_of_cross_entropy",
    "asymmetric_loss",
    "binary_cross_entropy",
    "binary_focal_cross_entropy",
    "binary_loss",
    "categorical_loss",
    "cross_entropy",
    "expected_cost",
    "focal_cross_entropy",
    "generalized_cross_entropy",
    "pairwise_cost",
    "poly_cross_entropy",
]

for _configured in LOSSES.values():
    for _public in (_configured, _configured._function):
        _public.__module__ = (
            __name__  # by which pickles, documentation and error messages name them
        )
