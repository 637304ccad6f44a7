"""``optax.losses`` 0.2.8: item losses from logits. Weights and reductions are left to the caller.

Item losses may be weighed, summed and averaged, also in ``wce_core.value_and_grad`` of NumPy.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from wce_core import losses
from wce_core.frameworks.backend import Backend

from ..types import Array
from ._arrays import changed, companion, floating, outside_unit, owner, plain, refuse

__all__ = [
    "safe_softmax_cross_entropy",
    "sigmoid_binary_cross_entropy",
    "smooth_labels",
    "softmax_cross_entropy",
    "softmax_cross_entropy_with_integer_labels",
]

Axes = int | tuple[int, ...] | None


def sigmoid_binary_cross_entropy(logits: Array, labels: Array) -> Any:
    """``optax.sigmoid_binary_cross_entropy``: y·softplus(−x) + (1−y)·softplus(x) per element.

    ``labels`` are broadcast to ``logits``.

    >>> import numpy as np
    >>> from wce_core import dialects
    >>> dialects.optax.sigmoid_binary_cross_entropy(
    ...     np.array([0.0, 2.0]), np.array([1.0, 0.0])
    ... ).round(4)
    array([0.6931, 2.1269])
    """
    be, x = owner(logits)
    labels = companion(be, labels, x, "labels")
    refuse(be, labels, "labels", outside_unit, "a label in [0, 1]")
    labels = be.xp.broadcast_to(labels, be.sizes(x))
    return losses.binary_cross_entropy(logits, labels, reduction="none", validate=False)


def safe_softmax_cross_entropy(logits: Array, labels: Array) -> Any:
    """``optax.safe_softmax_cross_entropy``: −Σ_k q_k log p_k along the last axis, 0·log 0 = 0.

    ``labels`` are broadcast to ``logits``.

    >>> import numpy as np
    >>> from wce_core import dialects
    >>> logits, labels = np.array([[0.0, 1.0, -np.inf]]), np.array([[0.5, 0.5, 0.0]])
    >>> dialects.optax.safe_softmax_cross_entropy(logits, labels).round(4)
    array([0.8133])
    """
    return softmax_cross_entropy(logits, labels)


def softmax_cross_entropy(
    logits: Array, labels: Array, axis: Axes = -1, where: Array | None = None
) -> Any:
    """``optax.softmax_cross_entropy``: −Σ_k q_k log p_k, the softmax along one or more axes.

    ``labels`` are broadcast to ``logits``, each ≥ 0; rows need not sum to 1. ``where`` is Boolean,
    of the shape of the logits or without ``axis``: what is False takes no part, neither in the
    softmax nor in the sum; a row of which nothing is left costs 0. 0·log 0 = 0, where optax gives
    NaN.

    >>> import numpy as np
    >>> from wce_core import dialects
    >>> logits = np.array([[1.2, -0.8, -0.5], [0.9, -1.2, 1.1]])
    >>> labels = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    >>> dialects.optax.softmax_cross_entropy(logits, labels).round(4)
    array([0.2761, 2.9518])
    """
    be, x = owner(logits)
    labels = floating(be, companion(be, labels, x, "labels"), x)
    labels = be.xp.broadcast_to(labels, be.sizes(x))

    def loss(rows: Any, labels: Array, mask: Array | None) -> Any:
        return losses.cross_entropy(rows, labels, mask=mask, reduction="none")

    return _along(logits, labels, axis, where, loss)


def softmax_cross_entropy_with_integer_labels(
    logits: Array,
    labels: Array,
    axis: int | tuple[int, ...] = -1,
    where: Array | None = None,
) -> Any:
    """``optax.softmax_cross_entropy_with_integer_labels``: −log p_y of class indices y.

    With several axes a label counts through their elements in the order of ``axis``. ``where`` as
    in :func:`softmax_cross_entropy`; a label whose class takes no part costs +∞. A label that names
    no class raises where it can be read and costs NaN elsewhere, where optax counts −1 from the
    end.

    >>> import numpy as np
    >>> from wce_core import dialects
    >>> logits = np.arange(24, dtype=np.float32).reshape(1, 2, 3, 4)
    >>> labels = np.array([[1 * 4 + 1, 2 * 4 + 3]])
    >>> dialects.optax.softmax_cross_entropy_with_integer_labels(
    ...     logits, labels, axis=(2, 3)
    ... ).round(4)
    array([[6.4587, 0.4587]], dtype=float32)
    """
    if not isinstance(axis, (int, tuple)):
        raise ValueError(f"axis is {axis!r}; expected int or tuple[int, ...]")
    be, x = owner(logits)
    labels = companion(be, labels, x, "labels")

    def loss(rows: Any, labels: Array, mask: Array | None) -> Any:
        return losses.cross_entropy(rows, labels, mask=mask, reduction="none")

    return _along(logits, labels, axis, where, loss, index=True)


def smooth_labels(
    labels: Array,
    alpha: float,
    *,
    axis: Axes = -1,
    where: Array | None = None,
) -> Array:
    """``optax.smooth_labels``: (1−α)·q + α/C, with C classes along ``axis``.

    With ``where``, C counts the classes that take part.

    >>> import numpy as np
    >>> from wce_core import dialects
    >>> dialects.optax.smooth_labels(np.array([0.0, 1.0, 0.0, 0.0]), 0.2).round(4)
    array([0.05, 0.85, 0.05, 0.05])
    """
    be, own = plain(labels)
    if "float" not in be.dtype_name(own):
        raise ValueError(f"labels have dtype {be.dtype_name(own)}; expected a floating dtype")
    xp, shape = be.xp, be.shape(own)
    if where is None:
        classes: Any = float(prod(int(shape[i] or 0) for i in _axes(axis, len(shape))))
    else:
        kept = xp.astype(companion(be, where, own, "where"), own.dtype)
        classes = xp.sum(kept, axis=_axes(axis, len(shape)), keepdims=True)
    return own * (1.0 - alpha) + alpha / classes


# Axes and exclusion ------------------------------------------------------------------------------


def _axes(axis: Axes, rank: int) -> tuple[int, ...]:
    if axis is None:
        return tuple(range(rank))
    return tuple(a % rank for a in ((axis,) if isinstance(axis, int) else axis))


def _along(
    logits: Any,
    labels: Array,
    axis: Axes,
    where: Any,
    loss: Callable[[Any, Array, Array | None], Any],
    *,
    index: bool = False,
) -> Any:
    """``loss(rows, labels, mask)`` with all class axes as one, the last."""
    be, x = owner(logits)
    layout = _Rows(be, x, axis)
    mask = None
    kept = None
    if where is not None:
        kept = layout.kept(companion(be, where, x, "where"))
        mask = be.xp.any(kept, axis=-1)
    rows = labels if index else layout.forward(be, labels)
    if kept is not None and not index:
        rows = be.xp.where(kept, rows, 0.0)

    def forward(be: Backend, array: Array) -> Array:
        own = layout.forward(be, array)
        return own if kept is None else be.xp.where(kept, own, -be.xp.inf)

    def back(be: Backend, gradient: Array) -> Array:
        own = gradient if kept is None else be.xp.where(kept, gradient, 0.0)
        return layout.back(be, own)

    return changed(logits, forward, back, lambda own: loss(own, rows, mask))


class _Rows:
    """The class axes of an array, moved behind the others and made one."""

    def __init__(self, be: Backend, x: Array, axis: Axes) -> None:
        self.be, self.like = be, x
        self.shape = be.shape(x)
        rank = len(self.shape)
        self.classes = _axes(axis, rank)
        self.items = tuple(i for i in range(rank) if i not in self.classes)
        self.order = (*self.items, *self.classes)
        self.simple = self.order == tuple(range(rank)) and len(self.classes) == 1

    def forward(self, be: Backend, array: Array) -> Array:
        """An array of the logits' shape."""
        if self.simple:
            return array
        moved = be.xp.permute_dims(array, self.order)
        sizes = be.sizes(moved)
        return be.xp.reshape(moved, (*(sizes[i] for i in range(len(self.items))), -1))

    def back(self, be: Backend, gradient: Array) -> Array:
        """The other way."""
        if self.simple:
            return gradient
        moved = be.xp.reshape(gradient, tuple(self.shape[i] for i in self.order))
        return be.xp.permute_dims(moved, tuple(self.order.index(i) for i in range(len(self.order))))

    def kept(self, where: Array) -> Array:
        """``where``, of the logits' shape or without the class axes, laid out like the rows."""
        xp = self.be.xp
        if len(self.be.shape(where)) != len(self.shape):
            for axis in sorted(self.classes):
                where = xp.expand_dims(where, axis=axis)
        where = xp.broadcast_to(where, self.be.sizes(self.like))
        return self.forward(self.be, xp.astype(where, xp.bool))
