"""Second derivatives of every loss, by each framework's autodiff of the plain formula."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import wce_core
from wce_core import losses
from wce_core.losses.registry import LOSSES

OPTIONS: dict[str, list[dict[str, float]]] = {
    "cross_entropy": [{}],
    "binary_cross_entropy": [{}],
    "generalized_cross_entropy": [{"q": 0.7}],
    "focal_cross_entropy": [{"gamma": 2.0}, {"gamma": 0.5}],
    "binary_focal_cross_entropy": [{"gamma": 3.0}, {"gamma": 0.5}],
    "poly_cross_entropy": [{"epsilon": -1.0}, {"epsilon": 2.0}],
    "asymmetric_loss": [{"margin": 0.05}, {"gamma_negative": 0.5, "margin": 0.0}],
}
CALLS = [
    pytest.param(name, own, id=f"{name} {own}")
    for name, several in OPTIONS.items()
    for own in several
]
X = np.array([[0.5, -1.0, 2.0], [3.0, 0.0, -2.0]])
CERTAIN = np.array([[900.0, 0.0, -900.0], [0.0, 800.0, 0.0]])
"""Where p of the true class is 1, and that of others 0, to the last digit."""


def by_jax(loss: Callable[..., Any], x: np.ndarray, y: np.ndarray) -> np.ndarray:
    import jax

    with jax.enable_x64(True):
        return np.asarray(jax.hessian(loss)(jax.numpy.asarray(x), jax.numpy.asarray(y)))


def by_torch(loss: Callable[..., Any], x: np.ndarray, y: np.ndarray) -> np.ndarray:
    import torch

    hessian = torch.autograd.functional.hessian(
        lambda own: loss(own, torch.tensor(y)), torch.tensor(x)
    )
    return np.asarray(hessian)


def by_tensorflow(loss: Callable[..., Any], x: np.ndarray, y: np.ndarray) -> np.ndarray:
    import tensorflow as tf

    own = tf.constant(x)
    with tf.GradientTape() as outer:
        outer.watch(own)
        with tf.GradientTape() as inner:
            inner.watch(own)
            value = loss(own, tf.constant(y))
        gradient = inner.gradient(value, own)
    return np.asarray(outer.jacobian(gradient, own, experimental_use_pfor=False))


WAYS = {"jax": by_jax, "torch": by_torch, "tensorflow": by_tensorflow}


def differences(loss: Callable[..., Any], x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Of the closed-form gradient."""
    gradient, step = wce_core.value_and_grad(lambda x, y: loss(x, y)), 1e-5
    found = np.zeros((*x.shape, *x.shape))
    for place in np.ndindex(x.shape):
        shift = np.zeros_like(x)
        shift[place] = step
        found[(..., *place)] = (gradient(x + shift, y)[1] - gradient(x - shift, y)[1]) / (2 * step)
    return found


@pytest.mark.parametrize(("name", "own"), CALLS)
def test_hessian(backend: str, name: str, own: dict[str, float]) -> None:
    if backend not in WAYS:
        return

    def loss(x: Any, y: Any) -> Any:
        return getattr(losses, name)(x, y, class_weight=[1.0, 2.0, 0.5], reduction="sum", **own)

    def binary(x: Any, y: Any) -> Any:
        return getattr(losses, name)(x, y, pos_weight=3.0, reduction="sum", **own)

    categorical = LOSSES[name]._categorical
    function = loss if categorical else binary
    y = np.array([1, 0]) if categorical else np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.25]])
    found = WAYS[backend](function, X, y)
    np.testing.assert_allclose(found, differences(function, X, y), atol=2e-9, rtol=1e-7)
    certain = np.array([0, 1]) if categorical else np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 0.5]])
    assert np.isfinite(WAYS[backend](function, CERTAIN, certain)).all()
