"""tf.nn, and tf.compat.v1.losses for the weights and reductions that tf.nn leaves out."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from wce_conformance.peers.asked import Asked
from wce_conformance.peers.base import Peer

_REDUCTIONS = {
    "none": "none",
    "sum": "weighted_sum",
    "mean": "weighted_sum_over_batch_size",
    "weighted_mean": "weighted_mean",
    "nonzero_mean": "weighted_sum_by_nonzero_weights",
}


class TensorFlow(Peer):
    """TensorFlow: tf.nn where that says all, else compat.v1.losses."""

    name = "tf.nn, compat.v1.losses"
    version = tf.__version__
    notes = (
        "tf.nn has item losses only; weights and reductions are tf.compat.v1.losses',"
        " which compute in float32.",
        "The documentation of tf.nn.softmax_cross_entropy_with_logits asks for rows of targets"
        " that sum to 1, and says that the gradient is incorrect otherwise.",
        "log_loss is called with epsilon=0.",
        "A mean of nothing is 0: offered only where 0 is asked for.",
    )

    def empty_is_said(self, asked: Asked) -> bool:
        """A safe division."""
        return asked.empty_means("zero")

    def multiclass(self, asked: Asked) -> bool:
        """From logits, weights of samples, smoothing of dense targets."""
        return (
            asked.form == "logits"
            and asked.has_only("sample_weight")
            and asked.uniform
            and (asked.smoothing == 0 or not asked.index)
            and (asked.unit_mass or not _v1(asked))
            and asked.reduction in _REDUCTIONS
            and asked.fits(["targets"] if not asked.index else [])
            and _weights_fit(asked)
        )

    def binary(self, asked: Asked) -> bool:
        """pos_weight only item by item; from probabilities only by log_loss."""
        if asked.form == "log_probabilities" or asked.clip is not None or not asked.per_class:
            return False
        if "pos_weight" in asked.vector.modes and _v1(asked, but="pos_weight"):
            return False
        return (
            asked.has_only("sample_weight", "pos_weight")
            and (
                asked.form == "logits" or (asked.smoothing == 0 and asked.has_only("sample_weight"))
            )
            and asked.reduction in _REDUCTIONS
            and asked.fits(["targets", "pos_weight"])
            and _weights_fit(asked)
        )

    def answer(self, asked: Asked) -> tuple[Any, Any]:
        """By a tape."""
        x = tf.constant(asked.arrays["predictions"])
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = _binary(asked, x) if asked.binary else _multiclass(asked, x)
        gradient: Any = tape.gradient(value, x)
        return np.asarray(value.numpy()), np.asarray(gradient.numpy())


def _v1(asked: Asked, but: str = "") -> bool:
    """Whether tf.nn alone does not say it."""
    probabilities = asked.form == "probabilities"
    return (
        not asked.has_only(but) or asked.reduction != "none" or asked.smoothing > 0 or probabilities
    )


def _weights_fit(asked: Asked) -> bool:
    return asked.fits(["sample_weight"], np.dtype(np.float32)) and asked.fits(["sample_weight"])


def _options(asked: Asked) -> dict[str, Any]:
    weights = asked.sample_weight()
    return {
        "weights": 1.0 if weights is None else tf.constant(weights),
        "reduction": _REDUCTIONS[asked.reduction],
    }


def _multiclass(asked: Asked, x: Any) -> Any:
    order = list(range(x.ndim))
    order.append(order.pop(asked.axis))
    last = tf.transpose(x, order)
    if asked.index:
        labels = tf.constant(asked.arrays["targets"])
        if not _v1(asked):
            return tf.nn.sparse_softmax_cross_entropy_with_logits(labels, last)
        return tf.compat.v1.losses.sparse_softmax_cross_entropy(labels, last, **_options(asked))
    targets = np.moveaxis(asked.targets(), asked.axis, -1)
    if not _v1(asked):
        return tf.nn.softmax_cross_entropy_with_logits(tf.constant(targets), last)
    return tf.compat.v1.losses.softmax_cross_entropy(
        tf.constant(targets), last, label_smoothing=asked.smoothing, **_options(asked)
    )


def _binary(asked: Asked, x: Any) -> Any:
    targets = tf.constant(asked.targets())
    if asked.form == "probabilities":
        return tf.compat.v1.losses.log_loss(targets, x, epsilon=0.0, **_options(asked))
    if "pos_weight" in asked.vector.modes:
        return tf.nn.weighted_cross_entropy_with_logits(targets, x, _placed(asked))
    if not _v1(asked):
        return tf.nn.sigmoid_cross_entropy_with_logits(targets, x)
    return tf.compat.v1.losses.sigmoid_cross_entropy(
        targets, x, label_smoothing=asked.smoothing, **_options(asked)
    )


def _placed(asked: Asked) -> Any:
    """pos_weight, its axis of labels above that of the predictions."""
    positive = asked.weights("pos_weight")
    assert positive is not None
    rank = asked.arrays["predictions"].ndim
    if positive.ndim == 1:
        behind = rank - 1 - int(asked.options.get("axis", -1)) % rank
        positive = positive.reshape(-1, *(1,) * behind)
    return tf.constant(positive)
