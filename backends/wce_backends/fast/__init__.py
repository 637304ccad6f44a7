"""Loops compiled by Numba in the place of NumPy's operations, where the extra ``fast`` is there.

They are used by arrays of NumPy, and by eager tensors of PyTorch and TensorFlow in the host's
memory. Without Numba, with ``WCE_FAST=0`` in the environment, or after ``use(False)`` everything is
as it was: the same results, to rounding.
"""

from .ops import LoopedOps
from .switch import followed, in_use, use

__all__ = ["LoopedOps", "followed", "in_use", "use"]
