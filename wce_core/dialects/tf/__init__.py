"""TensorFlow 2.21: ``tf.nn`` and ``tf.compat.v1.losses``, on arrays of any framework."""

from . import compat, nn

__all__ = ["compat", "nn"]
