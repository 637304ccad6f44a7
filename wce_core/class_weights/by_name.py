"""Each scheme as a function: ``balanced(labels)`` is ``class_weights(labels, "balanced")``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .schemes import SCHEMES
from .weights import class_weights


def _function(name: str) -> Callable[..., np.ndarray]:
    def weights(labels: Any, **options: Any) -> np.ndarray:
        return class_weights(labels, name, **options)

    weights.__name__ = weights.__qualname__ = name
    weights.__doc__ = (
        f"{SCHEMES[name].__doc__}\n\n    The same as ``class_weights(labels, {name!r}, …)``, "
        "with its other arguments.\n    "
    )
    return weights


balanced = _function("balanced")
inverse_frequency = _function("inverse_frequency")
sqrt_inverse = _function("sqrt_inverse")
log = _function("log")
median_frequency = _function("median_frequency")
effective_number = _function("effective_number")
power = _function("power")
max_ratio = _function("max_ratio")
