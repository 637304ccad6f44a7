"""The losses. Their docstrings are the specification."""

from wce_core.formulas.links import Probabilities

from .binary_cross_entropy import binary_cross_entropy
from .configured import BinaryCrossEntropy, CrossEntropy
from .cross_entropy import cross_entropy
from .defined import binary_loss, categorical_loss

__all__ = [
    "BinaryCrossEntropy",
    "CrossEntropy",
    "Probabilities",
    "binary_cross_entropy",
    "binary_loss",
    "categorical_loss",
    "cross_entropy",
]

for _public in (binary_cross_entropy, cross_entropy, BinaryCrossEntropy, CrossEntropy):
    _public.__module__ = __name__  # by which pickles, documentation and error messages name them
