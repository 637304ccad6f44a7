"""Configured losses that hold tensors."""

from __future__ import annotations

import io
from typing import Any

import ml_dtypes
import numpy as np
import pytest
import torch

from wce_core import losses

X, Y = torch.tensor([[0.0, 1.0], [0.5, 0.0]]), torch.tensor([0, 1])


def test_tensors_are_held_as_they_are() -> None:
    """Gradients flow to them, and what is written in place counts from the next call on."""
    weight = torch.tensor([1.0, 2.0], requires_grad=True)
    loss = losses.CrossEntropy(class_weight=weight, reduction="sum")
    before = loss(X, Y)
    before.backward()
    assert weight.grad is not None
    with torch.no_grad():
        weight *= 2.0
    torch.testing.assert_close(loss(X, Y), 2.0 * before)


@pytest.mark.parametrize(
    "loss",
    [
        losses.CrossEntropy(class_weight={0: 1.0, 1: 2.0}, cost_matrix=[[0.0, 1.0], [2.0, 0.0]]),
        losses.CrossEntropy(class_weight=torch.tensor([1.0, 2.0]), dtype=torch.float64),
    ],
    ids=repr,
)
def test_saved_by_torch(loss: Any) -> None:
    file = io.BytesIO()
    torch.save({"loss": loss}, file)
    file.seek(0)
    again = torch.load(file, weights_only=False)["loss"]
    torch.testing.assert_close(again(X, Y), loss(X, Y))


def test_weights_of_another_package_s_dtype_are_compiled() -> None:
    """Dynamo converts NumPy's arrays to tensors, and knows no bfloat16 among them."""
    loss = losses.CrossEntropy(class_weight=np.array([0.5, 1.5, 2.0], ml_dtypes.bfloat16))
    x, y = torch.zeros(2, 3), torch.tensor([0, 2])
    compiled = torch.compile(loss, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(x, y), loss(x, y))
