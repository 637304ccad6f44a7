"""What kind of tensors these are, and how they are made."""

from __future__ import annotations

import numpy as np
import torch
from torch.autograd import forward_ad

from wce_core.evaluate import Spec
from wce_core.types import Array, Arrays

UNSIGNED = (torch.uint16, torch.uint32, torch.uint64)
"""Dtypes that PyTorch stores but does not compare."""
NO_FLOAT64 = ("mps", "xla")
PLAIN = (torch.Tensor, torch.nn.Parameter)
DTYPES = {
    name: getattr(torch, name)
    for name in ("float64", "float32", "float16", "bfloat16", "int64", "int32", "uint8", "bool")
}
NAMES = {dtype: name for name, dtype in DTYPES.items()}


def transformed(*arrays: Array) -> bool:
    """Inside torch.func, or carrying a forward-mode tangent."""
    if torch._C._are_functorch_transforms_active():
        return True
    if forward_ad._current_level < 0:
        return False
    return any(_tangent(array) is not None for array in arrays)


def _tangent(array: Array) -> Array | None:
    return forward_ad.unpack_dual(array).tangent  # type: ignore[no-untyped-call]  # unannotated in PyTorch


def autocast(device: torch.device) -> bool:
    """Is it switched on for this kind of device?"""
    # The meta device has none, and raises when asked.
    kind = device.type
    return torch.amp.is_autocast_available(kind) and torch.is_autocast_enabled(kind)


def on_host(array: Array) -> bool:
    """A plain tensor in the host's memory, whose values can be asked for without waiting."""
    return type(array) in PLAIN and array.device.type == "cpu"


def copied(value: np.ndarray) -> Array:
    """A tensor of memory of its own."""
    if value.dtype.name == "bfloat16":
        return torch.from_numpy(value.astype(np.float32)).to(torch.bfloat16)
    native = value.dtype.newbyteorder("=")
    return torch.from_numpy(np.array(value, dtype=native, order="C", copy=True))


def comparable(spec: Spec, arrays: Arrays) -> Arrays:
    """Unsigned labels as int64 (what wraps names no class either), other unsigned as float64."""
    return {name: _signed(spec, name, array) for name, array in arrays.items()}


def _signed(spec: Spec, name: str, array: Array) -> Array:
    if array.dtype not in UNSIGNED:
        return array
    labels = spec.index_targets and name in ("targets", "ignore_index")
    return array.to(torch.int64 if labels else getattr(torch, spec.accumulate))
