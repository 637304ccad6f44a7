"""PyTorch: eager in blocks, under ``torch.func`` as the plain formula, compiled as one graph.

Three routes to the gradient:

* Plain eager tensors: an ``autograd.Function`` whose forward pass finishes value and gradient,
  block by block, and whose backward pass hands the gradient over. On an accelerator with a compiler
  the forward pass is a compiled program of the value, the backward pass one of the gradient. Under
  ``create_graph=True`` the backward pass differentiates the plain formula from the inputs instead.
  What has been handed over belongs to the receiver, who may change it in place; a second backward
  pass computes it again.
* Under ``torch.func`` and forward AD: the plain formula, which PyTorch differentiates to any order.
  (A Function with ``jvp`` and a generated vmap rule has a Hessian of zeros there.)
* Under ``torch.compile``: a Function whose forward pass is value and gradient as one graph for the
  compiler; the plain formula if weights or targets need gradients too, or under ``torch.func``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection
from math import isfinite
from typing import Any

import numpy as np
import torch
from torch.masked import MaskedTensor

from wce_core.arrays.boundaries import HALF
from wce_core.arrays.eager import OneByOne
from wce_core.arrays.ops import ArrayOps
from wce_core.call.describe import described
from wce_core.dtypes import SMALLEST_NORMAL, at_least_float32
from wce_core.evaluation import evaluate
from wce_core.evaluation.linear import CLOSED
from wce_core.evaluation.linear_blocks import in_place
from wce_core.evaluation.options import Options
from wce_core.evaluation.spec import LossSpec
from wce_core.frameworks.backend import Backend, Description, Sums
from wce_core.interchange import numbers
from wce_core.types import Array, Arrays

from .. import numpy
from ..programs import Outcome, as_constants
from . import namespace
from .calls import Prepared, Replay, block_size, unusual
from .functions import Compiled, Eager, applied, flushed
from .layers import of_layer
from .nodes import NODES, allow_in_graph
from .ranks import all_summed
from .tensors import (
    DTYPES,
    NAMES,
    NO_FLOAT64,
    PLAIN,
    added,
    autocast,
    beside,
    comparable,
    copied,
    distributed,
    jit_tracing,
    least_piece,
    on_host,
    places,
    selected,
    split,
    traced,
    transformed,
    unrecorded,
    viewed,
)


class TorchBackend(Backend):
    """Any device; results stay on that of the predictions."""

    name = "torch"
    collective = "all_reduce"
    xp = namespace
    array_types = (torch.Tensor,)
    contracts = True

    def owns(self, array: object) -> bool:
        """Tensors, their subclasses, and what stands for one and is refused."""
        return isinstance(array, (torch.Tensor, torch.fx.Proxy))

    def refusal(self, array: Array) -> str | None:
        """Tensors that have no rows to slice, or whose numbers are not what they seem."""
        if isinstance(array, torch.fx.Proxy):
            return (
                "a Proxy, as torch.fx.symbolic_trace passes; name the loss in torch.fx.wrap, "
                "or use torch.export"
            )
        if array.is_nested:
            return "a nested tensor; pad it and pass mask="
        if isinstance(array, MaskedTensor):
            return "a masked tensor; pass its get_data() and mask=get_mask()"
        if array.layout != torch.strided:
            return f"a sparse tensor ({array.layout}); pass its to_dense()"
        if array.is_quantized:
            return "a quantized tensor; pass its dequantize()"
        return None

    def misplaced(self, array: Array, predictions: Array) -> str | None:
        """On another device; PyTorch lets numbers without axes meet tensors anywhere."""
        if array.device == predictions.device or not array.ndim:
            return None
        return f"on {array.device}, the predictions are on {predictions.device}; move one of them"

    def dtype_name(self, array: Array) -> str:
        """Without the module's name."""
        return NAMES.get(array.dtype) or str(array.dtype).removeprefix("torch.")

    def dtype(self, name: str) -> Any:
        """The tensor dtype of that name."""
        return DTYPES.get(name) or getattr(torch, name)

    def cast(self, array: Array, dtype: str) -> Array:
        """Without a call where it has the dtype already; summands of ranks are added first."""
        own = self.dtype(dtype)
        return array if array.dtype is own else added(array).to(own)

    def asarray(self, value: np.ndarray, like: Array) -> Array:
        """A copy on the device of ``like``; float64 only where the device has it.

        A copy, because what is written to the NumPy array between forward and backward pass would
        go unnoticed, and PyTorch has no read-only memory.
        """
        # Dynamo's stand-in for a NumPy array has no dtype to ask for.
        compiling = torch.compiler.is_compiling()
        return self._on_device(
            torch.as_tensor(value, device="cpu") if compiling else copied(value), like
        )

    def from_python(self, value: Any, like: Array) -> Array:
        """Never PyTorch's default dtype, which is float32."""
        if not torch.compiler.is_compiling():
            return self.asarray(numbers(value), like)
        tensor = torch.tensor(value, device="cpu")
        if tensor.is_floating_point():
            tensor = torch.tensor(value, dtype=torch.float64, device="cpu")
        return self._on_device(tensor, like)

    def _on_device(self, tensor: Array, like: Array) -> Array:
        if tensor.dtype == torch.float64 and not self.has_float64(like):
            tensor = tensor.float()
        return tensor.to(like.device)

    def readable(self, array: Array) -> bool:
        """Plain CPU tensors, not traced, not transformed, and under no mode."""
        return not torch.compiler.is_compiling() and on_host(array)

    def to_numpy(self, array: Array) -> np.ndarray:
        """Without a copy, but for bfloat16."""
        array = array.detach()
        if array.dtype is torch.bfloat16:
            array = array.float()
        values: np.ndarray = (array.resolve_neg() if array.is_neg() else array).numpy()
        return values

    def known(self, value: Any) -> np.ndarray | None:
        """Nothing to Dynamo, which follows NumPy's arrays, too."""
        return None if torch.compiler.is_compiling() else super().known(value)

    def has_float64(self, like: Array) -> bool:
        """Not on Apple's MPS nor on a TPU."""
        return like.device.type not in NO_FLOAT64

    def result_dtype(self, predictions: Array) -> str:
        """Under autocast half predictions count as float32, as in PyTorch's own losses."""
        name = self.dtype_name(predictions)
        return at_least_float32(name) if autocast(predictions.device) else name

    def shape(self, array: Array) -> tuple[int | None, ...]:
        """Numbers also under ``torch.jit.trace``, where a length is a tensor of its graph."""
        if not jit_tracing():
            return tuple(array.shape)
        with unrecorded():
            return tuple(array.shape)

    def take_along_axis(self, array: Array, index: Array, axis: int) -> Array:
        """By ``gather``: ``take_along_dim`` makes Dynamo compile for each batch size anew.

        Where each rank has some of the elements, by selection: only a sum is communicated.
        """
        if split(array, axis):
            return selected(array, index, axis)
        return torch.gather(array, axis, index)

    def argmax(self, array: Array, axis: int) -> Array:
        """Where each rank has some of the elements, by two maxima."""
        return (
            self.argmax_and_max(array, axis)[0]
            if split(array, axis)
            else super().argmax(array, axis)
        )

    def argmax_and_max(self, array: Array, axis: int) -> tuple[Array, Array]:
        """Both in one visit; where each rank has some of the elements, one after the other."""
        if not split(array, axis):
            largest, index = torch.max(array, dim=axis, keepdim=True)
            return index, largest
        largest = array.amax(axis, keepdim=True)
        there = (array == largest) | array.isnan()
        index = torch.where(there, places(array, axis), array.shape[axis] - 1)
        return index.amin(axis, keepdim=True), largest

    def arange(self, count: int, like: Array) -> Array:
        """Beside a DTensor, one that all ranks have."""
        return beside(torch.arange(count, dtype=like.dtype, device=like.device), like)

    def scalar(self, value: Any, dtype: str, like: Array) -> Array:
        """By ``full``: ``asarray`` makes Dynamo compile for each batch size anew."""
        if isinstance(value, torch.Tensor):
            return value.to(self.dtype(dtype))
        return torch.full((), value, dtype=self.dtype(dtype), device=like.device)

    def summed_by(self, index: Array, values: Array, count: int) -> Array:
        """By ``index_add``."""
        nothing = torch.zeros(count, dtype=values.dtype, device=values.device)
        return nothing.index_add(0, index, values)

    def bits(self, array: Array) -> Array:
        """The same memory."""
        return viewed(array, torch.int64)

    def from_bits(self, bits: Array) -> Array:
        """The same memory."""
        return viewed(bits, torch.float64)

    def constant(self, array: Array) -> Array:
        """Detached."""
        return array.detach()

    def flushing(self, array: Array) -> Array:
        """By an identity whose backward pass flushes."""
        return flushed(array)

    def followed(self, arguments: dict[str, Any], like: Array) -> dict[str, Any]:
        """NumPy's arrays as tensors: Dynamo's stand-ins for them are of no known type."""
        if not torch.compiler.is_dynamo_compiling():
            return arguments
        return {
            name: self.asarray(value, like) if isinstance(value, np.ndarray) else value
            for name, value in arguments.items()
        }

    def fast_path(
        self, options: Options, given: dict[str, Any], *, gradient: bool = False
    ) -> Outcome | None:
        """Few numbers in the host's memory by NumPy's program for them; compiled, as one node."""
        del gradient  # which is autograd's
        if torch.compiler.is_dynamo_compiling():
            node: Outcome | None = _as_a_node(self, options, given)
            return node
        if options.chunk_bytes is not None or torch.compiler.is_compiling():
            return None
        if unusual(options, given["predictions"]):
            return None
        tensors = {name: each for name, each in given.items() if type(each) in PLAIN}
        constants = as_constants(
            {name: each for name, each in given.items() if name not in tensors}
        )
        if constants is None:
            return None
        call = Replay(self, BLOCKS, options, given.get("ignore_index"), constants, tuple(tensors))
        return call.outcome(tuple(tensors.values()))

    def run(self, spec: LossSpec, arrays: Arrays) -> tuple[Array, ...]:
        """One of the three routes."""
        return _run(self, spec, comparable(spec, arrays))

    def fused_layer(
        self, spec: LossSpec, arrays: Arrays, wanted: Collection[str]
    ) -> tuple[tuple[Array, ...], Arrays]:
        """In chunks that are written to."""
        size = block_size(arrays["predictions"])
        return in_place(BLOCKS, spec, arrays, wanted, size=size)

    def summed(self, spec: LossSpec, sums: Sums, arrays: Arrays) -> tuple[Array, ...]:
        """The operations as they are, under a compiler too."""
        own = {name: beside(array, arrays["predictions"]) for name, array in arrays.items()}
        return super().summed(spec, sums, comparable(spec, own))

    def all_summed(
        self, sums: tuple[Array, ...], over: Any, averaged_over: float
    ) -> tuple[Array, ...]:
        """Over the processes of a group of ``torch.distributed``."""
        return all_summed(sums, over, averaged_over)

    def value_and_grad(
        self, function: Callable[..., Any], has_aux: bool
    ) -> Callable[..., tuple[Any, Array]]:
        """By autograd on a detached copy of the predictions; by ``torch.func`` inside of it."""

        @functools.wraps(function)
        def with_gradient(predictions: Array, *args: Any, **kwargs: Any) -> tuple[Any, Array]:
            if torch.compiler.is_compiling() or transformed(predictions):
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


def _gradient(value: Array, predictions: Array) -> Array:
    """Zero where the value does not depend on the predictions, as ``torch.func`` has it."""
    if not value.requires_grad:
        return torch.zeros_like(predictions)
    (gradient,) = torch.autograd.grad(value, predictions, materialize_grads=True)
    return gradient


def _run(be: TorchBackend, spec: LossSpec, arrays: Arrays) -> tuple[Array, ...]:
    arrays = {name: beside(array, arrays["predictions"]) for name, array in arrays.items()}
    _check_shards(spec, arrays["predictions"])
    names, tensors = tuple(arrays), tuple(arrays.values())
    plain = transformed(*tensors)
    tracked = torch.is_grad_enabled() and any(t.requires_grad for t in tensors)
    if spec.chunk_bytes is not None and not plain and _in_chunks(arrays, tracked=tracked):
        return of_layer(be, spec, arrays)
    if torch.compiler.is_compiling():
        only_predictions = all(
            t.requires_grad == (name == "predictions") for name, t in arrays.items()
        )
        layer = spec.chunk_bytes is not None
        if plain or layer or spec.of_regions or not (tracked and only_predictions):
            return evaluate.plain(be, spec, arrays)
        return applied(Compiled, be, spec, names, *tensors)
    if plain or traced(*tensors) or spec.of_regions or spec.chunk_bytes is not None:
        return evaluate.plain(be, spec, arrays)
    call = Prepared(be, BLOCKS, spec, names)
    with torch.no_grad():
        outcome = call.outcome(tensors, gradient=tracked and tensors[0].requires_grad)
    return applied(Eager, call, outcome, (), *tensors) if tracked else outcome[1]


def _in_chunks(arrays: Arrays, *, tracked: bool) -> bool:
    """Can a loss of hidden states be? Compiled, only where no more than the layer is tracked.

    Of tensors of which each rank has a part the plain formula knows how to communicate.
    """
    if any(map(distributed, arrays.values())):
        return False
    if not torch.compiler.is_compiling():
        return not traced(*arrays.values())
    return not tracked or not any(
        array.requires_grad for name, array in arrays.items() if name not in CLOSED
    )


def _check_shards(spec: LossSpec, predictions: Array) -> None:
    """Losses of items need sums and maxima over classes only, of which a rank has some.

    Those of regions have not been tried.
    """
    if spec.axis is None or not split(predictions, spec.axis):
        return
    if spec.region is not None:
        raise ValueError(
            f"predictions are a DTensor that is sharded along its classes, axis {spec.axis}; "
            "redistribute it with Replicate() there"
        )
    if predictions.shape[spec.axis] and not least_piece(predictions, spec.axis):
        raise ValueError(
            f"predictions are a DTensor that is sharded along its classes, axis {spec.axis}, over "
            f"so many ranks that some have none of {predictions.shape[spec.axis]}; shard it over "
            "fewer"
        )


class _Blocks(OneByOne, TorchBackend):
    """Where nothing is recorded: temporaries may be written to, and values of the host asked."""

    contracts = False

    def looks_again(self, like: Array) -> bool:
        """On the host, where it can be asked without waiting."""
        return on_host(like)

    @property
    def host(self) -> ArrayOps:
        """NumPy, where a call of an operation takes a third of the time."""
        return numpy.BACKEND

    def to_host(self, array: Array) -> Array:
        """The same memory."""
        return self.to_numpy(array)

    def from_host(self, array: Array) -> Array:
        """The same memory."""
        return torch.from_numpy(np.asarray(array))

    def sum_roundings(self, count: int) -> int:
        """In a cascade of four levels, each of at least 16, over eight lanes and four registers."""
        level: int = 2 ** max(4, -(-count.bit_length() // 4))
        return min(count, 4 * level + 40)

    def flushed_and_undecided(self, array: Array, ulps: Array, axis: int) -> tuple[Array, Array]:
        """By the least and the most of rows; small numbers and NaN are looked at one by one."""
        if not array.numel() or not bool(array.abs().amin() > numpy.ABOVE):
            return super().flushed_and_undecided(array, ulps, axis)
        # As in NumPy's backend: a middle is the least of all numbers, or next to the largest one.
        places = array.view(torch.int64).to(torch.int32).bitwise_left_shift_(3)
        least, most = (each.to(torch.int64) for each in places.aminmax(dim=axis, keepdim=True))
        far = 8 * HALF - 8 * ulps
        return array, (least <= -far) | (most >= far)

    def affine(
        self, rows: Array, matrix: Array, offset: Array | None, into: Array | None = None
    ) -> Array:
        """By one product."""
        if offset is None:
            return torch.mm(rows, matrix.t(), out=into)
        return torch.addmm(offset, rows, matrix.t(), out=into)

    def plus_product(self, array: Array, left: Array, right: Array) -> Array:
        """In place."""
        return array.addmm_(left.t(), right)

    def empty(self, shape: tuple[int, ...], dtype: str, like: Array) -> Array:
        """On the host by NumPy, which asks for huge pages: a tenth of the page faults."""
        if not on_host(like) or dtype == "bfloat16":
            return super().empty(shape, dtype, like)
        return torch.from_numpy(numpy.BACKEND.empty(shape, dtype, like))

    def times(self, weight: Array, value: Array, *more: Array) -> Array:
        """Without a selection unless a product is NaN, which the largest of them tells."""
        if not on_host(value):
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

    def both_sigmoids(self, state: Array) -> tuple[Array, Array]:
        """By PyTorch's own."""
        below = state.neg().sigmoid_()
        return state.sigmoid_(), below

    def at_most(self, array: Array, bound: float) -> Array:
        """By PyTorch's own."""
        return array.clamp(max=bound)

    def lerp(self, start: Array, end: Array, weight: Array) -> Array:
        """By PyTorch's own, from the nearer end."""
        return torch.lerp(start, end, weight)

    def both_chances(self, array: Array) -> tuple[Array, Array]:
        """By PyTorch's own."""
        return array.sigmoid(), array.neg().sigmoid_()

    def flushed(self, array: Array) -> Array:
        """In place, where there is something to flush."""
        size = array.abs()
        if on_host(array) and array.numel() and bool(size.amin() >= SMALLEST_NORMAL):
            return array
        return array.masked_fill_(size < SMALLEST_NORMAL, 0.0)

    def all_zero(self, array: Array) -> bool:
        """Asked of the host only, by a maximum, which is several times faster than ``any``."""
        return on_host(array) and array.numel() > 0 and bool(array.amax() == 0)

    def exp_of_negatives(self, array: Array, largest: Array) -> Array:
        """The derivative of ELU, where nothing is NaN.

        PyTorch's ``exp`` is MKL's on a CPU, which on a processor that is not Intel's takes twice as
        long as what PyTorch's other functions have of the same accuracy.
        """
        # A sum of what is infinite or NaN is not finite.
        if not (on_host(largest) and isfinite(largest.sum().item())):
            return array.exp_()
        ones = torch.ones((), dtype=array.dtype, device=array.device).expand(array.shape)
        derivative: Any = torch.ops.aten.elu_backward.grad_input
        exponentials: Array = derivative(ones, 1.0, 1.0, 1.0, False, array, grad_input=array)
        return exponentials

    def fractions(self, array: Array) -> Array:
        """By ``frac``, one visit."""
        return torch.frac(array)

    def divides(self, number: Array) -> bool:
        """Asked of the host only."""
        return on_host(number) and super().divides(number)

    def occurrences(self, index: Array, classes: int) -> Array:
        """On the host by ``bincount``, one visit; elsewhere it would wait for the largest."""
        if not on_host(index):
            return super().occurrences(index, classes)
        return torch.bincount(index.reshape(-1), minlength=classes + 1)[:classes]

    def put_along_axis(self, array: Array, index: Array, value: Any, axis: int) -> Array:
        """By ``scatter_``; where each rank has some of the elements, by selection."""
        if split(array, axis):
            return torch.where(places(array, axis) == index, value, array)
        return array.scatter_(axis, index, value.expand(index.shape))


class _Programs(TorchBackend):
    """In a program that is compiled for an accelerator."""

    def take_along_axis(self, array: Array, index: Array, axis: int) -> Array:
        """By selection, which is part of the visit that sums a row; a gather is a visit more."""
        return selected(array, index, axis)


BACKEND = TorchBackend()
BLOCKS = _Blocks()
NODES.update(layer=BACKEND, program=_Programs())


def _as_a_node(be: TorchBackend, options: Options, given: dict[str, Any]) -> Any:
    """The outputs of a whole call, which is one node of the graph that Dynamo records.

    Dynamo would watch whatever it followed, some 400 things, and look at all of them before each
    call, which takes as long as the loss of a small batch. What is in a node only AOTAutograd sees.
    """
    outputs = _whole(options, be.followed(given, given["predictions"]))
    return None if outputs is None else (None, outputs, None)


def _whole(options: Options, given: dict[str, Any]) -> tuple[Array, ...] | None:
    """The outputs; None, so that Dynamo finds the error on the usual way, if there is one."""
    try:
        spec, arrays = described(BACKEND, options, given)
    except (TypeError, ValueError):
        return None
    return BACKEND.run(spec, arrays)


allow_in_graph(_whole)
