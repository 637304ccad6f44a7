"""PyTorch: eager in blocks, under ``torch.func`` as the plain formula, compiled as one graph.

Three routes to the gradient:

* Plain eager tensors: an ``autograd.Function`` whose forward pass finishes value and gradient,
  block by block, and whose backward pass hands the gradient over. Under ``create_graph=True`` the
  backward pass differentiates the plain formula from the inputs instead. What has been handed over
  belongs to the receiver, who may change it in place; a second backward pass computes it again.
* Under ``torch.func`` and forward AD: the plain formula, which PyTorch differentiates to any order.
  (A Function with ``jvp`` and a generated vmap rule has a Hessian of zeros there.)
* Under ``torch.compile``: a Function whose forward pass is value and gradient as one graph for the
  compiler; the plain formula if weights or targets need gradients too, or under ``torch.func``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import array_api_compat.torch as xp
import numpy as np
import torch
from torch.autograd import forward_ad
from torch.masked import MaskedTensor

from wce_core import evaluate
from wce_core.backend import Backend, Description
from wce_core.blocks import in_blocks
from wce_core.call import Options, described
from wce_core.evaluate import Spec
from wce_core.precision import SMALLEST_NORMAL, at_least_float32
from wce_core.types import Array, Arrays

from . import numpy
from .closed import OneByOne
from .programs import Outcome, as_constants

CPU_BLOCK = 2**18
"""Elements a block: its temporaries stay in cache, and an operation takes longer than its call."""
FEW = 2**14
"""Elements up to which the overhead of each operation decides, not its arithmetic."""
DEVICE_BLOCK = 2**24
"""Elements a block on an accelerator: enough work for a kernel, little memory."""

UNSIGNED = (torch.uint16, torch.uint32, torch.uint64)
"""Dtypes that PyTorch stores but does not compare."""
NO_FLOAT64 = ("mps", "xla")
PLAIN = (torch.Tensor, torch.nn.Parameter)
DTYPES = {
    name: getattr(torch, name)
    for name in ("float64", "float32", "float16", "bfloat16", "int64", "int32", "uint8", "bool")
}
REPLAYED = (torch.float32, torch.float64)
"""Of half types NumPy has one, and autocast has its own way with them."""
NAMES = {dtype: name for name, dtype in DTYPES.items()}


class TorchBackend(Backend):
    """Any device; results stay on that of the predictions."""

    name = "torch"
    xp = xp

    def owns(self, array: object) -> bool:
        """Tensors and their subclasses."""
        return isinstance(array, torch.Tensor)

    def refusal(self, array: Array) -> str | None:
        """Tensors that have no rows to slice, or whose numbers are not what they seem."""
        if array.is_nested:
            return "a nested tensor; pad it and pass mask="
        if isinstance(array, MaskedTensor):
            return "a masked tensor; pass its get_data() and mask=get_mask()"
        if array.layout != torch.strided:
            return f"a sparse tensor ({array.layout}); pass its to_dense()"
        if array.is_quantized:
            return "a quantized tensor; pass its dequantize()"
        return None

    def dtype_name(self, array: Array) -> str:
        """Without the module's name."""
        return NAMES.get(array.dtype) or str(array.dtype).removeprefix("torch.")

    def dtype(self, name: str) -> Any:
        """The tensor dtype of that name."""
        return DTYPES.get(name) or getattr(torch, name)

    def cast(self, array: Array, dtype: str) -> Array:
        """Without a call where it has the dtype already."""
        own = self.dtype(dtype)
        return array if array.dtype is own else array.to(own)

    def asarray(self, value: np.ndarray, like: Array) -> Array:
        """A copy on the device of ``like``; float64 only where the device has it.

        A copy, because what is written to the NumPy array between forward and backward pass would
        go unnoticed, and PyTorch has no read-only memory.
        """
        # Dynamo's stand-in for a NumPy array has no dtype to ask for.
        tensor = torch.as_tensor(value) if torch.compiler.is_compiling() else _copied(value)
        return self._on_device(tensor, like)

    def from_python(self, value: Any, like: Array) -> Array:
        """Never PyTorch's default dtype, which is float32."""
        if not torch.compiler.is_compiling():
            return self.asarray(np.asarray(value), like)
        tensor = torch.tensor(value)
        if tensor.is_floating_point():
            tensor = torch.tensor(value, dtype=torch.float64)
        return self._on_device(tensor, like)

    def _on_device(self, tensor: Array, like: Array) -> Array:
        if tensor.dtype == torch.float64 and not self.has_float64(like):
            tensor = tensor.float()
        return tensor.to(like.device)

    def readable(self, array: Array) -> bool:
        """Plain CPU tensors, not traced and not transformed."""
        if torch.compiler.is_compiling() or torch._C._are_functorch_transforms_active():
            return False
        return _on_host(array)

    def to_numpy(self, array: Array) -> np.ndarray:
        """Without a copy, but for bfloat16."""
        array = array.detach()
        if array.dtype is torch.bfloat16:
            array = array.float()
        values: np.ndarray = (array.resolve_neg() if array.is_neg() else array).numpy()
        return values

    def has_float64(self, like: Array) -> bool:
        """Not on Apple's MPS nor on a TPU."""
        return like.device.type not in NO_FLOAT64

    def result_dtype(self, predictions: Array) -> str:
        """Under autocast half predictions count as float32, as in PyTorch's own losses."""
        name = self.dtype_name(predictions)
        return at_least_float32(name) if _autocast(predictions.device) else name

    def pick(self, array: Array, index: Array, axis: int) -> Array:
        """By ``gather``: ``take_along_dim`` makes Dynamo compile for each batch size anew."""
        return torch.gather(array, axis, index)

    def top(self, array: Array, axis: int) -> tuple[Array, Array]:
        """Both in one visit."""
        largest, index = torch.max(array, dim=axis, keepdim=True)
        return index, largest

    def scalar(self, value: Any, dtype: str, like: Array) -> Array:
        """By ``full``: ``asarray`` makes Dynamo compile for each batch size anew."""
        if isinstance(value, torch.Tensor):
            return value.to(self.dtype(dtype))
        return torch.full((), value, dtype=self.dtype(dtype), device=like.device)

    def constant(self, array: Array) -> Array:
        """Detached."""
        return array.detach()

    def flushing(self, array: Array) -> Array:
        """By an identity whose backward pass flushes."""
        return _flushed(array)

    def replayed(
        self,
        options: Options,
        predictions: Any,
        targets: Any,
        given: dict[str, Any],
        *,
        gradient: bool = False,
    ) -> Any:
        """Of few numbers in the host's memory, by NumPy's program for them."""
        del gradient  # which is autograd's
        if torch.compiler.is_compiling() or _unusual(options, predictions):
            return None
        given = {"predictions": predictions, "targets": targets, **given}
        tensors = {name: each for name, each in given.items() if type(each) in PLAIN}
        constants = as_constants(
            {name: each for name, each in given.items() if name not in tensors}
        )
        if constants is None:
            return None
        call = _Replay(options, given["ignore_index"], constants, tuple(tensors))
        try:
            return _outcome(call, tuple(tensors.values()))
        except (TypeError, RuntimeError):  # PyTorch has no NumPy array of one of them
            return None

    def run(self, spec: Spec, arrays: Arrays) -> tuple[Array, ...]:
        """One of the three routes."""
        return _run(self, spec, _comparable(spec, arrays))

    def value_and_grad(
        self, function: Callable[..., Any], has_aux: bool
    ) -> Callable[..., tuple[Any, Array]]:
        """By autograd on a detached copy of the predictions; by ``torch.func`` inside of it."""

        @functools.wraps(function)
        def with_gradient(predictions: Array, *args: Any, **kwargs: Any) -> tuple[Any, Array]:
            if torch.compiler.is_compiling() or _transformed(predictions):
                both = torch.func.grad_and_value(function, has_aux=has_aux)
                gradient, result = both(predictions, *args, **kwargs)
                return result, gradient
            own = predictions.detach().requires_grad_()
            with torch.enable_grad():
                result = function(own, *args, **kwargs)
            value, aux = result if has_aux else (result, None)
            gradient = _gradient(value, own)
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


# What kind of call is this? --------------------------------------------------------------------


def _transformed(*arrays: Array) -> bool:
    """Inside torch.func, or carrying a forward-mode tangent."""
    if torch._C._are_functorch_transforms_active():
        return True
    if forward_ad._current_level < 0:
        return False
    return any(_tangent(array) is not None for array in arrays)


def _tangent(array: Array) -> Array | None:
    return forward_ad.unpack_dual(array).tangent  # type: ignore[no-untyped-call]  # PyTorch: no types


def _autocast(device: torch.device) -> bool:
    # The meta device has none, and raises when asked.
    kind = device.type
    return torch.amp.is_autocast_available(kind) and torch.is_autocast_enabled(kind)


def _copied(value: np.ndarray) -> Array:
    if value.dtype.name == "bfloat16":
        return torch.from_numpy(value.astype(np.float32)).to(torch.bfloat16)
    native = value.dtype.newbyteorder("=")
    return torch.from_numpy(np.array(value, dtype=native, order="C", copy=True))


def _comparable(spec: Spec, arrays: Arrays) -> Arrays:
    """Unsigned labels as int64 (what wraps names no class either), other unsigned as float64."""
    return {name: _signed(spec, name, array) for name, array in arrays.items()}


def _signed(spec: Spec, name: str, array: Array) -> Array:
    if array.dtype not in UNSIGNED:
        return array
    labels = spec.index_targets and name in ("targets", "ignore_index")
    return array.to(torch.int64 if labels else getattr(torch, spec.accumulate))


def _gradient(value: Array, predictions: Array) -> Array:
    """Zero where the value does not depend on the predictions, as ``torch.func`` has it."""
    if not value.requires_grad:
        return torch.zeros_like(predictions)
    (gradient,) = torch.autograd.grad(value, predictions, materialize_grads=True)
    return gradient


# The routes ------------------------------------------------------------------------------------


def _run(be: TorchBackend, spec: Spec, arrays: Arrays) -> tuple[Array, ...]:
    names, tensors = tuple(arrays), tuple(arrays.values())
    transformed = _transformed(*tensors)
    tracked = torch.is_grad_enabled() and any(t.requires_grad for t in tensors)
    if torch.compiler.is_compiling():
        only_predictions = all(
            t.requires_grad == (name == "predictions") for name, t in arrays.items()
        )
        if transformed or not (tracked and only_predictions):
            return evaluate.plain(be, spec, arrays)
        return _applied(_Compiled, be, spec, names, *tensors)
    if transformed:
        return evaluate.plain(be, spec, arrays)
    call = _Prepared(be, spec, names)
    with torch.no_grad():
        outcome = call.evaluated(tensors, gradient=tracked and tensors[0].requires_grad)
    return _applied(_Eager, call, outcome, (), *tensors) if tracked else outcome[1]


class _Prepared(NamedTuple):
    """A call that has been checked and described; ``names`` are those of its tensors."""

    be: TorchBackend
    spec: Spec
    names: tuple[str, ...]

    def evaluated(self, tensors: Sequence[Array], *, gradient: bool) -> Outcome:
        """By NumPy of few numbers on the host, where its calls take a third; else in blocks."""
        spec, arrays = self.spec, dict(zip(self.names, tensors, strict=True))
        predictions = arrays["predictions"]
        if predictions.numel() > FEW or not all(map(_on_host, tensors)):
            size = CPU_BLOCK if predictions.device.type == "cpu" else DEVICE_BLOCK
            return spec, *in_blocks(BLOCKS, spec, arrays, gradient=gradient, size=size)
        result = at_least_float32(spec.result)  # of halves NumPy has one, and PyTorch rounds both
        shared = {name: BACKEND.to_numpy(array) for name, array in arrays.items()}
        found = numpy.evaluated(spec._replace(result=result), shared, gradient=gradient)
        outputs, slopes = _tensors(*found)
        if result != spec.result and spec.reduction != "parts":
            outputs = (outputs[0].to(DTYPES[spec.result]),)
        return spec, outputs, slopes

    def again(self, tensors: Sequence[Array]) -> Array:
        """The gradient."""
        return self.evaluated(tensors, gradient=True)[2]

    def plain(self, tensors: Sequence[Array]) -> tuple[Array, ...]:
        """The plain formula."""
        return evaluate.plain(self.be, self.spec, dict(zip(self.names, tensors, strict=True)))


class _Replay(NamedTuple):
    """A call as it was made; ``names`` are those of its tensors."""

    options: Options
    ignore_index: Any
    constants: dict[str, np.ndarray]
    names: tuple[str, ...]

    def evaluated(self, tensors: Sequence[Array], *, gradient: bool) -> Outcome | None:
        """By NumPy's program; None if there is none for such a call."""
        shared = [(t.detach() if t.requires_grad else t).numpy() for t in tensors]
        arrays = {**dict(zip(self.names, shared, strict=True)), **self.constants}
        ignored = self.ignore_index
        found = numpy.PROGRAMS.outcome(self.options, arrays, ignored, gradient=gradient)
        return found and (found[0], *_tensors(*found[1:]))

    def again(self, tensors: Sequence[Array]) -> Array:
        """The gradient, by the usual way."""
        call, own = self._prepared(tensors)
        return call.again(own)

    def plain(self, tensors: Sequence[Array]) -> tuple[Array, ...]:
        """The plain formula, by the usual way."""
        call, own = self._prepared(tensors)
        return call.plain(own)

    def _prepared(self, tensors: Sequence[Array]) -> tuple[_Prepared, tuple[Array, ...]]:
        given = {**dict(zip(self.names, tensors, strict=True)), **self.constants}
        given["ignore_index"] = self.ignore_index
        predictions, targets = given.pop("predictions"), given.pop("targets")
        spec, arrays = described(self.options, predictions, targets, given)
        arrays = _comparable(spec, arrays)
        return _Prepared(BACKEND, spec, tuple(arrays)), tuple(arrays.values())


Call = _Prepared | _Replay


def _unusual(options: Options, predictions: Array) -> bool:
    """Is it more than what NumPy has programs for, by a short look?"""
    if type(predictions) not in PLAIN or predictions.dtype not in REPLAYED:
        return True
    if predictions.numel() > FEW or options.dtype is not None:
        return True
    return torch._C._are_functorch_transforms_active() or forward_ad._current_level >= 0


def _outcome(call: _Replay, tensors: tuple[Array, ...]) -> Any:
    """The outcome of a replay, with autograd's record of it where the predictions want one."""
    wanted = torch.is_grad_enabled() and any(tensor.requires_grad for tensor in tensors)
    if not wanted:
        return call.evaluated(tensors, gradient=False)
    if any(tensor.requires_grad for tensor in tensors[1:]):
        return None
    outcome = call.evaluated(tensors, gradient=True)
    # Each further argument of a Function takes a microsecond.
    return outcome and (outcome[0], _applied(_Eager, call, outcome, tensors[1:], tensors[0]), None)


def _tensors(outputs: tuple[Any, ...], slopes: Any) -> tuple[tuple[Array, ...], Array | None]:
    """Of NumPy's arrays and scalars, on the same memory."""
    tensors = tuple(torch.from_numpy(np.asarray(output)) for output in outputs)
    return tensors, None if slopes is None else torch.from_numpy(slopes)


def _on_host(array: Array) -> bool:
    """A plain tensor in the host's memory, whose values can be asked for without waiting."""
    return type(array) in PLAIN and array.device.type == "cpu"


def _applied(function: type[torch.autograd.Function], *args: Any) -> tuple[Array, ...]:
    result = function.apply(*args)  # type: ignore[no-untyped-call]  # PyTorch: no types
    return result if isinstance(result, tuple) else (result,)


def _product(gradient: Array, cotangent: Array, spec: Spec, dtype: torch.dtype) -> Array:
    """Multiplied in float32 or float64, and only then rounded to a half type."""
    if spec.reduction == "none" and spec.axis is not None:
        cotangent = cotangent.unsqueeze(spec.axis)
    return (gradient * cotangent.to(gradient.dtype)).to(dtype)


def _is_one(cotangent: Array) -> bool:
    """Known to be 1 without waiting for a device: only the host's plain scalars are looked at."""
    if type(cotangent) is not torch.Tensor or cotangent.device.type != "cpu" or cotangent.ndim:
        return False
    if _transformed(cotangent):
        return False
    try:
        return cotangent.item() == 1.0
    except RuntimeError:  # is_grads_batched: a batch that passes for a scalar
        return False


class _Eager(torch.autograd.Function):
    """Hands over the gradient that was made together with the outputs."""

    @staticmethod
    def forward(
        ctx: Any, call: Call, outcome: Outcome, constants: tuple[Array, ...], *tensors: Any
    ) -> Any:
        """The outputs; the gradient to the predictions, the first tensor, is kept."""
        ctx.call, ctx.handed_over = call, False
        ctx.spec, outputs, gradient = outcome
        ctx.save_for_backward(*tensors, *constants, gradient)
        if not any(ctx.needs_input_grad[4:]):
            ctx.mark_non_differentiable(*outputs[1:])  # no part but the total has a gradient
        ctx.set_materialize_grads(False)
        return outputs

    @staticmethod
    def backward(ctx: Any, *cotangents: Any) -> Any:
        """Hand over, or differentiate the plain formula from the inputs."""
        *tensors, gradient = ctx.saved_tensors
        inputs = ctx.needs_input_grad[3:]
        needed = [*inputs, *(False for _ in tensors[len(inputs) :])]
        gradients: list[Any] = [None] * len(tensors)
        again = torch.is_grad_enabled()
        if needed[0] and cotangents[0] is not None and not again:
            gradients[0] = _handed_over(ctx, tensors, gradient, cotangents[0])
            needed[0] = False
        if any(needed):
            more = _plain_gradients(ctx.call, tensors, needed, cotangents, create_graph=again)
            gradients = [b if a is None else a for a, b in zip(gradients, more, strict=True)]
        return None, None, None, *gradients[: len(inputs)]


def _handed_over(ctx: Any, tensors: list[Array], gradient: Array, cotangent: Array) -> Array:
    """The product of both; for a cotangent of 1 the saved gradient itself, without a copy."""
    dtype = tensors[0].dtype
    if ctx.handed_over:
        gradient = ctx.call.again(tensors)
    if gradient.dtype != dtype or not _is_one(cotangent):
        return _product(gradient, cotangent, ctx.spec, dtype)
    ctx.handed_over = True
    # A tensor of its own on the same memory: changes to it don't count as changes to the saved one.
    return gradient.data


def _plain_gradients(
    call: Call, tensors: list[Array], needed: list[bool], cotangents: Any, *, create_graph: bool
) -> list[Any]:
    """Gradients by autograd of the plain formula, differentiable again if asked for."""
    with torch.enable_grad():
        own = [_own(t, n, create_graph) for t, n in zip(tensors, needed, strict=True)]
        outputs = call.plain(own)
        pairs = [
            (y, c)
            for y, c in zip(outputs, cotangents, strict=True)
            if c is not None and y.requires_grad
        ]
        if not pairs:
            return [None] * len(tensors)
        found = torch.autograd.grad(
            [y for y, _ in pairs],
            [t for t, n in zip(own, needed, strict=True) if n],
            [c for _, c in pairs],
            create_graph=create_graph,
            allow_unused=True,
        )
    rest = iter(found)
    return [next(rest) if n else None for n in needed]


def _own(tensor: Array, needed: bool, create_graph: bool) -> Array:
    """An input as a variable of its own.

    The derivative is to this argument alone: where weights depend on the predictions, the way from
    one to the other is the caller's, and autograd adds it.
    """
    if create_graph:
        return tensor.view_as(tensor) if tensor.requires_grad else tensor
    return tensor.detach().requires_grad_(needed)


class _Compiled(torch.autograd.Function):
    """Value and gradient as one graph; only the predictions need a gradient."""

    @staticmethod
    def forward(
        ctx: Any, be: TorchBackend, spec: Spec, names: tuple[str, ...], *tensors: Any
    ) -> Any:
        """The outputs; the gradient to the predictions is kept for the backward pass."""
        arrays = dict(zip(names, tensors, strict=True))
        outputs, gradient = evaluate.fused(be, spec, arrays)
        ctx.spec, ctx.names, ctx.dtype = spec, names, arrays["predictions"].dtype
        ctx.save_for_backward(gradient)
        ctx.mark_non_differentiable(*outputs[1:])
        return outputs

    @staticmethod
    def backward(ctx: Any, *cotangents: Any) -> Any:
        """The product of cotangent and gradient."""
        (gradient,) = ctx.saved_tensors
        product = _product(gradient, cotangents[0], ctx.spec, ctx.dtype)
        gradients = [product if name == "predictions" else None for name in ctx.names]
        return None, None, None, *gradients


class _Flush(torch.autograd.Function):
    """Identity; a gradient below float32's normal numbers becomes 0."""

    generate_vmap_rule = True

    @staticmethod
    def forward(array: Array) -> Array:
        """The array."""
        return array.view_as(array)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        """Nothing to keep."""

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        """Flush the value; the derivative stays that of the identity, at a gradient of 0 too."""
        (gradient,) = gradients
        return gradient - torch.where(gradient.abs() < SMALLEST_NORMAL, gradient, 0.0).detach()

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Any:
        """Identity: linear, so its second derivative is rightly zero."""
        return tangents[0].view_as(tangents[0])


def _flushed(array: Array) -> Array:
    return _Flush.apply(array)  # type: ignore[no-untyped-call]  # PyTorch: no types


# Dynamo refuses a Function with jvp, but not one it is told to leave for AOTAutograd to follow.
torch.compiler.allow_in_graph(_flushed)  # type: ignore[no-untyped-call]  # PyTorch: no types


class _Blocks(OneByOne, TorchBackend):
    """Where nothing is recorded: temporaries may be written to, and values of the host asked."""

    def empty(self, shape: tuple[int, ...], dtype: str, like: Array) -> Array:
        """On the host by NumPy, which asks for huge pages: a tenth of the page faults."""
        if not _on_host(like) or dtype == "bfloat16":
            return super().empty(shape, dtype, like)
        return torch.from_numpy(numpy.BACKEND.empty(shape, dtype, like))

    def times(self, weight: Array, value: Array, *more: Array) -> Array:
        """Without a selection unless a product is NaN, which the largest of them tells."""
        if not _on_host(value):
            return super().times(weight, value, *more)
        product = weight * value
        if more:
            product.addcmul_(*more)
        if product.numel() and torch.isnan(product.amax()):
            return super().times(weight, value, *more)
        return product

    def softplus(self, array: Array) -> tuple[Array, Array]:
        """By PyTorch's own, one visit; beyond the threshold its result is the argument."""
        threshold = 20.0 if array.dtype == torch.float32 else 40.0
        return torch.nn.functional.softplus(array, threshold=threshold), array

    def sigmoid(self, state: Array) -> Array:
        """By PyTorch's own, one visit."""
        return state.sigmoid_()

    def flushed(self, array: Array) -> Array:
        """In place, where there is something to flush."""
        size = array.abs()
        if _on_host(array) and array.numel() and bool(size.amin() >= SMALLEST_NORMAL):
            return array
        return array.masked_fill_(size < SMALLEST_NORMAL, 0.0)

    def all_zero(self, array: Array) -> bool:
        """Asked of the host only, by a maximum, which is several times faster than ``any``."""
        return _on_host(array) and array.numel() > 0 and bool(array.amax() == 0)

    def exponentials(
        self, predictions: Array, largest: Array, axis: int
    ) -> tuple[Array, Array, Array]:
        """By ``frac``, one visit."""
        exponentials = (predictions - largest).exp_()
        whole = torch.sum(exponentials, axis, keepdim=True)
        fractions = torch.sum(torch.frac(exponentials), axis, keepdim=True)
        return exponentials, whole, torch.where(whole >= 2, whole - 1.0, fractions)

    def divided(self, array: Array, number: Array, fallback: float) -> Array:
        """Asked of the host only."""
        if _on_host(number):
            return super().divided(array, number, fallback)
        return TorchBackend.divided(self, array, number, fallback)

    def put(self, array: Array, index: Array, value: Any, axis: int) -> Array:
        """By ``scatter_``."""
        return array.scatter_(axis, index, value.expand(index.shape))


BACKEND = TorchBackend()
BLOCKS = _Blocks()
