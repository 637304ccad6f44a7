"""What kind of tensors these are, and how they are made."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import _is_functional_tensor  # pyright: ignore[reportPrivateImportUsage]  # nowhere public
from torch._C import (
    _are_functorch_transforms_active,
    _get_dispatch_mode,
    _get_function_stack_at,
    _is_tracing,
    _len_torch_dispatch_stack,
    _len_torch_function_stack,
    _TorchDispatchModeKey,
)
from torch._C._functorch import is_legacy_batchedtensor
from torch.autograd import forward_ad
from torch.utils._device import DeviceContext

from wce_core.evaluation.spec import LossSpec
from wce_core.types import Array, Arrays

_CORE: Any = torch._C
_JIT: Any = torch.jit
"""Of both PyTorch's stubs lack what is asked for here."""
UNSIGNED = (torch.uint16, torch.uint32, torch.uint64)
"""Dtypes that PyTorch stores but does not compare."""
NO_FLOAT64 = ("mps", "xla")
PLAIN = (torch.Tensor, torch.nn.Parameter)
DTYPES = {
    name: getattr(torch, name)
    for name in ("float64", "float32", "float16", "bfloat16", "int64", "int32", "uint8", "bool")
}
NAMES = {dtype: name for name, dtype in DTYPES.items()}
TRACERS = (_TorchDispatchModeKey.PROXY, _TorchDispatchModeKey.FUNCTIONAL)
"""Modes by which ``make_fx`` and AOTAutograd write operations down."""


def transformed(*arrays: Array) -> bool:
    """Inside torch.func, or carrying a forward-mode tangent."""
    if torch._C._are_functorch_transforms_active():
        return True
    if forward_ad._current_level < 0:
        return False
    return any(_tangent(array) is not None for array in arrays)


def ordinary(array: Array) -> bool:
    """A tensor behind which there is no transform, no tracer and no batch of cotangents."""
    if type(array) is not torch.Tensor or transformed(array) or traced(array):
        return False
    return not is_legacy_batchedtensor(array)


def watched() -> bool:
    """Is there a tracer, a transform or a mode that must see each operation?

    What is decided by values, or computed outside of PyTorch, is not seen by it.
    """
    return (
        _are_functorch_transforms_active()
        or _is_tracing()
        or _len_torch_dispatch_stack() > 0
        or (_len_torch_function_stack() > 0 and _function_mode())
    )


def _function_mode() -> bool:
    """One that does more than what a default device does: say where tensors are made."""
    stack = range(_len_torch_function_stack())
    return any(type(_get_function_stack_at(i)) is not DeviceContext for i in stack)


def traced(*arrays: Array) -> bool:
    """Are operations written down now, to be run on other values, as under ``torch.jit.trace``?

    An autograd Function would be an operation that nobody else knows.
    """
    if _is_tracing() or any(map(_is_functional_tensor, arrays)):
        return True
    modes = _len_torch_dispatch_stack() > 0
    return modes and any(_get_dispatch_mode(kind) is not None for kind in TRACERS)


def jit_tracing() -> bool:
    """Under ``torch.jit.trace``? Dynamo can be asked too, which does not know ``_is_tracing``."""
    found: bool = _JIT.is_tracing()
    return found


def viewed(array: Array, dtype: torch.dtype) -> Array:
    """The same bits as another dtype of that size.

    Copied by a tracer, whose graphs refuse ``view`` of a dtype (PyTorch 2.13).
    """
    return torch.view_copy(array, dtype=dtype) if jit_tracing() else array.view(dtype)


def _tangent(array: Array) -> Array | None:
    unpack_dual: Any = forward_ad.unpack_dual  # unannotated
    return unpack_dual(array).tangent


def autocast(device: torch.device) -> bool:
    """Is it switched on for this kind of device?"""
    # The meta device has none, and raises when asked.
    kind = device.type
    return torch.amp.is_autocast_available(kind) and torch.is_autocast_enabled(kind)


def on_host(*arrays: Array) -> bool:
    """Plain tensors in the host's memory, whose values can be asked for without waiting."""
    if watched():
        return False
    for array in arrays:
        if type(array) not in PLAIN or not array.is_cpu:
            return False
        if _is_functional_tensor(array):  # whose memory is not its own: anything is there
            return False
    return True


@contextmanager
def unrecorded() -> Iterator[None]:
    """Behind the back of ``torch.jit.trace``, which warns of each look at a length or constant."""
    state = _CORE._get_tracing_state()
    _CORE._set_tracing_state(None)
    try:
        yield
    finally:
        _CORE._set_tracing_state(state)


def distributed(array: Array) -> bool:
    """A DTensor, whose module takes as long to import as much else, and may be missing."""
    module: Any = None if type(array) in PLAIN else sys.modules.get("torch.distributed.tensor")
    return module is not None and isinstance(array, module.DTensor)


def beside(tensor: Array, like: Array) -> Array:
    """A tensor that all ranks have as a DTensor, where ``like`` is one: replicated."""
    if not distributed(like) or distributed(tensor):
        return tensor
    module = sys.modules["torch.distributed.tensor"]
    mesh = like.device_mesh
    own: Array = module.DTensor.from_local(
        tensor, mesh, [module.Replicate()] * mesh.ndim, run_check=False
    )
    return own


def split(array: Array, axis: int) -> bool:
    """Is it a DTensor of which each rank has some of the elements along an axis, or summands?"""
    if not distributed(array):
        return False
    own = array.placements
    return any(each.is_shard(axis % array.ndim) or each.is_partial() for each in own)


def added(array: Array) -> Array:
    """A DTensor whose ranks have summands as their sum, which is rounded as a whole."""
    if not distributed(array) or not any(each.is_partial() for each in array.placements):
        return array
    everywhere = sys.modules["torch.distributed.tensor"].Replicate()
    own = [everywhere if each.is_partial() else each for each in array.placements]
    whole: Array = array.redistribute(placements=own)
    return whole


def least_piece(array: Array, axis: int) -> int:
    """How many elements along an axis the rank has that has the fewest; ``torch.chunk`` cuts."""
    length: int = array.shape[axis]
    for place, size in zip(array.placements, array.device_mesh.shape, strict=True):
        if place.is_shard(axis % array.ndim):
            length = max(0, length - (size - 1) * -(-length // size))
    return length


def places(array: Array, axis: int) -> Array:
    """0, 1, … along an axis; of a DTensor laid beside it: on all ranks, which take their own."""
    row = torch.arange(array.shape[axis], device=array.device)
    shape = [1] * array.ndim
    shape[axis] = -1
    return beside(row.reshape(shape), array)


def selected(array: Array, index: Array, axis: int) -> Array:
    """The element at ``index`` of each row, as the sum of what is selected."""
    return torch.where(places(array, axis) == index, array, 0).sum(axis, keepdim=True)


def copied(value: np.ndarray) -> Array:
    """A tensor of memory of its own."""
    if _is_tracing():
        with unrecorded():
            return copied(value)
    if value.dtype.name == "bfloat16":
        return torch.from_numpy(value.astype(np.float32)).to(torch.bfloat16)
    native = value.dtype.newbyteorder("=")
    return torch.from_numpy(np.array(value, dtype=native, order="C", copy=True))


def comparable(spec: LossSpec, arrays: Arrays) -> Arrays:
    """Unsigned labels as int64 (what wraps names no class either), other unsigned as float64."""
    return {name: _signed(spec, name, array) for name, array in arrays.items()}


def _signed(spec: LossSpec, name: str, array: Array) -> Array:
    if array.dtype not in UNSIGNED:
        return array
    labels = spec.index_targets and name in ("targets", "ignore_index")
    return array.to(torch.int64 if labels else getattr(torch, spec.accumulate))
