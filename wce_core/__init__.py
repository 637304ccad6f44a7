"""Weighted cross-entropy written once: the same value and gradient on every array framework.

The losses are in :mod:`wce_core.losses`, metrics in :mod:`wce_core.metrics`, weights from labels
in :mod:`wce_core.class_weights`, the losses of other libraries under their own names in
:mod:`wce_core.dialects`.
"""

from . import class_weights, dialects, losses, metrics, objectives
from .announcements import announce
from .call.parts import LossParts
from .call.region_parts import RegionParts
from .explanation import Explanation, explain
from .gradient import value_and_grad
from .losses.denominators import effective_weight
from .unweighting import unweight_logits, unweight_probabilities

__all__ = [
    "Explanation",
    "LossParts",
    "RegionParts",
    "class_weights",
    "dialects",
    "effective_weight",
    "explain",
    "losses",
    "metrics",
    "objectives",
    "unweight_logits",
    "unweight_probabilities",
    "value_and_grad",
]
__version__ = "0.1.0"

announce()
