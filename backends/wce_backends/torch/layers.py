"""Losses of hidden states and a linear layer: chunks by PyTorch's own products, eager or a node.

Eager, an ``autograd.Function`` makes outputs and gradients in its forward pass. A compiler gets the
same as one operation that it does not look into, since a loop over chunks would be unrolled. Losses
of items have their gradients made in the backward pass, where it is known what weighs them. Other
gradients, to weights and targets, and second derivatives are those of the plain formula, of all
logits at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from wce_core.dtypes import at_least_float32
from wce_core.evaluation import evaluate
from wce_core.evaluation.counting import SUMS
from wce_core.evaluation.linear import CLOSED
from wce_core.evaluation.reducing import PARTS
from wce_core.evaluation.spec import COTANGENT, LossSpec
from wce_core.frameworks.backend import Backend
from wce_core.types import Array, Arrays

from .functions import applied, plain_gradients
from .nodes import NODES, read, written
from .tensors import DTYPES, NAMES, ordinary

ITEMS = "none"


def of_layer(be: Backend, spec: LossSpec, arrays: Arrays) -> tuple[Array, ...]:
    """The outputs, differentiable to every floating array."""
    names, tensors = tuple(arrays), tuple(arrays.values())
    if torch.compiler.is_compiling():
        return as_a_node(spec, arrays)
    if torch.is_grad_enabled() and any(tensor.requires_grad for tensor in tensors):
        return applied(EagerLayer, LayerCall(be, spec, names), *tensors)
    with torch.no_grad():
        return be.fused_layer(spec, arrays, ())[0]


class LayerCall:
    """A call that has been described; ``names`` are those of its tensors."""

    def __init__(self, be: Backend, spec: LossSpec, names: tuple[str, ...]) -> None:
        self.be, self.spec, self.names = be, spec, names

    def arrays(self, tensors: Any) -> Arrays:
        """By name."""
        return dict(zip(self.names, tensors, strict=True))

    def made(self, tensors: Any, wanted: tuple[str, ...]) -> tuple[tuple[Array, ...], Arrays]:
        """Outputs and gradients."""
        return self.be.fused_layer(self.spec, self.arrays(tensors), wanted)

    def weighed(self, tensors: Any, wanted: tuple[str, ...], cotangent: Array) -> Arrays:
        """The gradients of items that are weighed."""
        arrays = {**self.arrays(tensors), COTANGENT: cotangent.unsqueeze(-1)}
        return self.be.fused_layer(self.spec, arrays, wanted)[1]

    def plain(self, tensors: Any) -> tuple[Array, ...]:
        """The plain formula."""
        return evaluate.plain(self.be, self.spec, self.arrays(tensors))


class EagerLayer(torch.autograd.Function):
    """Hands over the gradients that were made together with the outputs."""

    @staticmethod
    def forward(ctx: Any, call: LayerCall, *tensors: Array) -> Any:
        """The outputs; gradients to hidden states and layer are kept, but for those of items."""
        ctx.call, ctx.handed_over = call, False
        needed = dict(zip(call.names, ctx.needs_input_grad[1:], strict=True))
        ctx.wanted = tuple(name for name in CLOSED if needed.get(name))
        ahead = () if call.spec.reduction == ITEMS else ctx.wanted
        outputs, gradients = call.made(tensors, ahead)
        ctx.save_for_backward(*tensors, *(gradients[name] for name in ahead))
        if not any(need for name, need in needed.items() if name not in CLOSED):
            ctx.mark_non_differentiable(*outputs[1:])  # no part but the total has a gradient
        ctx.set_materialize_grads(False)
        return outputs

    @staticmethod
    def backward(ctx: Any, *cotangents: Any) -> Any:
        """Hand over, or differentiate the plain formula from the inputs."""
        call, names = ctx.call, ctx.call.names
        tensors, kept = ctx.saved_tensors[: len(names)], ctx.saved_tensors[len(names) :]
        found: dict[str, Any] = {}
        again = torch.is_grad_enabled()
        if cotangents[0] is not None and not again:
            if call.spec.reduction == ITEMS and ctx.wanted:
                found = call.weighed(tensors, ctx.wanted, cotangents[0])
            else:
                found = _handed_over(ctx, tensors, kept, cotangents[0])
        pairs = zip(names, ctx.needs_input_grad[1:], strict=True)
        needed = [need and name not in found for name, need in pairs]
        if any(needed):
            more = plain_gradients(call, list(tensors), needed, cotangents, create_graph=again)
            found |= {name: g for name, g, n in zip(names, more, needed, strict=True) if n}
        dtypes = {name: tensor.dtype for name, tensor in zip(names, tensors, strict=True)}
        return None, *(_in(found.get(name), dtypes[name]) for name in names)


def _handed_over(ctx: Any, tensors: Any, kept: Any, cotangent: Array) -> Arrays:
    """The gradients times the cotangent, in their own memory, which is given away once.

    That of the layer is as large as the layer: a product beside it would take as much again.
    """
    found = dict(zip(ctx.wanted, kept, strict=True))
    if ctx.handed_over:
        found = ctx.call.made(tensors, ctx.wanted)[1]
    if not ordinary(cotangent):
        return {name: gradient * cotangent for name, gradient in found.items()}
    ctx.handed_over = True
    # As tensors of their own: changes to them don't count as changes to what was saved.
    return {name: gradient.data.mul_(cotangent) for name, gradient in found.items()}


def _in(gradient: Array | None, dtype: torch.dtype) -> Array | None:
    return None if gradient is None else gradient.to(dtype)


def as_a_node(spec: LossSpec, arrays: Arrays) -> tuple[Array, ...]:
    """The outputs, by one operation of the graph that is compiled."""
    tracked = torch.is_grad_enabled()
    wanted = tuple(n for n in CLOSED if n in arrays and tracked and arrays[n].requires_grad)
    found = _node(list(arrays.values()), written(spec, tuple(arrays), wanted))
    return tuple(found[: _count(spec)])


def _count(spec: LossSpec) -> int:
    return len(PARTS) if spec.reduction == "parts" else 1


def _ahead(spec: LossSpec, names: tuple[str, ...], wanted: tuple[str, ...]) -> tuple[str, ...]:
    """The gradients that are made together with the outputs."""
    return () if spec.reduction == ITEMS and COTANGENT not in names else wanted


def _evaluated(tensors: Sequence[Tensor], call: str) -> list[Tensor]:
    """The outputs, and the gradients that are made with them."""
    spec, names, wanted = read(call)
    arrays = dict(zip(names, tensors, strict=True))
    ahead = _ahead(spec, names, wanted)
    outputs, gradients = NODES["layer"].fused_layer(spec, arrays, ahead)
    return [*(each.clone() for each in outputs), *(gradients[name] for name in ahead)]


def _shaped(tensors: Sequence[Tensor], call: str) -> list[Tensor]:
    """The same as far as a compiler has to know: shapes and dtypes."""
    spec, names, wanted = read(call)
    arrays = dict(zip(names, tensors, strict=True))
    hidden = arrays["predictions"]
    if spec.reduction == "parts":
        real = DTYPES[spec.part]
        dtypes = [real if n in ("total", *SUMS) else torch.int64 for n in PARTS]
        outputs = [hidden.new_empty((), dtype=dtype) for dtype in dtypes]
    else:
        shape = hidden.shape[:-1] if spec.reduction == ITEMS else ()
        outputs = [hidden.new_empty(shape, dtype=DTYPES[spec.result])]
    own = (arrays[name] for name in _ahead(spec, names, wanted))
    kept = ((each, DTYPES[at_least_float32(NAMES[each.dtype])]) for each in own)
    return [*outputs, *(each.new_empty(each.shape, dtype=dtype) for each, dtype in kept)]


_node: Any = torch.library.custom_op(
    "wce_core::linear_cross_entropy",
    _evaluated,
    mutates_args=(),
    schema="(Tensor[] tensors, str call) -> Tensor[]",
)
_node.register_fake(_shaped)


def _keep(ctx: Any, inputs: Any, output: Any) -> None:
    tensors, ctx.call = inputs
    ctx.count = len(tensors)
    spec, _, _ = read(ctx.call)
    ctx.save_for_backward(*tensors, *output[_count(spec) :])


def _back(ctx: Any, cotangents: Any) -> Any:
    """Products of what was made, or what is made now of items."""
    spec, names, wanted = read(ctx.call)
    tensors, kept = ctx.saved_tensors[: ctx.count], ctx.saved_tensors[ctx.count :]
    cotangent = cotangents[0]
    if spec.reduction == ITEMS and wanted:
        laid = written(spec, (*names, COTANGENT), wanted)
        _, *found = _node([*tensors, cotangent.unsqueeze(-1)], laid)
    else:
        found = [each * cotangent for each in kept]
    gradients = dict(zip(wanted, found, strict=True))
    pairs = zip(names, tensors, strict=True)
    return [_in(gradients.get(name), tensor.dtype) for name, tensor in pairs], None


_node.register_autograd(_back, setup_context=_keep)
