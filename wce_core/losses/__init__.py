"""The losses. Their docstrings are the specification."""

from wce_core.formulas.links import Probabilities

from .binary_cross_entropy import binary_cross_entropy
from .configured import BinaryCrossEntropy, CrossEntropy
from .cross_entropy import cross_entropy
from .defined import binary_loss, categorical_loss
from .focal import (
    BinaryFocalCrossEntropy,
    FocalCrossEntropy,
    binary_focal_cross_entropy,
    focal_cross_entropy,
)
from .registry import LOSSES

__all__ = [
    "BinaryCrossEntropy",
    "BinaryFocalCrossEntropy",
    "CrossEntropy",
    "FocalCrossEntropy",
    "Probabilities",
    "binary_cross_entropy",
    "binary_focal_cross_entropy",
    "binary_loss",
    "categorical_loss",
    "cross_entropy",
    "focal_cross_entropy",
]

for _configured in LOSSES.values():
    for _public in (_configured, _configured._function):
        _public.__module__ = (
            __name__  # by which pickles, documentation and error messages name them
        )
