"""Sums under Inductor, which by itself adds one number after another."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest
import torch
from torch_calls import DEPRECATED

from wce_core import losses

pytestmark = pytest.mark.filterwarnings(DEPRECATED)
BOUND = 6.0
"""Eps; equal numbers, the worst there are, are rounded to the same side."""


@pytest.fixture(autouse=True)
def _fresh_compiler() -> Iterator[None]:
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


def off(value: torch.Tensor, want: float) -> float:
    """The error, in eps of float64."""
    return abs(float(value) / want - 1) / 2.0**-52


@pytest.mark.parametrize("axis", [0, 1])
def test_even_shares_of_many_classes(axis: int) -> None:
    classes, shape = 5000, [3, 3]
    shape[axis] = classes
    x = torch.zeros(shape, dtype=torch.float64)
    q = torch.full(shape, 0.1, dtype=torch.float64)
    loss = torch.compile(losses.cross_entropy, fullgraph=True)
    items = loss(x, q, axis=axis, reduction="none")
    want = math.fsum([0.1] * classes) * math.log(classes)
    assert max(off(item, want) for item in items) <= BOUND


def test_many_equal_items() -> None:
    items = 60_000
    x = torch.tensor([[0.3, -0.7, 0.1]], dtype=torch.float64).repeat(items, 1)
    y = torch.ones(items, dtype=torch.int64)
    value = torch.compile(losses.cross_entropy, fullgraph=True)(x, y, reduction="sum")
    row = x[0].tolist()
    want = math.log(math.fsum(map(math.exp, row))) - row[1]
    assert off(value, math.fsum([want] * items)) <= BOUND
