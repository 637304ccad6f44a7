"""``tf.keras.losses`` of Keras 2 (tf-keras 2.21), and the ``weighted`` wrapper of older Keras.

Keras 2 bounds probabilities to [1e-7, 1 − 1e-7] and, for binary losses, adds 1e-7 inside of the
logarithm once more; the sparse loss bounds them first and divides them by their sum afterwards.
Functions are called as ``(y_true, y_pred)``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wce_core.arrays.numerics import divide_or
from wce_core.compilers import do_not_convert
from wce_core.losses import Probabilities

from ._arrays import companion
from ._items import array_of, mean, weighed
from ._keras_losses import EPSILON, binary_items, categorical_items, sparse_items

__all__ = [
    "binary_crossentropy",
    "categorical_crossentropy",
    "sparse_categorical_crossentropy",
    "weighted",
]

CLIPPED_TWICE = Probabilities(clip=EPSILON, offset=EPSILON)
NORMALIZED_BEFORE = Probabilities(clip=EPSILON, normalize="before")
NORMALIZED_AFTER = Probabilities(clip=EPSILON, normalize="after")


@do_not_convert
def binary_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """``tf.keras.losses.binary_crossentropy``: the mean along ``axis``.

    −y log(p + 1e-7) − (1−y) log(1 − p + 1e-7) with p bounded to [1e-7, 1 − 1e-7] first, so that a
    certain mistake costs −log 2e-7; y ← (1−ε)·y + ε/2. Of logits, without any bound.

    >>> import numpy as np
    >>> from wce_core import dialects
    >>> y_true = np.array([1, 0, 0, 0, 0, 0])
    >>> y_pred = np.array([0.6, 0.1, 0.1, 0.9, 0.1, 0.0], dtype=np.float32)
    >>> dialects.keras2.binary_crossentropy(y_true, y_pred).round(5)
    np.float32(0.52158)
    """
    form = "logits" if from_logits else CLIPPED_TWICE
    return binary_items(y_true, y_pred, form, label_smoothing, axis)


@do_not_convert
def categorical_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """``tf.keras.losses.categorical_crossentropy``: −Σ_k q_k log p_k, q ← (1−ε)·q + ε/C.

    Probabilities are divided by the sum of their row, then bounded to [1e-7, 1 − 1e-7]; nothing is
    added to them. The gradient is right for rows of any sum.

    >>> import numpy as np
    >>> from wce_core import dialects
    >>> y_true = np.array([[0, 1, 0], [0, 0, 1]])
    >>> y_pred = np.array([[0.05, 0.95, 0], [0.1, 0.8, 0.1]])
    >>> dialects.keras2.categorical_crossentropy(y_true, y_pred).round(4)
    array([0.0513, 2.3026])
    """
    form = "logits" if from_logits else NORMALIZED_BEFORE
    return categorical_items(y_true, y_pred, form, label_smoothing, axis)


@do_not_convert
def sparse_categorical_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    axis: int = -1,
    ignore_class: int | None = None,
) -> Any:
    """``tf.keras.losses.sparse_categorical_crossentropy``: −log p_y of class indices.

    Probabilities are bounded to [1e-7, 1 − 1e-7], then divided by the sum of their row. Labels of
    ``ignore_class`` cost 0.

    >>> import numpy as np
    >>> from wce_core import dialects
    >>> y_pred = np.array([[0.05, 0.95, 0], [0.1, 0.8, 0.1]])
    >>> dialects.keras2.sparse_categorical_crossentropy(np.array([1, 2]), y_pred).round(4)
    array([0.0513, 2.3026])
    """
    form = "logits" if from_logits else NORMALIZED_AFTER
    return sparse_items(y_true, y_pred, form, ignore_class, axis)


def weighted(fn: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """``keras.engine.training_utils.weighted_masked_objective`` of Keras 2.2, of item losses.

    The result is called as ``(y_true, y_pred, weights, mask=None)``. With v = fn(y_true, y_pred):
    v ← v·m / (mean(m) + 1e-7) if there is a mask; v ← its means along the axes that ``weights`` w
    has not; v ← v·w / mean(w ≠ 0); and then the mean. So Σ w·v / #(w ≠ 0) without a mask, and with
    weights and a mask that exclude the same items, a loss that is divided twice. NaN where every
    weight is 0.

    >>> import numpy as np
    >>> from wce_core import dialects
    >>> loss = dialects.keras2.weighted(dialects.keras2.binary_crossentropy)
    >>> y_true, y_pred = np.array([[0, 1], [0, 0]]), np.array([[0.6, 0.4], [0.4, 0.6]])
    >>> loss(y_true, y_pred, np.array([1.0, 0.0])).round(3)
    np.float64(0.916)
    """

    @do_not_convert
    def loss(y_true: Any, y_pred: Any, weights: Any, mask: Any = None) -> Any:
        """The mean of ``fn`` by the rules of Keras 2.2."""
        items = fn(y_true, y_pred)
        if mask is not None:
            items = _masked(items, mask)
        if weights is not None:
            items = _by_nonzero(items, weights)
        be, own = array_of(items)
        return mean(items, tuple(range(len(be.shape(own)))))

    return loss


def _masked(items: Any, mask: Any) -> Any:
    be, own = array_of(items)
    kept = be.xp.astype(companion(be, mask, own, "mask"), own.dtype)
    return weighed(items, kept / (be.xp.mean(kept) + EPSILON))


def _by_nonzero(items: Any, weights: Any) -> Any:
    be, own = array_of(items)
    weights = be.xp.astype(companion(be, weights, own, "weights"), own.dtype)
    ranks = (len(be.shape(weights)), len(be.shape(own)))
    if ranks[0] < ranks[1]:
        items = mean(items, tuple(range(*ranks)))
    nonzero = be.xp.mean(be.xp.astype(weights != 0, own.dtype))
    return weighed(items, divide_or(be.xp, weights, nonzero, float("nan")))
