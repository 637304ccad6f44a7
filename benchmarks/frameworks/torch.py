"""PyTorch: ``torch.nn.functional``, eager and compiled."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812  # everyone's name for it

from benchmarks.pairs import DICE, FOCAL, Call, Pair
from benchmarks.smp import smp_losses
from benchmarks.workloads import LOSSES, Workload
from wce_core import losses

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def pairs(workload: Workload) -> Iterator[Pair]:
    """Native and exact; with the gradient, and the value alone."""
    arrays = {name: torch.from_numpy(array) for name, array in workload.arrays().items()}
    theirs, configured = _theirs(workload, arrays["w"]), _configured(workload, arrays["w"])
    for precision in ("native", "exact"):
        ours = _ours(workload, arrays["w"], precision)
        for what, call in (("value + gradient", _step), ("value", _value)):
            own, peer = call(ours, arrays), call(theirs, arrays)
            yield Pair("F", "eager", precision, what, own, peer)
    focal = _ours(workload, arrays["w"], "native", focal=True)
    plain = _ours(workload, arrays["w"], "native")
    own, peer = _step(focal, arrays), _step(plain, arrays)
    yield Pair(FOCAL, "eager", "native", "value + gradient", own, peer)
    if workload.loss == "binary_cross_entropy":
        own, peer = _step(_dice, arrays), _step(smp_losses().DiceLoss("binary"), arrays)
        yield Pair(DICE, "eager", "native", "value + gradient", own, peer)
    if workload.small:
        own, peer = _step(configured, arrays), _step(theirs, arrays)
        yield Pair("F", "eager, configured", "native", "value + gradient", own, peer)
    torch._dynamo.reset()  # which otherwise gives up on the eighth shape
    own = _step(torch.compile(_ours(workload, arrays["w"], "native"), fullgraph=True), arrays)
    peer = _step(torch.compile(theirs, fullgraph=True), arrays)
    yield Pair("F", "compiled", "native", "value + gradient", own, peer)


def _ours(workload: Workload, w: torch.Tensor, precision: Any, *, focal: bool = False) -> Loss:
    loss = LOSSES[workload.loss, focal]
    if workload.loss == "cross_entropy":
        return functools.partial(
            loss, class_weight=w, reduction="weighted_mean", precision=precision
        )
    return functools.partial(loss, pos_weight=w, precision=precision)


def _dice(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return losses.binary_dice_loss(x, y, per="batch", smooth=0.0, absent="zero")


def _configured(workload: Workload, w: torch.Tensor) -> Loss:
    if workload.loss == "cross_entropy":
        return losses.CrossEntropy(class_weight=w.numpy(), reduction="weighted_mean")
    return losses.BinaryCrossEntropy(pos_weight=w.numpy())


def _theirs(workload: Workload, w: torch.Tensor) -> Loss:
    if workload.loss == "cross_entropy":
        return functools.partial(F.cross_entropy, weight=w)
    return functools.partial(F.binary_cross_entropy_with_logits, pos_weight=w)


def _step(loss: Loss, arrays: dict[str, torch.Tensor]) -> Call:
    x, y = arrays["x"].clone().requires_grad_(), arrays["y"]

    def step() -> tuple[torch.Tensor, torch.Tensor | None]:
        value = loss(x, y)
        torch.autograd.backward(value)
        gradient, x.grad = x.grad, None  # which would count as memory that was there before
        return value, gradient

    return step


def _value(loss: Loss, arrays: dict[str, torch.Tensor]) -> Call:
    return functools.partial(loss, arrays["x"], arrays["y"])
