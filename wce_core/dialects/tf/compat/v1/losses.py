"""``tf.compat.v1.losses``: item losses, weighed and reduced by a :class:`Reduction`.

``weights`` are a scalar, or have the rank of the losses with each axis equal or 1. TensorFlow
computes reductions in float32 whatever the dtype; here they have that of the losses. ``scope`` and
``loss_collection`` do nothing.
"""

from __future__ import annotations

from typing import Any

from wce_core import losses as core
from wce_core.compilers import do_not_convert
from wce_core.formulas.layout import same_length
from wce_core.losses import Probabilities

from .....errors import shape_error
from .....types import Array
from ...._arrays import companion, floating, outside_unit, owner, refuse, smoothed
from ...._items import array_of, narrowed, parts, weighed
from ... import nn

__all__ = [
    "Reduction",
    "compute_weighted_loss",
    "log_loss",
    "sigmoid_cross_entropy",
    "softmax_cross_entropy",
    "sparse_softmax_cross_entropy",
]


class Reduction:
    """``tf.compat.v1.losses.Reduction``. With losses v and weights w, broadcast to them:

    ``NONE`` w·v; ``SUM`` Σ w·v; ``MEAN`` Σ w·v / Σ w; ``SUM_OVER_BATCH_SIZE`` Σ w·v / number of
    losses; ``SUM_BY_NONZERO_WEIGHTS``, the default, Σ w·v / number of w ≠ 0. 0 over 0 is 0.
    """

    NONE = "none"
    SUM = "weighted_sum"
    SUM_OVER_BATCH_SIZE = "weighted_sum_over_batch_size"
    MEAN = "weighted_mean"
    SUM_BY_NONZERO_WEIGHTS = "weighted_sum_by_nonzero_weights"
    SUM_OVER_NONZERO_WEIGHTS = SUM_BY_NONZERO_WEIGHTS

    @classmethod
    def all(cls) -> tuple[str, ...]:
        """Every reduction."""
        return (
            cls.NONE,
            cls.SUM,
            cls.MEAN,
            cls.SUM_OVER_BATCH_SIZE,
            cls.SUM_OVER_NONZERO_WEIGHTS,
            cls.SUM_BY_NONZERO_WEIGHTS,
        )

    @classmethod
    def validate(cls, key: str) -> None:
        """ValueError for anything else."""
        if key not in cls.all():
            raise ValueError(f"Invalid Reduction Key: {key}. Key should be one of {cls.all()}.")


@do_not_convert
def compute_weighted_loss(
    losses: Array,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: str = "losses",
    reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Any:
    """``tf.compat.v1.losses.compute_weighted_loss``: losses times weights, reduced.

    >>> import numpy as np
    >>> from wce_core import dialects
    >>> losses = np.array([1.0, 2.0, 3.0, 4.0])
    >>> weights = np.array([0.0, 1.0, 2.0, 1.0])
    >>> dialects.tf.compat.v1.losses.compute_weighted_loss(losses, weights)
    np.float64(4.0)
    """
    del scope, loss_collection
    Reduction.validate(reduction)
    be, own = array_of(losses)
    weights = _laid(losses, weights)
    if reduction == Reduction.NONE:
        return weighed(losses, be.xp.broadcast_to(weights, be.sizes(own)))
    found = parts(losses, weights)
    reduced = {
        Reduction.SUM: found.sum,
        Reduction.MEAN: found.weighted_mean,
        Reduction.SUM_OVER_BATCH_SIZE: found.mean_over_all,
        Reduction.SUM_BY_NONZERO_WEIGHTS: found.nonzero_mean,
    }
    return narrowed(losses, reduced[reduction]())


@do_not_convert
def sigmoid_cross_entropy(
    multi_class_labels: Array,
    logits: Array,
    weights: Any = 1.0,
    label_smoothing: float = 0,
    scope: str | None = None,
    loss_collection: str = "losses",
    reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Any:
    """``tf.compat.v1.losses.sigmoid_cross_entropy``: an item per element.

    y·softplus(−x) + (1−y)·softplus(x) with y ← (1−ε)·y + ε/2.

    >>> import numpy as np
    >>> from wce_core import dialects
    >>> y, x, w = np.array([[1, 0]]), np.array([[0.0, 2.0]]), np.array([[0.0, 3.0]])
    >>> dialects.tf.compat.v1.losses.sigmoid_cross_entropy(y, x, w).round(4)
    np.float64(6.3808)
    """
    be, x = owner(logits)
    labels = companion(be, multi_class_labels, x, "multi_class_labels")
    refuse(be, labels, "multi_class_labels", outside_unit, "a label in [0, 1]")
    items = core.binary_cross_entropy(
        logits, labels, label_smoothing=label_smoothing, reduction="none", validate=False
    )
    return compute_weighted_loss(items, weights, scope, loss_collection, reduction)


@do_not_convert
def softmax_cross_entropy(
    onehot_labels: Array,
    logits: Array,
    weights: Any = 1.0,
    label_smoothing: float = 0,
    scope: str | None = None,
    loss_collection: str = "losses",
    reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Any:
    """``tf.compat.v1.losses.softmax_cross_entropy``: an item per row of the last axis.

    −Σ_k q_k log p_k with q ← (1−ε)·q + ε/C. No gradient flows to the labels. That to the logits is
    right for rows of any sum; TensorFlow's is wrong unless they sum to 1.

    >>> import numpy as np
    >>> from wce_core import dialects
    >>> y, x = np.array([[0, 1, 0], [0, 0, 1]]), np.array([[0.05, 0.95, 0], [0.1, 0.8, 0.1]])
    >>> dialects.tf.compat.v1.losses.softmax_cross_entropy(
    ...     y, x, weights=np.array([0.3, 0.7]), label_smoothing=0.2
    ... ).round(5)
    np.float64(0.57618)
    """
    be, x = owner(logits)
    labels = floating(be, companion(be, onehot_labels, x, "onehot_labels"), x)
    labels = smoothed(be, be.constant(labels), label_smoothing, be.shape(x)[-1])
    items = nn.softmax_cross_entropy_with_logits(labels, logits)
    return compute_weighted_loss(items, weights, scope, loss_collection, reduction)


@do_not_convert
def sparse_softmax_cross_entropy(
    labels: Array,
    logits: Array,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: str = "losses",
    reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Any:
    """``tf.compat.v1.losses.sparse_softmax_cross_entropy``: −log p_y of class indices.

    Labels and weights may have a last axis of length 1.

    >>> import numpy as np
    >>> from wce_core import dialects
    >>> x = np.array([[2.0, 0.0, 1.0], [0.0, 3.0, 0.0]])
    >>> dialects.tf.compat.v1.losses.sparse_softmax_cross_entropy(
    ...     np.array([[0], [2]]), x, np.array([1.0, 0.0])
    ... ).round(4)
    np.float64(0.4076)
    """
    be, x = owner(logits)
    rank = len(be.shape(x)) - 1
    labels = _squeezed(be, companion(be, labels, x, "labels"), rank)
    weights = _squeezed(be, companion(be, weights, x, "weights"), rank)
    items = nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
    return compute_weighted_loss(items, weights, scope, loss_collection, reduction)


@do_not_convert
def log_loss(
    labels: Array,
    predictions: Array,
    weights: Any = 1.0,
    epsilon: float = 1e-7,
    scope: str | None = None,
    loss_collection: str = "losses",
    reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Any:
    """``tf.compat.v1.losses.log_loss``: −y log(p + ε) − (1−y) log(1 − p + ε), nothing clipped.

    Probabilities and labels outside [0, 1] are refused where they can be read.

    >>> import numpy as np
    >>> from wce_core import dialects
    >>> y, p = np.array([1.0, 0.0, 1.0]), np.array([0.9, 0.2, 0.0])
    >>> dialects.tf.compat.v1.losses.log_loss(y, p).round(4)
    np.float64(5.4822)
    """
    form = Probabilities(offset=epsilon)
    items = core.binary_cross_entropy(predictions, labels, form=form, reduction="none")
    return compute_weighted_loss(items, weights, scope, loss_collection, reduction)


def _squeezed(be: Any, array: Array, rank: int) -> Array:
    shape = be.shape(array)
    return be.xp.squeeze(array, axis=-1) if len(shape) == rank + 1 and shape[-1] == 1 else array


def _laid(losses: Any, weights: Any) -> Array:
    """Weights with the losses' rank, each axis equal or 1."""
    be, own = array_of(losses)
    weights = companion(be, weights, own, "weights")
    shape, items = be.shape(weights), be.shape(own)
    if shape == ():
        return be.xp.reshape(weights, (1,) * len(items))
    fits = len(shape) == len(items) and all(
        a == 1 or same_length(a, b) for a, b in zip(shape, items, strict=True)
    )
    if not fits:
        raise shape_error("weights", shape, f"() or {items} with each axis equal or 1")
    return weights
