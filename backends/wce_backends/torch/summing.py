"""``sum`` of the array API standard, where a compiler makes the loop that adds in turn.

In a file of its own, because ``int``, ``all`` and the like are other things in a namespace.
"""

from __future__ import annotations

from typing import Any

import array_api_compat.torch as standard
import torch

from wce_core.types import Array

from ..sums import in_pieces


def summed(x: Array, /, *, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Array:
    """The sum; PyTorch's own kernels add pairwise, and those for accelerators in trees.

    On the CPU Inductor adds in turn. In float64 that loses nothing that float32 holds, in one
    visit; float64 itself is summed in pieces.
    """
    if not (torch.compiler.is_compiling() and x.is_floating_point() and x.is_cpu):
        return standard.sum(x, axis=axis, dtype=dtype, keepdims=keepdims)
    if x.dtype != torch.float64:
        found = standard.sum(x, axis=axis, dtype=torch.float64, keepdims=keepdims)
        return found.to(x.dtype if dtype is None else dtype)
    if not _has_pieces(x, axis):
        return standard.sum(x, axis=axis, dtype=dtype, keepdims=keepdims)
    own, place = (x.reshape([-1]), 0) if axis is None else (x, axis % x.ndim)
    found = in_pieces(torch.sum, torch.reshape, own, list(own.shape), place)
    found = found if dtype is None else found.to(dtype)
    if not keepdims:
        return found
    return found.reshape([1] * x.ndim) if axis is None else found.unsqueeze(place)


def _has_pieces(x: Array, axis: Any) -> bool:
    """Along one axis, or all of known lengths: a batch of any size is to run the same program."""
    if axis is None:
        return x.ndim > 0 and all(isinstance(length, int) for length in x.shape)
    return isinstance(axis, int)
