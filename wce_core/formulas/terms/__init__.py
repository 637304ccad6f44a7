"""Terms: what an item pays for the surprisal −log p of a class.

A term is separable: the loss of an item is ``Σ_k q_k · penalty(−log p_k)`` over its mass ``q``. A
new one is a file here with ``penalty`` and ``slope`` and its use in :mod:`wce_core.losses`.
"""

from .base import AnyTerm, Bent, BoundedTerm, Sides, Term, bends, penalty_of, sides, slope_of
from .focal import focal
from .generalized import generalized
from .negative_log_likelihood import NEGATIVE_LOG_LIKELIHOOD
from .poly import poly
from .shifted import asymmetric

__all__ = [
    "NEGATIVE_LOG_LIKELIHOOD",
    "AnyTerm",
    "Bent",
    "BoundedTerm",
    "Sides",
    "Term",
    "asymmetric",
    "bends",
    "focal",
    "generalized",
    "penalty_of",
    "poly",
    "sides",
    "slope_of",
]
