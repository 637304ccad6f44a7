"""The array API namespace of PyTorch, but for what its compilers do otherwise.

Sums, which Inductor would add up one by one, and ``take_along_dim``, which makes a program one for
arrays of these lengths.
"""

# ruff: noqa: A001, F403  (all names are the standard's, by array-api-compat)

from __future__ import annotations

import torch
from array_api_compat.torch import *

from .summing import summed

sum = summed


def take_along_axis(x: torch.Tensor, indices: torch.Tensor, /, *, axis: int = -1) -> torch.Tensor:
    """By ``gather``: each array has the other's lengths along all other axes."""
    return torch.gather(x, axis, indices)


# PyTorch's registries, which the wildcard brings, are no functions, and raise whatever they are
# asked for: doctest asks each name of a module for ``__wrapped__``.
globals().pop("classes", None)
globals().pop("ops", None)
