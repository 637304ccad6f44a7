"""Weighted cross-entropy written once: the same value and gradient on every array framework.

The losses are in :mod:`wce_core.losses`.
"""

from . import losses
from .explanation import Explanation, explain
from .gradient import value_and_grad
from .parts import LossParts

__all__ = ["Explanation", "LossParts", "explain", "losses", "value_and_grad"]
__version__ = "0.1.0"
