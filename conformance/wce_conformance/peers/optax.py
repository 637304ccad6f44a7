"""optax.losses: item losses; weights and reductions are left to the caller."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from wce_conformance.adapters.jax import JaxAdapter
from wce_conformance.peers.asked import Asked
from wce_conformance.peers.base import Peer

_FRAMEWORK = JaxAdapter()


class Optax(Peer):
    """optax on JAX."""

    name = "optax.losses"
    version = optax.__version__
    notes = (
        "Item losses only: weights and reductions are left to the caller.",
        "Dense targets with logits of −inf are given to safe_softmax_cross_entropy.",
    )

    def empty_is_said(self, asked: Asked) -> bool:
        """No means."""
        return asked.reduction == "none"

    def multiclass(self, asked: Asked) -> bool:
        """Indices, or dense targets, which `smooth_labels` smooths."""
        return (
            _plain(asked)
            and asked.uniform
            and (asked.smoothing == 0 or (asked.unit_mass and not asked.index))
            and (asked.index or asked.fits(["targets"]))
        )

    def binary(self, asked: Asked) -> bool:
        """No smoothing of binary targets."""
        return _plain(asked) and asked.smoothing == 0 and asked.fits(["targets"])

    def answer(self, asked: Asked) -> tuple[Any, Any]:
        """By jax.value_and_grad."""

        def function(predictions: Any) -> Any:
            return _binary(asked, predictions) if asked.binary else _multiclass(asked, predictions)

        with jax.enable_x64(asked.vector.dtype == "float64"):
            x = _FRAMEWORK.array(asked.arrays["predictions"])
            value, gradient = _FRAMEWORK.differentiate(
                "eager", function, {"predictions": x}, "predictions"
            )
        return np.asarray(value), np.asarray(gradient)


def _plain(asked: Asked) -> bool:
    return asked.form == "logits" and asked.has_only() and asked.reduction == "none"


def _multiclass(asked: Asked, x: Any) -> Any:
    if asked.index:
        labels = jnp.asarray(asked.arrays["targets"])
        return optax.losses.softmax_cross_entropy_with_integer_labels(x, labels, axis=asked.axis)
    targets = jnp.moveaxis(jnp.asarray(asked.targets()), asked.axis, -1)
    if asked.smoothing > 0:
        targets = optax.losses.smooth_labels(targets, asked.smoothing)
    last = jnp.moveaxis(x, asked.axis, -1)
    if np.isneginf(asked.arrays["predictions"].astype(np.float64)).any():
        return optax.losses.safe_softmax_cross_entropy(last, targets)
    return optax.losses.softmax_cross_entropy(last, targets)


def _binary(asked: Asked, x: Any) -> Any:
    return optax.losses.sigmoid_binary_cross_entropy(x, jnp.asarray(asked.targets()))
