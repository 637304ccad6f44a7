"""Keras 3, on whichever backend it runs. Importing this module imports Keras.

It registers what models are saved with: configured losses, and the functions of Keras' dialects,
which Keras would otherwise save by their bare names, and load as its own.
"""

from wce_core.dialects import keras as dialect
from wce_core.dialects import keras2 as dialect2

from .losses import DialectLoss, KerasLoss, register

__all__ = ["DialectLoss", "KerasLoss"]

_FUNCTIONS = (
    "binary_crossentropy",
    "categorical_crossentropy",
    "sparse_categorical_crossentropy",
)
register(getattr(own, name) for own in (dialect, dialect2) for name in _FUNCTIONS)
