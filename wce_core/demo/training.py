"""A logistic regression by gradient descent, its loss and gradient from one framework.

The model is NumPy's, in float32: logits = pixels · w + b. At every step the logits go to the
framework, which computes the loss and its gradient to the logits twice, exact and native. The
exact gradient comes back and moves the model. As long as exact gradients have the same bits
everywhere, so have all models, and native results are compared at the same logits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from wce_core import losses
from wce_core.frameworks.backend import Backend

from ..gradient import value_and_grad
from ..types import Precision
from .data import Images

RATE = np.float32(0.5)


class Results(NamedTuple):
    """Of one precision, at every step."""

    losses: np.ndarray
    """(steps,) float32."""
    gradients: np.ndarray
    """(steps, images) float32."""


class Training(NamedTuple):
    """One model's way from the start."""

    native: Results
    exact: Results
    models: np.ndarray
    """(steps + 1, 65) float32: the weights and the bias, before every step and after the last."""


def logits(images: Images, model: np.ndarray) -> np.ndarray:
    """What the model says of the images; above 0: an 8."""
    now: np.ndarray = images.pixels @ model[:-1] + model[-1]
    return now


def train(
    backend: Backend,
    images: Images,
    arguments: dict[str, Any],
    steps: int,
    advance: Callable[[], None],
) -> Training:
    """``steps`` steps from a model of zeros; ``advance`` is called after each."""
    count = len(images.is_eight)
    native, exact = (_empty(steps, count) for _ in range(2))
    models = np.zeros((steps + 1, images.pixels.shape[1] + 1), np.float32)
    native_loss = _loss_and_gradient(backend, images, arguments, "native")
    exact_loss = _loss_and_gradient(backend, images, arguments, "exact")
    for step in range(steps):
        now = logits(images, models[step])
        native.losses[step], native.gradients[step] = native_loss(now)
        exact.losses[step], exact.gradients[step] = exact_loss(now)
        slope = exact.gradients[step]
        models[step + 1, :-1] = models[step, :-1] - RATE * (slope @ images.pixels)
        models[step + 1, -1] = models[step, -1] - RATE * slope.sum()
        advance()
    return Training(native, exact, models)


def _empty(steps: int, count: int) -> Results:
    return Results(np.empty(steps, np.float32), np.empty((steps, count), np.float32))


def _loss_and_gradient(
    backend: Backend, images: Images, arguments: dict[str, Any], precision: Precision
) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """NumPy logits → NumPy loss and gradient, computed by the backend's framework."""
    targets = backend.xp.asarray(images.is_eight)

    def loss(predictions: Any) -> Any:
        return losses.binary_cross_entropy(
            predictions, targets, reduction="weighted_mean", precision=precision, **arguments
        )

    both = value_and_grad(loss)

    def through_numpy(predictions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        value, gradient = both(backend.xp.asarray(predictions))
        return backend.to_numpy(value), backend.to_numpy(gradient)

    return through_numpy
