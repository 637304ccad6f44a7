"""Other libraries' losses, under their own names and conventions, on arrays of any framework.

``dialects.torch.cross_entropy`` is ``torch.nn.functional.cross_entropy`` of NumPy, JAX, PyTorch or
TensorFlow arrays: its arguments, their order and defaults, its denominators and clamps, computed by
the losses of this library. Importing a dialect imports no framework.
"""

from ..imports import when_imported
from . import keras, keras2, onnx, optax, registry, sklearn, tf, torch

__all__ = [
    "keras",
    "keras2",
    "onnx",
    "optax",
    "registry",
    "sklearn",
    "tf",
    "torch",
]


def _register_with_keras() -> None:
    """Unknown to Keras, a function is saved by its bare name, and loaded as Keras' own."""
    from wce_backends.keras import register

    names = ("binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy")
    register(getattr(dialect, name) for dialect in (keras, keras2) for name in names)


when_imported("keras", _register_with_keras)
