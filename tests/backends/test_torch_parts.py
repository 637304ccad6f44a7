"""``LossParts`` accumulated by PyTorch: eager, compiled and in its own loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch._higher_order_ops.while_loop import while_loop
from torch.utils import _pytree as pytree

from wce_core import LossParts, losses

W = [1.0, 2.0, 5.0]
torch.manual_seed(0)
X, Y = torch.randn(12, 3), torch.randint(0, 3, (12,))


def parts(x: torch.Tensor, y: torch.Tensor) -> LossParts:
    found: LossParts = losses.cross_entropy(x, y, class_weight=W, reduction="parts")
    return found


def whole(x: torch.Tensor) -> Any:
    return losses.cross_entropy(x, Y, class_weight=W, reduction="weighted_mean")


def accumulated(x: torch.Tensor) -> Any:
    found = LossParts.zero()
    for piece, labels in zip(x.split(4), Y.split(4), strict=True):
        found = found + parts(piece, labels)
    return found.weighted_mean()


def from_zeros(x: torch.Tensor) -> Any:
    found = LossParts.zero(x)
    for piece, labels in zip(x.split(4), Y.split(4), strict=True):
        found += parts(piece, labels)
    return (found * 3 / torch.tensor(3.0)).weighted_mean()


def summed(x: torch.Tensor) -> Any:
    pieces = zip(x.split(4), Y.split(4), strict=True)
    return sum([parts(piece, labels) for piece, labels in pieces]).weighted_mean()


@pytest.mark.parametrize("function", [accumulated, from_zeros, summed])
@pytest.mark.parametrize("compiled", [False, True])
def test_accumulation(function: Callable[..., Any], compiled: bool) -> None:
    own = torch.compile(function, fullgraph=True, backend="eager") if compiled else function
    x = X.clone().requires_grad_()
    torch.testing.assert_close(own(x), whole(x))
    gradients = [torch.autograd.grad(f(x), x) for f in (own, whole)]
    torch.testing.assert_close(*gradients)


def test_zeros_are_no_leaves_of_a_graph() -> None:
    zero = LossParts.zero(X.clone().requires_grad_())
    assert not any(each.requires_grad for each in zero)
    assert len({each.data_ptr() for each in zero}) == 7


def test_a_loop_of_the_compiler() -> None:
    xs, ys = X.reshape(3, 4, 3), Y.reshape(3, 4)

    def body(i: torch.Tensor, carry: LossParts) -> Any:
        piece, labels = (each.index_select(0, i.reshape(1))[0] for each in (xs, ys))
        return i + 1, carry + losses.cross_entropy(piece, labels, reduction="parts")

    def function(x: torch.Tensor) -> Any:
        start = torch.tensor(0), LossParts.zero(x)
        return while_loop(lambda i, carry: i < 3, body, start)[1].mean()

    compiled = torch.compile(function, fullgraph=True, backend="eager")
    torch.testing.assert_close(compiled(X), losses.cross_entropy(X, Y))


def test_a_tree_of_leaves() -> None:
    found = pytree.tree_map(lambda leaf: leaf + 0, parts(X, Y))
    assert isinstance(found, LossParts)
    assert len(pytree.tree_leaves(found)) == 7
