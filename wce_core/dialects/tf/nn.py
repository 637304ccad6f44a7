"""``tf.nn``: item losses from logits. Weights and reductions are left to the caller.

Item losses may be weighed, summed and averaged, also in ``wce_core.value_and_grad`` of NumPy.
"""

from __future__ import annotations

from typing import Any

from wce_core import losses
from wce_core.compilers import do_not_convert

from ...types import Array
from .._arrays import companion, floating, outside_unit, owner, refuse
from ..torch import positive_weight

__all__ = [
    "sigmoid_cross_entropy_with_logits",
    "softmax_cross_entropy_with_logits",
    "sparse_softmax_cross_entropy_with_logits",
    "weighted_cross_entropy_with_logits",
]


@do_not_convert
def weighted_cross_entropy_with_logits(
    labels: Array, logits: Array, pos_weight: Any, name: str | None = None
) -> Any:
    """``tf.nn.weighted_cross_entropy_with_logits``.

    ℓ = pos_weight·y·softplus(−x) + (1−y)·softplus(x), an item per element. ``pos_weight`` is
    broadcast to ``logits``, from the right, and may be negative. The gradient is right at a logit
    of 0 too, where TensorFlow's is not. ``name`` does nothing.

    >>> import numpy as np
    >>> from wce_core import dialects
    >>> labels, logits = np.array([1.0, 0.5, 0.0]), np.array([1.5, -0.1, -10.0])
    >>> dialects.tf.nn.weighted_cross_entropy_with_logits(
    ...     labels=labels, logits=logits, pos_weight=np.array(1.5)
    ... ).round(4)
    array([0.3021, 0.8805, 0.    ])
    """
    del name
    be, x = owner(logits)
    weights = positive_weight(be, x, pos_weight)
    return losses.binary_cross_entropy(
        logits,
        _unit_labels(labels, logits),
        axis=0 if len(be.shape(x)) == 1 else None,
        reduction="none",
        validate=False,
        **weights,
    )


@do_not_convert
def sigmoid_cross_entropy_with_logits(
    labels: Array | None = None, logits: Array | None = None, name: str | None = None
) -> Any:
    """``tf.nn.sigmoid_cross_entropy_with_logits``: y·softplus(−x) + (1−y)·softplus(x).

    An item per element. ``name`` does nothing.

    >>> import numpy as np
    >>> from wce_core import dialects
    >>> logits = np.array([1.0, -1.0, 0.0, 1.0, -1.0, 0.0, 0.0])
    >>> labels = np.array([0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.5])
    >>> dialects.tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits).round(4)
    array([1.3133, 0.3133, 0.6931, 0.3133, 1.3133, 0.6931, 0.6931])
    """
    del name
    labels = _unit_labels(labels, logits)
    return losses.binary_cross_entropy(logits, labels, reduction="none", validate=False)


@do_not_convert
def softmax_cross_entropy_with_logits(
    labels: Array, logits: Array, axis: int = -1, name: str | None = None
) -> Any:
    """``tf.nn.softmax_cross_entropy_with_logits``: −Σ_k q_k log p_k of dense labels q.

    An item per row. The gradient is (Σ_k q_k)·p − q for rows of any sum; TensorFlow's is p − q,
    which is wrong unless the row sums to 1. ``name`` does nothing.

    >>> import numpy as np
    >>> from wce_core import dialects
    >>> logits = np.array([[4.0, 2.0, 1.0], [0.0, 5.0, 1.0]])
    >>> labels = np.array([[1.0, 0.0, 0.0], [0.0, 0.8, 0.2]])
    >>> dialects.tf.nn.softmax_cross_entropy_with_logits(labels=labels, logits=logits).round(4)
    array([0.1698, 0.8247])
    """
    del name
    return losses.cross_entropy(logits, _masses(labels, logits), axis=axis, reduction="none")


@do_not_convert
def sparse_softmax_cross_entropy_with_logits(
    labels: Array, logits: Array, name: str | None = None
) -> Any:
    """``tf.nn.sparse_softmax_cross_entropy_with_logits``: −log p_y of class indices y.

    Classes stand along the last axis. A label outside [0, C) raises where it can be read and costs
    NaN elsewhere. ``name`` does nothing.

    >>> import numpy as np
    >>> from wce_core import dialects
    >>> logits = np.array([[2.0, -5.0, 0.5, -0.1], [0.0, 0.0, 1.9, 1.4], [-100.0, 100, -100, -100]])
    >>> dialects.tf.nn.sparse_softmax_cross_entropy_with_logits(
    ...     labels=np.array([0, 3, 1]), logits=logits
    ... ).round(4)
    array([0.2975, 1.1448, 0.    ])
    """
    del name
    return losses.cross_entropy(logits, labels, reduction="none")


def _unit_labels(labels: Any, logits: Any) -> Array:
    be, x = owner(logits)
    own = companion(be, labels, x, "labels")
    refuse(be, own, "labels", outside_unit, "a label in [0, 1]")
    return own


def _masses(labels: Any, logits: Any) -> Array:
    """Dense labels, which are never class indices, whatever their dtype."""
    be, x = owner(logits)
    return floating(be, companion(be, labels, x, "labels"), x)
