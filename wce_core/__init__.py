"""Weighted cross-entropy written once: the same value and gradient on every array framework.

The losses are in :mod:`wce_core.losses`, those of other libraries under their own names in
:mod:`wce_core.dialects`.
"""

from . import dialects, losses
from .explanation import Explanation, explain
from .gradient import value_and_grad
from .parts import LossParts

__all__ = ["Explanation", "LossParts", "dialects", "explain", "losses", "value_and_grad"]
__version__ = "0.1.0"
