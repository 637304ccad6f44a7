"""What TensorFlow's own tools have to be told. Importing this module does not import TensorFlow."""

from wce_core.frameworks.float64 import without_float64

__all__ = ["without_float64"]
