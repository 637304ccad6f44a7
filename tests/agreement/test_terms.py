"""Losses of other terms beside those of other libraries, where the definitions coincide."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import torch
import torch.nn.functional as F

from benchmarks.smp import smp_losses
from wce_core import losses

RNG = np.random.default_rng(4)
X = (RNG.normal(size=(20, 4)) * 3).astype(np.float32)
BITS = (RNG.random((20, 4)) < 0.3).astype(np.float32)
SHARES = RNG.dirichlet(np.ones(4), 20).astype(np.float32)


def agree_in_jax(ours: Callable[[Any], Any], theirs: Callable[[Any], Any]) -> None:
    x = jnp.asarray(X)
    for function in (lambda f: f, lambda f: jax.grad(lambda x: f(x).sum())):
        np.testing.assert_allclose(function(ours)(x), function(theirs)(x), rtol=2e-4, atol=2e-6)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0, 3.5])
@pytest.mark.parametrize("alpha", [None, 0.25])
def test_focal_of_optax(gamma: float, alpha: float | None) -> None:
    """Of targets 0 and 1; alpha is a class weight."""
    y = jnp.asarray(BITS)
    weight = None if alpha is None else (1 - alpha, alpha)
    agree_in_jax(
        lambda x: losses.binary_focal_cross_entropy(
            x, y, gamma=gamma, class_weight=weight, reduction="none"
        ),
        lambda x: optax.losses.sigmoid_focal_loss(x, y, alpha=alpha, gamma=gamma),
    )


@pytest.mark.parametrize("epsilon", [2.0, 0.0, -0.5, -1.0])
def test_poly_of_optax(epsilon: float) -> None:
    """Of soft targets, too."""
    y = jnp.asarray(SHARES)
    agree_in_jax(
        lambda x: losses.poly_cross_entropy(x, y, epsilon=epsilon, reduction="none"),
        lambda x: optax.losses.poly_loss_cross_entropy(x, y, epsilon=epsilon),
    )


def torchvisions(x: torch.Tensor, y: torch.Tensor, alpha: float, gamma: float) -> torch.Tensor:
    """What torchvision.ops.sigmoid_focal_loss computes (torchvision/ops/focal_loss.py)."""
    p = torch.sigmoid(x)
    items = F.binary_cross_entropy_with_logits(x, y, reduction="none")
    p_t = p * y + (1 - p) * (1 - y)
    loss = items * ((1 - p_t) ** gamma)
    return (alpha * y + (1 - alpha) * (1 - y)) * loss


def authors(x: torch.Tensor, y: torch.Tensor, positive: float, negative: float, m: float) -> Any:
    """What AsymmetricLoss of the authors computes (ASL/src/loss_functions/losses.py)."""
    one = torch.sigmoid(x)
    zero = (1 - one + m).clamp(max=1)
    items = y * torch.log(one.clamp(min=1e-8)) + (1 - y) * torch.log(zero.clamp(min=1e-8))
    p_t = one * y + zero * (1 - y)
    return -items * torch.pow(1 - p_t, positive * y + negative * (1 - y))


PAIRS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "torchvision, γ = 2": (
        lambda x, y: losses.binary_focal_cross_entropy(
            x, y, gamma=2.0, class_weight=(0.75, 0.25), reduction="none"
        ),
        lambda x, y: torchvisions(x, y, 0.25, 2.0),
    ),
    "torchvision, γ = 0.5": (
        lambda x, y: losses.binary_focal_cross_entropy(
            x, y, gamma=0.5, class_weight=(0.5, 0.5), reduction="none"
        ),
        lambda x, y: torchvisions(x, y, 0.5, 0.5),
    ),
    "segmentation_models_pytorch": (
        lambda x, y: losses.binary_focal_cross_entropy(x, y, class_weight=(0.75, 0.25)),
        lambda x, y: smp_losses().FocalLoss("binary", alpha=0.25, gamma=2.0)(x, y),
    ),
    "asymmetric": (
        lambda x, y: losses.asymmetric_loss(x, y, reduction="none"),
        lambda x, y: authors(x, y, 1.0, 4.0, 0.05),
    ),
    "asymmetric, other options": (
        lambda x, y: losses.asymmetric_loss(
            x, y, gamma_positive=0.0, gamma_negative=2.0, margin=0.2, reduction="none"
        ),
        lambda x, y: authors(x, y, 0.0, 2.0, 0.2),
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_formulas_of_programs_that_are_not_installed(name: str) -> None:
    x = torch.tensor(X, dtype=torch.float64, requires_grad=True)
    found, wanted = (
        (
            items := loss(x, torch.tensor(BITS.astype(np.float64))),
            *torch.autograd.grad(items.sum(), x),
        )
        for loss in PAIRS[name]
    )
    for ours, theirs in zip(found, wanted, strict=True):
        np.testing.assert_allclose(ours.detach(), theirs.detach(), rtol=1e-9, atol=1e-12)
