"""``tf.compat.v1``."""

from . import losses

__all__ = ["losses"]
