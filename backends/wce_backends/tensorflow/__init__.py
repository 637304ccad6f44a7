"""TensorFlow: its array API namespace, and its backend."""

from .backend import BACKEND

__all__ = ["BACKEND"]
