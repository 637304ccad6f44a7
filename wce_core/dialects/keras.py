"""``keras.losses`` of Keras 3.15: functions and classes called as ``(y_true, y_pred)``.

Targets come first, as in Keras. The functions fit ``model.compile(loss=…)``, whatever backend Keras
runs on. Probabilities are bounded to [1e-7, 1 − 1e-7] with a gradient of 0 beyond; multi-class ones
are divided by the sum of their row first. What Keras computes in ``floatx`` is computed in the
dtype of ``y_pred`` here, or in ``dtype``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Literal

from wce_core.call.parts import LossParts
from wce_core.compilers import do_not_convert
from wce_core.frameworks.backend import Backend
from wce_core.imports import named
from wce_core.losses import Probabilities

from ..types import Array
from ._arrays import companion, owner, plain
from ._items import array_of, narrowed, parts, weighed
from ._keras_losses import (
    EPSILON,
    binary_items,
    categorical_items,
    sparse_items,
    sparse_labels,
)
from ._keras_shapes import same_rank

__all__ = [
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "SparseCategoricalCrossentropy",
    "binary_crossentropy",
    "categorical_crossentropy",
    "sample_weight_from_class_weight",
    "sparse_categorical_crossentropy",
]

CLIPPED = Probabilities(clip=EPSILON)
NORMALIZED = Probabilities(clip=EPSILON, normalize="before")
KerasReduction = Literal["sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none"]
REDUCTIONS = ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none", None)


@do_not_convert
def binary_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """``keras.losses.binary_crossentropy``: the mean along ``axis`` of the elements' losses.

    −y log p − (1−y) log(1−p) with y ← (1−ε)·y + ε/2, of probabilities bounded to [1e-7, 1 − 1e-7],
    or of logits. Probabilities and targets outside [0, 1] are refused where they can be read.

    >>> import numpy as np
    >>> from wce_core import dialects
    >>> y_true, y_pred = np.array([[0, 1], [0, 0]]), np.array([[0.6, 0.4], [0.4, 0.6]])
    >>> dialects.keras.binary_crossentropy(y_true, y_pred).round(3)
    array([0.916, 0.714])
    """
    form = "logits" if from_logits else CLIPPED
    return binary_items(y_true, y_pred, form, label_smoothing, axis)


@do_not_convert
def categorical_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """``keras.losses.categorical_crossentropy``: −Σ_k q_k log p_k of each row along ``axis``.

    q ← (1−ε)·q + ε/C. Probabilities are divided by the sum of their row, then bounded to
    [1e-7, 1 − 1e-7]. The gradient is right for rows of any sum, also where Keras' is TensorFlow's.

    >>> import numpy as np
    >>> from wce_core import dialects
    >>> y_true = np.array([[0, 1, 0], [0, 0, 1]])
    >>> y_pred = np.array([[0.05, 0.95, 0], [0.1, 0.8, 0.1]])
    >>> dialects.keras.categorical_crossentropy(y_true, y_pred).round(4)
    array([0.0513, 2.3026])
    """
    form = "logits" if from_logits else NORMALIZED
    return categorical_items(y_true, y_pred, form, label_smoothing, axis)


@do_not_convert
def sparse_categorical_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    ignore_class: int | None = None,
    axis: int = -1,
) -> Any:
    """``keras.losses.sparse_categorical_crossentropy``: −log p_y of class indices y.

    Labels may be whole floats, and have a last axis of length 1. Those of ``ignore_class`` cost 0.
    Probabilities as in :func:`categorical_crossentropy`. A label that names no class raises where
    it can be read, and costs NaN elsewhere.

    >>> import numpy as np
    >>> from wce_core import dialects
    >>> y_pred = np.array([[0.05, 0.95, 0], [0.1, 0.8, 0.1]])
    >>> dialects.keras.sparse_categorical_crossentropy(np.array([1, 2]), y_pred).round(4)
    array([0.0513, 2.3026])
    """
    form = "logits" if from_logits else NORMALIZED
    return sparse_items(y_true, y_pred, form, ignore_class, axis)


class _Loss(ABC):
    """What the three classes are: item losses, weighed, and reduced by one of Keras' names."""

    def __init__(self, reduction: str | None, name: str | None, dtype: Any) -> None:
        if reduction not in REDUCTIONS:
            raise ValueError(
                "Invalid value for argument `reduction`. "
                f"Expected one of {REDUCTIONS}. Received: reduction={reduction}"
            )
        self.reduction = reduction
        self.name = name
        self.dtype = dtype

    @do_not_convert
    def __call__(
        self,
        y_true: Any,
        y_pred: Any,
        sample_weight: Array | None = None,
        mask: Array | None = None,
    ) -> Any:
        """The reduced loss; ``mask`` is what Keras reads off the predictions."""
        kept = self._mask(y_true, y_pred, mask)
        items = self._items(y_true, y_pred, kept)
        be, own = array_of(items)
        rank = len(be.shape(own))
        if sample_weight is not None:
            sample_weight = same_rank(be, companion(be, sample_weight, own, "sample_weight"), rank)
        if self.reduction in ("none", None) or rank == 0:
            return items if sample_weight is None else weighed(items, sample_weight)
        return narrowed(items, self._reduced(parts(items, sample_weight, kept)))

    def keras(self) -> Any:
        """A ``keras.losses.Loss`` for ``compile(loss=…)``.

        Keras calls an object of any other class without weights and mask, and would average its
        one number over them without a word.
        """
        return named("wce_core.keras:DialectLoss")(self)

    def _reduced(self, found: LossParts) -> Any:
        if self.reduction == "sum":
            return found.sum()
        if self.reduction == "mean_with_sample_weight":
            return found.weighted_mean()
        return found.mean()

    def _mask(self, y_true: Any, y_pred: Any, mask: Any) -> Any:
        del y_true
        if mask is None:
            return None
        be, own = owner(y_pred)
        kept = companion(be, mask, own, "mask")
        return be.xp.astype(same_rank(be, kept, len(be.shape(own)) - 1), be.xp.bool)

    @abstractmethod
    def _items(self, y_true: Any, y_pred: Any, mask: Any) -> Any:
        """The item losses; ``mask`` as :meth:`_mask` gives it."""


class BinaryCrossentropy(_Loss):
    """``keras.losses.BinaryCrossentropy``: :func:`binary_crossentropy`, weighed and reduced.

    With values v, means along the last axis, ``sample_weight`` s of their shape or a column, and
    ``mask`` m: ``"sum_over_batch_size"`` and ``"mean"`` are Σ s·v / number of values that m keeps;
    ``"mean_with_sample_weight"`` is Σ s·v / Σ s, s broadcast to the values; ``"sum"`` is Σ s·v;
    ``"none"`` and None are s·v. A mean of nothing is 0. For ``compile(loss=…)``: :meth:`keras`.

    >>> import numpy as np
    >>> from wce_core import dialects
    >>> y_true, y_pred = np.array([[0, 1], [0, 0]]), np.array([[0.6, 0.4], [0.4, 0.6]])
    >>> loss = dialects.keras.BinaryCrossentropy()
    >>> loss(y_true, y_pred).round(3), loss(y_true, y_pred, sample_weight=[1, 0]).round(3)
    (np.float64(0.815), np.float64(0.458))
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: KerasReduction | None = "sum_over_batch_size",
        name: str | None = "binary_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        self.from_logits, self.label_smoothing, self.axis = from_logits, label_smoothing, axis

    def _items(self, y_true: Any, y_pred: Any, mask: Any) -> Any:
        form = "logits" if self.from_logits else CLIPPED
        smoothing = self.label_smoothing
        return binary_items(y_true, y_pred, form, smoothing, self.axis, mask, self.dtype)


class CategoricalCrossentropy(_Loss):
    """``keras.losses.CategoricalCrossentropy``: :func:`categorical_crossentropy`, reduced.

    Weights, mask and reductions as in :class:`BinaryCrossentropy`, a value for each row.

    >>> import numpy as np
    >>> from wce_core import dialects
    >>> y_true = np.array([[0, 1, 0], [0, 0, 1]])
    >>> y_pred = np.array([[0.05, 0.95, 0], [0.1, 0.8, 0.1]])
    >>> loss = dialects.keras.CategoricalCrossentropy()
    >>> loss(y_true, y_pred).round(3), loss(y_true, y_pred, sample_weight=[0.3, 0.7]).round(3)
    (np.float64(1.177), np.float64(0.814))
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: KerasReduction | None = "sum_over_batch_size",
        name: str | None = "categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        self.from_logits, self.label_smoothing, self.axis = from_logits, label_smoothing, axis

    def _items(self, y_true: Any, y_pred: Any, mask: Any) -> Any:
        form = "logits" if self.from_logits else NORMALIZED
        smoothing = self.label_smoothing
        return categorical_items(y_true, y_pred, form, smoothing, self.axis, mask, self.dtype)


class SparseCategoricalCrossentropy(_Loss):
    """``keras.losses.SparseCategoricalCrossentropy``: of class indices, reduced.

    Weights, mask and reductions as in :class:`BinaryCrossentropy`, a value for each label; labels
    of ``ignore_class`` are masked too, so that means do not count them.

    >>> import numpy as np
    >>> from wce_core import dialects
    >>> y_pred = np.array([[0.05, 0.95, 0], [0.1, 0.8, 0.1]])
    >>> loss = dialects.keras.SparseCategoricalCrossentropy(ignore_class=1)
    >>> loss(np.array([1, 2]), y_pred).round(3)
    np.float64(2.303)
    """

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: KerasReduction | None = "sum_over_batch_size",
        axis: int = -1,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        self.from_logits, self.ignore_class, self.axis = from_logits, ignore_class, axis

    def _mask(self, y_true: Any, y_pred: Any, mask: Any) -> Any:
        kept = super()._mask(y_true, y_pred, mask)
        if self.ignore_class is None:
            return kept
        labels = sparse_labels(y_true, y_pred, self.ignore_class, self.axis)
        own = labels != self.ignore_class
        return own if kept is None else kept & own

    def _items(self, y_true: Any, y_pred: Any, mask: Any) -> Any:
        form = "logits" if self.from_logits else NORMALIZED
        ignored = self.ignore_class
        return sparse_items(y_true, y_pred, form, ignored, self.axis, mask, self.dtype)


def sample_weight_from_class_weight(
    y: Any, class_weight: Mapping[int, float], *, one_hot: bool | None = None
) -> Array:
    """The sample weights that ``model.fit(class_weight=…)`` makes of targets, for any rank.

    A label has the weight of its class, 1 if ``class_weight`` does not name it. Labels are whole
    numbers, after rounding half to even. Targets of rank 2 and more are rows of one-hot or soft
    targets, of which the first largest entry counts, unless their last axis has length 1; Keras
    goes no further than rank 2. ``one_hot=False`` takes every entry as a label, ``True`` the last
    axis as classes, whatever its length.

    The weights are float32, in the framework of ``y``, of the shape of ``y`` without its last axis,
    or of ``y`` itself for labels without one.

    A multi-hot row counts as its first class, and a row of zeros as class 0, as in Keras; weights
    of the labels themselves are ``losses.binary_cross_entropy(class_weight=…)``.

    >>> import numpy as np
    >>> from wce_core import dialects
    >>> dialects.keras.sample_weight_from_class_weight(np.array([0, 1, 2]), {0: 0.5, 1: 3.0})
    array([0.5, 3. , 1. ], dtype=float32)
    >>> rows = np.array([[[0, 1], [1, 0]]])
    >>> dialects.keras.sample_weight_from_class_weight(rows, {0: 0.5, 1: 3.0})
    array([[3. , 0.5]], dtype=float32)
    """
    be, y = plain(y)
    rank, column = len(be.shape(y)), False
    if one_hot is None:
        one_hot = rank > 1 and be.shape(y)[-1] != 1
        column = rank > 1 and not one_hot
    with be.scope():
        if one_hot:
            y = be.argmax(y, rank - 1)
        labels = be.xp.squeeze(y, axis=-1) if one_hot or column else y
        labels = be.xp.round(labels) if "float" in be.dtype_name(labels) else labels
        return _of_labels(be, labels, class_weight)


def _of_labels(be: Backend, labels: Array, class_weight: Mapping[int, float]) -> Array:
    xp = be.xp
    ones = weights = xp.ones_like(labels, dtype=xp.float32)
    for label, weight in class_weight.items():
        weights = xp.where(labels == label, ones * float(weight), weights)
    return weights
