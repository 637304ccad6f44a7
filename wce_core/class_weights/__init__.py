"""Class weights from labels: count the classes, then turn the counts into weights by a scheme.

>>> from wce_core.class_weights import class_weights
>>> class_weights([0, 0, 0, 0, 0, 0, 1, 1, 2], "balanced")
array([0.5, 1.5, 3. ])

Labels that don't fit into memory are counted a batch at a time, or one share per worker:

>>> from wce_core.class_weights import ClassCounts
>>> counts = ClassCounts(classes=3)
>>> for batch in ([0, 0, 0, 0], [0, 0, 1, 1], [2]):
...     counts.update(batch)
>>> class_weights(counts, "balanced")
array([0.5, 1.5, 3. ])
"""

from .by_name import (
    balanced,
    effective_number,
    inverse_frequency,
    log,
    max_ratio,
    median_frequency,
    power,
    sqrt_inverse,
)
from .counts import ClassCounts
from .schemes import SCHEMES
from .weights import Missing, Normalize, class_weights

__all__ = [
    "SCHEMES",
    "ClassCounts",
    "Missing",
    "Normalize",
    "balanced",
    "class_weights",
    "effective_number",
    "inverse_frequency",
    "log",
    "max_ratio",
    "median_frequency",
    "power",
    "sqrt_inverse",
]
