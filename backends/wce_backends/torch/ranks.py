"""Sums over the processes of ``torch.distributed``."""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist

from wce_core.types import Array

from ..messages import one_a_dtype
from .functions import applied
from .tensors import distributed

NO_GROUP = (
    "all_reduce() without a process group; call torch.distributed.init_process_group(...) first, "
    "in a program that torchrun starts, or leave all_reduce() out: one process has all parts"
)


def all_summed(sums: tuple[Array, ...], group: Any, averaged_over: float) -> tuple[Array, ...]:
    """Each tensor added up over the ranks of a group: one message for all of a dtype."""
    if not (dist.is_available() and dist.is_initialized()):
        raise RuntimeError(NO_GROUP)
    if any(map(distributed, sums)):
        raise TypeError(
            "all_reduce() of DTensors, whose sums are those of all ranks of their mesh already; "
            "over the ranks of another mesh, of full_tensor() of each field"
        )
    if dist.get_rank(group) < 0:
        raise ValueError("all_reduce() over a group that this rank is not in; call it on its ranks")
    return one_a_dtype(sums, lambda own: _in_one_message(own, group, averaged_over))


def _in_one_message(own: list[Array], group: Any, averaged_over: float) -> list[Array]:
    flat = torch.cat([each.reshape(-1) for each in own])
    (summed,) = applied(_Summed, flat, group, averaged_over)
    pieces = summed.split([each.numel() for each in own])
    shaped = [piece.reshape(each.shape) for piece, each in zip(pieces, own, strict=True)]
    pairs = zip(shaped, own, strict=True)
    return [piece if each.requires_grad else piece.detach() for piece, each in pairs]


class _Summed(torch.autograd.Function):
    """The sum over ranks, whose gradient to the own summand is that of the sum, scaled.

    The derivative of a sum to a summand is 1. PyTorch's own differentiable ``all_reduce`` adds the
    cotangents of all ranks, which is the gradient of as many copies of the loss as there are ranks.
    """

    @staticmethod
    def forward(tensor: Array, group: Any, averaged_over: float) -> Array:
        """By ``all_reduce`` in a copy."""
        del averaged_over
        found = tensor.clone()
        dist.all_reduce(found, group=group)
        return found

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        """The factor is all that is kept."""
        del output
        ctx.averaged_over = inputs[2]

    @staticmethod
    def backward(ctx: Any, *cotangents: Any) -> Any:
        """Without communication."""
        return cotangents[0] * ctx.averaged_over, None, None
