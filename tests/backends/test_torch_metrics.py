"""Metrics of tensors: nothing is differentiated, everything stays a tensor of its device."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from wce_core import losses, metrics

RNG = np.random.default_rng(0)
X, Y = torch.tensor(RNG.normal(size=(12, 3))), torch.tensor(RNG.integers(0, 3, 12))


def test_no_gradient_flows_through_what_is_counted() -> None:
    x = X.clone().requires_grad_()
    weight = torch.ones(12, dtype=torch.float64, requires_grad=True)
    for found in (
        metrics.outcomes(x, Y, sample_weight=weight),
        metrics.calibration(x, Y, sample_weight=weight),
        metrics.top_k(x, Y, k=2, sample_weight=weight),
    ):
        assert not any(each.requires_grad for each in found)
    assert metrics.log_loss(x, Y).mean().requires_grad


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_sums_are_float64(dtype: torch.dtype) -> None:
    found = metrics.outcomes(X.to(dtype), Y.to(torch.int32))
    assert {each.dtype for each in found} == {torch.float64}
    assert found.f1("macro").dtype == torch.float64


def test_beside_a_loss_in_one_program() -> None:
    torch._dynamo.reset()

    def step(x: Any, y: Any, w: Any) -> Any:
        loss = losses.cross_entropy(x, y, sample_weight=w)
        return loss, metrics.outcomes(x.detach(), y, sample_weight=w)

    x, weight = X.clone().requires_grad_(), torch.rand(12, dtype=torch.float64)
    compiled = torch.compile(step, fullgraph=True, backend="aot_eager")
    loss, found = compiled(x, Y, weight)
    wanted = metrics.outcomes(X, Y, sample_weight=weight)
    assert type(found) is metrics.ClassOutcomes
    for own, want in zip(found, wanted, strict=True):
        torch.testing.assert_close(own, want)
    loss.backward()
    assert x.grad is not None


def test_unsigned_labels() -> None:
    found = metrics.confusion_matrix(X, Y.to(torch.uint8))
    torch.testing.assert_close(found, metrics.confusion_matrix(X, Y))
