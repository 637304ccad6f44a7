"""PyTorch: eager in blocks, under ``torch.func`` as the plain formula, compiled as one graph.

Three routes to the gradient:

* Plain eager tensors: an ``autograd.Function`` whose forward pass finishes value and gradient, block
  by block, and whose backward pass hands the gradient over. Under ``create_graph=True`` the
  backward pass differentiates the plain formula from the inputs instead.
* Under ``torch.func`` and forward AD: the plain formula, which PyTorch differentiates to any order.
  (A Function with ``jvp`` and a generated vmap rule has a Hessian of zeros there.)
* Under ``torch.compile``: a Function whose forward pass is value and gradient as one graph for the
  compiler; the plain formula if weights or targets need gradients too.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import array_api_compat.torch as xp
import numpy as np
import torch
from torch.autograd import forward_ad
from wce_core import evaluate
from wce_core.backend import Backend, Description
from wce_core.blocks import in_blocks
from wce_core.evaluate import Spec
from wce_core.precision import SMALLEST_NORMAL
from wce_core.types import Array, Arrays

CPU_BLOCK = 2**17
"""Elements a block: with its temporaries it stays in cache."""
DEVICE_BLOCK = 2**24
"""Elements a block on an accelerator: enough work for a kernel, little memory."""

DTYPE_NAMES = {
    getattr(torch, name): name
    for name in (
        "float64 float32 float16 bfloat16 bool uint8 int8 int16 int32 int64 uint16 uint32 uint64 "
        "complex64 complex128"
    ).split()
}
LAYOUTS = {torch.sparse_coo, torch.sparse_csr, torch.sparse_csc, torch.sparse_bsr, torch.sparse_bsc}
NO_FLOAT64 = ("mps", "xla")


class TorchBackend(Backend):
    """Any device; results stay on that of the predictions."""

    name = "torch"
    xp = xp

    def owns(self, array: object) -> bool:
        """Tensors and their subclasses."""
        return isinstance(array, torch.Tensor)

    def refusal(self, array: Array) -> str | None:
        """Sparse and nested tensors have no rows to slice."""
        if array.is_nested:
            return "a nested tensor; pad it and pass mask="
        if array.layout in LAYOUTS:
            return "a sparse tensor; pass its to_dense()"
        return None

    def dtype_name(self, array: Array) -> str:
        """Without the module's name."""
        return DTYPE_NAMES.get(array.dtype, str(array.dtype))

    def dtype(self, name: str) -> Any:
        """The tensor dtype of that name."""
        return getattr(torch, name)

    def asarray(self, value: np.ndarray, like: Array) -> Array:
        """On the device of ``like``; float64 only where the device has it."""
        if torch.compiler.is_compiling():
            # Dynamo knows NumPy arrays as tensors and refuses to tell their dtype.
            return torch.as_tensor(value).to(like.device)
        if value.dtype.name == "bfloat16":
            return torch.asarray(value.astype(np.float32)).to(like.device, torch.bfloat16)
        if value.dtype == np.float64 and not self.has_float64(like):
            value = value.astype(np.float32)
        return torch.asarray(value).to(like.device)

    def from_python(self, value: Any, like: Array) -> Array:
        """Inside ``torch.compile`` without NumPy, which Dynamo follows half the way only."""
        if not torch.compiler.is_compiling():
            return super().from_python(value, like)
        floating = self.has_float64(like)
        kinds = {float: torch.float64 if floating else torch.float32, bool: torch.bool}
        return torch.tensor(value, dtype=kinds.get(_kind(value), torch.int64), device=like.device)

    def readable(self, array: Array) -> bool:
        """Plain CPU tensors, not traced and not transformed."""
        if torch.compiler.is_compiling() or _transformed(array):
            return False
        return type(array) in (torch.Tensor, torch.nn.Parameter) and array.device.type == "cpu"

    def to_numpy(self, array: Array) -> np.ndarray:
        """Without a copy, but for bfloat16."""
        array = array.detach()
        if array.dtype == torch.bfloat16:
            array = array.float()
        return array.resolve_conj().resolve_neg().numpy()

    def has_float64(self, like: Array) -> bool:
        """Not on Apple's MPS nor on a TPU."""
        return like.device.type not in NO_FLOAT64

    def result_dtype(self, predictions: Array) -> str:
        """Under autocast half predictions count as float32, as in PyTorch's own losses."""
        name = self.dtype_name(predictions)
        half = name in ("float16", "bfloat16")
        if half and torch.is_autocast_enabled(predictions.device.type):
            return "float32"
        return name

    def flushing(self, array: Array) -> Array:
        """By an identity whose backward pass flushes."""
        function = _Flush if torch.compiler.is_compiling() else _FlushTransformed
        flushed: Array = function.apply(array)
        return flushed

    def run(self, spec: Spec, arrays: Arrays) -> tuple[Array, ...]:
        """One of the three routes."""
        with torch.autocast(arrays["predictions"].device.type, enabled=False):
            return _run(self, spec, arrays)

    def value_and_grad(
        self, function: Callable[..., Any], has_aux: bool
    ) -> Callable[..., tuple[Any, Array]]:
        """By autograd on a detached copy of the predictions."""

        @functools.wraps(function)
        def with_gradient(predictions: Array, *args: Any, **kwargs: Any) -> tuple[Any, Array]:
            own = predictions.detach().requires_grad_()
            with torch.enable_grad():
                result = function(own, *args, **kwargs)
                value, aux = result if has_aux else (result, None)
                (gradient,) = torch.autograd.grad(value, own)
            value = value.detach()
            return ((value, aux) if has_aux else value), gradient

        return with_gradient

    def compile(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """``torch.compile`` without graph breaks."""
        compiled: Callable[..., Any] = torch.compile(function, fullgraph=True)
        return compiled

    def describe(self) -> Description:
        """The CPU and what accelerators PyTorch sees."""
        devices = ["cpu"]
        if torch.accelerator.is_available():
            kind = torch.accelerator.current_accelerator()
            devices += [f"{kind}:{i}" for i in range(torch.accelerator.device_count())]
        return Description(torch.__version__, tuple(devices), True)


def _kind(value: Any) -> type:
    """float if any number of nested lists is one, else the type of the numbers."""
    if not isinstance(value, (list, tuple)):
        return type(value)
    kinds = [_kind(item) for item in value]
    if float in kinds or not kinds:
        return float
    return kinds[0]


def _transformed(*arrays: Array) -> bool:
    """Inside torch.func, or carrying a forward-mode tangent."""
    if torch._C._are_functorch_transforms_active():
        return True
    if forward_ad._current_level < 0:
        return False
    return any(forward_ad.unpack_dual(array).tangent is not None for array in arrays)


def _run(be: TorchBackend, spec: Spec, arrays: Arrays) -> tuple[Array, ...]:
    names, tensors = tuple(arrays), tuple(arrays.values())
    if torch.compiler.is_compiling():
        needs_more = any(t.requires_grad for n, t in arrays.items() if n != "predictions")
        if needs_more or not arrays["predictions"].requires_grad:
            return evaluate.plain(be, spec, arrays)
        return _outputs(_Compiled.apply(be, spec, names, *tensors))
    if _transformed(*tensors):
        return evaluate.plain(be, spec, arrays)
    if torch.is_grad_enabled() and any(t.requires_grad for t in tensors):
        return _outputs(_Eager.apply(be, spec, names, *tensors))
    return in_blocks(be, spec, arrays, gradient=False, size=_block(arrays["predictions"]))[0]


def _outputs(result: Any) -> tuple[Array, ...]:
    return result if isinstance(result, tuple) else (result,)


def _block(predictions: Array) -> int:
    return CPU_BLOCK if predictions.device.type == "cpu" else DEVICE_BLOCK


def _product(gradient: Array, cotangent: Array, spec: Spec, dtype: torch.dtype) -> Array:
    """cotangent · gradient in float32 or float64, and only then rounded to a half type."""
    if spec.reduction == "none" and spec.axis is not None:
        cotangent = cotangent.unsqueeze(spec.axis)
    on_host = cotangent.device.type == "cpu" and cotangent.ndim == 0
    # Handing over saves a pass; reading the cotangent is free on the host alone.
    if on_host and type(cotangent) is torch.Tensor and cotangent.item() == 1.0:
        return gradient.to(dtype)
    return (gradient * cotangent.to(gradient.dtype)).to(dtype)


class _Eager(torch.autograd.Function):
    """Value and gradient in one visit to each block."""

    @staticmethod
    def forward(ctx: Any, be: TorchBackend, spec: Spec, names: tuple[str, ...], *tensors: Any) -> Any:
        """The outputs; the gradient to the predictions is kept for the backward pass."""
        arrays = dict(zip(names, tensors, strict=True))
        wanted = ctx.needs_input_grad[3 + names.index("predictions")]
        outputs, gradient = in_blocks(
            be, spec, arrays, gradient=wanted, size=_block(arrays["predictions"])
        )
        ctx.be, ctx.spec, ctx.names, ctx.wanted = be, spec, names, wanted
        ctx.save_for_backward(*tensors, *([gradient] if wanted else []))
        ctx.mark_non_differentiable(*(t for t in outputs if not t.is_floating_point()))
        ctx.set_materialize_grads(False)
        return outputs

    @staticmethod
    def backward(ctx: Any, *cotangents: Any) -> Any:
        """Hand over, or differentiate the plain formula from the inputs."""
        saved = ctx.saved_tensors
        tensors = saved[: len(ctx.names)]
        needed = ctx.needs_input_grad[3:]
        gradients: list[Any] = [None] * len(tensors)
        again = torch.is_grad_enabled()
        place = ctx.names.index("predictions")
        if ctx.wanted and not again and cotangents[0] is not None:
            gradients[place] = _product(saved[-1], cotangents[0], ctx.spec, tensors[place].dtype)
            needed = [need and i != place for i, need in enumerate(needed)]
        if any(needed):
            more = _plain_gradients(ctx, tensors, needed, cotangents, create_graph=again)
            gradients = [b if a is None else a for a, b in zip(gradients, more, strict=True)]
        return None, None, None, *gradients


def _plain_gradients(
    ctx: Any, tensors: Any, needed: Any, cotangents: Any, *, create_graph: bool
) -> list[Any]:
    """Gradients by autograd of the plain formula, differentiable again if asked for."""
    with torch.enable_grad():
        if not create_graph:
            tensors = [t.detach().requires_grad_(n) for t, n in zip(tensors, needed, strict=True)]
        outputs = evaluate.plain(ctx.be, ctx.spec, dict(zip(ctx.names, tensors, strict=True)))
        pairs = [
            (y, c)
            for y, c in zip(outputs, cotangents, strict=True)
            if c is not None and y.requires_grad
        ]
        inputs = [t for t, n in zip(tensors, needed, strict=True) if n]
        if not pairs:
            return [None] * len(tensors)
        found = torch.autograd.grad(
            [y for y, _ in pairs],
            inputs,
            [c for _, c in pairs],
            create_graph=create_graph,
            allow_unused=True,
        )
    rest = iter(found)
    return [next(rest) if n else None for n in needed]


class _Compiled(torch.autograd.Function):
    """Value and gradient as one graph; only the predictions need a gradient."""

    @staticmethod
    def forward(ctx: Any, be: TorchBackend, spec: Spec, names: tuple[str, ...], *tensors: Any) -> Any:
        """The outputs; the gradient to the predictions is kept for the backward pass."""
        arrays = dict(zip(names, tensors, strict=True))
        outputs, gradient = evaluate.fused(be, spec, arrays)
        ctx.spec, ctx.names, ctx.dtype = spec, names, arrays["predictions"].dtype
        ctx.save_for_backward(gradient)
        ctx.mark_non_differentiable(*(t for t in outputs[1:]))
        return outputs

    @staticmethod
    def backward(ctx: Any, *cotangents: Any) -> Any:
        """cotangent · gradient."""
        (gradient,) = ctx.saved_tensors
        product = _product_compiled(gradient, cotangents[0], ctx.spec, ctx.dtype)
        gradients = [product if name == "predictions" else None for name in ctx.names]
        return None, None, None, *gradients


def _product_compiled(gradient: Array, cotangent: Array, spec: Spec, dtype: torch.dtype) -> Array:
    if spec.reduction == "none" and spec.axis is not None:
        cotangent = cotangent.unsqueeze(spec.axis)
    return (gradient * cotangent.to(gradient.dtype)).to(dtype)


class _Flush(torch.autograd.Function):
    """Identity; a gradient below float32's normal numbers becomes 0."""

    @staticmethod
    def forward(array: Array) -> Array:
        """The array."""
        return array.view_as(array)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        """Nothing to keep."""

    @staticmethod
    def backward(ctx: Any, gradient: Array) -> Array:
        """Flush."""
        return torch.where(gradient.abs() < SMALLEST_NORMAL, 0.0, gradient)


class _FlushTransformed(_Flush):
    """For torch.func. Dynamo refuses a Function with ``jvp``."""

    generate_vmap_rule = True

    @staticmethod
    def jvp(ctx: Any, tangent: Array) -> Array:
        """Identity: linear, so its second derivative is rightly zero."""
        return tangent.view_as(tangent)


BACKEND = TorchBackend()
