"""Other libraries' losses, under their own names and conventions, on arrays of any framework.

``dialects.torch.cross_entropy`` is ``torch.nn.functional.cross_entropy`` of NumPy, JAX, PyTorch or
TensorFlow arrays: its arguments, their order and defaults, its denominators and clamps, computed by
the losses of this library. Importing a dialect imports no framework.
"""

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
