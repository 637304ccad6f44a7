"""``sum`` of the array API standard: in pieces where a compiler makes the loop.

In a file of its own, because ``int``, ``all`` and the like are other things in a namespace.
"""

from __future__ import annotations

from typing import Any

import array_api_compat.torch as standard
import torch

from wce_core.types import Array

from ..sums import in_pieces


def summed(x: Array, /, *, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Array:
    """The sum; PyTorch's own kernels add pairwise."""
    compiled = torch.compiler.is_compiling() and x.is_floating_point()
    if not (compiled and _has_pieces(x, axis)):
        return standard.sum(x, axis=axis, dtype=dtype, keepdims=keepdims)
    x = x if dtype is None else x.to(dtype)
    own, place = (x.reshape([-1]), 0) if axis is None else (x, axis % x.ndim)
    found = in_pieces(torch.sum, torch.reshape, own, list(own.shape), place)
    if not keepdims:
        return found
    return found.reshape([1] * x.ndim) if axis is None else found.unsqueeze(place)


def _has_pieces(x: Array, axis: Any) -> bool:
    """Along one axis, or all of known lengths: a batch of any size is to run the same program."""
    if axis is None:
        return x.ndim > 0 and all(isinstance(length, int) for length in x.shape)
    return isinstance(axis, int)
