"""The autograd Functions: a gradient handed over, a compiled one, and one that flushes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import torch

from wce_core.dtypes import SMALLEST_NORMAL
from wce_core.evaluation import evaluate
from wce_core.evaluation.spec import LossSpec
from wce_core.frameworks.backend import Backend
from wce_core.types import Array

from ..programs import Outcome
from .nodes import allow_in_graph
from .tensors import ordinary


class Call(Protocol):
    """A call that can be made again; ``tensors``: predictions first."""

    def again(self, tensors: Sequence[Array], cotangent: Array) -> Array:
        """The closed-form gradient to the predictions, times the cotangent, in their dtype."""
        ...

    def plain(self, tensors: Sequence[Array]) -> tuple[Array, ...]:
        """The outputs by the plain formula."""
        ...


def applied(function: type[torch.autograd.Function], *args: Any) -> tuple[Array, ...]:
    """The outputs of a Function, also of one that has a single one."""
    apply: Any = function.apply  # unannotated
    result = apply(*args)
    return result if isinstance(result, tuple) else (result,)


class Eager(torch.autograd.Function):
    """Hands over the gradient that was made together with the outputs, or makes it."""

    @staticmethod
    def forward(
        ctx: Any, call: Call, outcome: Outcome, constants: tuple[Array, ...], *tensors: Any
    ) -> Any:
        """The outputs; the gradient to the predictions, the first tensor, is kept if it is made."""
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
            more = plain_gradients(ctx.call, tensors, needed, cotangents, create_graph=again)
            gradients = [b if a is None else a for a, b in zip(gradients, more, strict=True)]
        return None, None, None, *gradients[: len(inputs)]


def _handed_over(ctx: Any, tensors: list[Array], gradient: Array | None, cotangent: Array) -> Array:
    """The product of both; what was kept is given away once, and then made again."""
    if gradient is None or ctx.handed_over:
        made: Array = ctx.call.again(tensors, cotangent)
        return made
    found = multiplied(gradient, cotangent, ctx.spec, tensors[0].dtype)
    if found is not gradient:
        return found
    ctx.handed_over = True
    # A tensor of its own on the same memory: changes to it don't count as changes to the saved one.
    return gradient.data


def _is_one(cotangent: Array) -> bool:
    """Known to be 1 without waiting for a device: only the host's plain scalars are looked at."""
    if not ordinary(cotangent) or not cotangent.is_cpu or cotangent.ndim:
        return False
    return bool(cotangent.item() == 1.0)


def multiplied(gradient: Array, cotangent: Array, spec: LossSpec, dtype: torch.dtype) -> Array:
    """The gradient times the cotangent; itself where that is known to be 1."""
    if gradient.dtype == dtype and _is_one(cotangent):
        return gradient
    return product(gradient, cotangent, spec, dtype)


def product(gradient: Array, cotangent: Array, spec: LossSpec, dtype: torch.dtype) -> Array:
    """Multiplied in the gradient's float32 or float64, and only then rounded."""
    if spec.reduction == "none" and spec.axis is not None:
        cotangent = cotangent.unsqueeze(spec.axis)
    found = gradient * cotangent.to(gradient.dtype)
    if spec.exact and found.dtype == torch.float64 != dtype:
        found = _without_small(found).float()
    return found.to(dtype)


def plain_gradients(
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


class Compiled(torch.autograd.Function):
    """Value and gradient as one graph; only the predictions need a gradient."""

    @staticmethod
    def forward(
        ctx: Any, be: Backend, spec: LossSpec, names: tuple[str, ...], *tensors: Any
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
        own = product(gradient, cotangents[0], ctx.spec, ctx.dtype)
        gradients = [own if name == "predictions" else None for name in ctx.names]
        return None, None, None, *gradients


def _without_small(gradient: Array) -> Array:
    """With 0 for what is below float32's normal numbers; the derivative is that of the identity."""
    return gradient - torch.where(gradient.abs() < SMALLEST_NORMAL, gradient, 0.0).detach()


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
        return _without_small(gradient)

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Any:
        """Identity: linear, so its second derivative is rightly zero."""
        return tangents[0].view_as(tangents[0])


def flushed(array: Array) -> Array:
    """``array``, whose gradient is 0 where it is below float32's normal numbers."""
    return applied(_Flush, array)[0]


# Dynamo refuses a Function with jvp, but not one it is told to leave for AOTAutograd to follow.
allow_in_graph(flushed)
