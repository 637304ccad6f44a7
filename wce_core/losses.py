"""The losses. Their docstrings are the specification."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from .call import Options, evaluate
from .constants import frozen, thawed
from .terms import NEGATIVE_LOG_LIKELIHOOD
from .types import (
    Array,
    ClassWeight,
    Empty,
    Form,
    Precision,
    Reduction,
    Smoothing,
    SoftWeighting,
)


def cross_entropy(
    predictions: Array,
    targets: Array,
    *,
    class_weight: ClassWeight | None = None,
    sample_weight: Array | None = None,
    mask: Array | None = None,
    ignore_index: int | None = None,
    cost_matrix: Array | None = None,
    label_smoothing: float = 0.0,
    smoothing: Smoothing = "uniform",
    soft_weighting: SoftWeighting = "per_class",
    axis: int = -1,
    form: Form = "logits",
    clip: float | None = None,
    reduction: Reduction = "mean",
    normalizer: Any = None,
    empty: Empty = "zero",
    precision: Precision = "native",
    dtype: Any = None,
    validate: bool | None = None,
) -> Any:
    """Multi-class cross-entropy."""
    options = Options(
        categorical=True,
        term=NEGATIVE_LOG_LIKELIHOOD,
        axis=axis,
        label_smoothing=label_smoothing,
        smoothing=smoothing,
        soft_weighting=soft_weighting,
        form=form,
        clip=clip,
        reduction=reduction,
        empty=empty,
        precision=precision,
        dtype=dtype,
        validate=validate,
    )
    given = {
        "class_weight": class_weight,
        "sample_weight": sample_weight,
        "mask": mask,
        "ignore_index": ignore_index,
        "cost_matrix": cost_matrix,
        "normalizer": normalizer,
    }
    return evaluate(options, predictions, targets, given)


def binary_cross_entropy(
    predictions: Array,
    targets: Array,
    *,
    class_weight: ClassWeight | None = None,
    pos_weight: Any = None,
    sample_weight: Array | None = None,
    mask: Array | None = None,
    ignore_index: float | None = None,
    label_smoothing: float = 0.0,
    soft_weighting: SoftWeighting = "per_class",
    axis: int | None = None,
    form: Form = "logits",
    clip: float | None = None,
    reduction: Reduction = "mean",
    normalizer: Any = None,
    empty: Empty = "zero",
    precision: Precision = "native",
    dtype: Any = None,
    validate: bool | None = None,
) -> Any:
    """Binary and multi-label cross-entropy."""
    options = Options(
        categorical=False,
        term=NEGATIVE_LOG_LIKELIHOOD,
        axis=axis,
        label_smoothing=label_smoothing,
        smoothing="uniform",
        soft_weighting=soft_weighting,
        form=form,
        clip=clip,
        reduction=reduction,
        empty=empty,
        precision=precision,
        dtype=dtype,
        validate=validate,
    )
    given = {
        "class_weight": class_weight,
        "pos_weight": pos_weight,
        "sample_weight": sample_weight,
        "mask": mask,
        "ignore_index": ignore_index,
        "normalizer": normalizer,
    }
    return evaluate(options, predictions, targets, given)


@dataclass(frozen=True, kw_only=True)
class _Configured:
    """What both configured losses are: their arguments, frozen."""

    class_weight: Any = None
    ignore_index: Any = None
    label_smoothing: float = 0.0
    soft_weighting: SoftWeighting = "per_class"
    form: Form = "logits"
    clip: float | None = None
    reduction: Reduction = "mean"
    empty: Empty = "zero"
    precision: Precision = "native"
    dtype: Any = None
    validate: bool | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            object.__setattr__(self, field.name, frozen(getattr(self, field.name)))

    def __repr__(self) -> str:
        given = ", ".join(
            f"{field.name}={getattr(self, field.name)!r}"
            for field in fields(self)
            if getattr(self, field.name) != field.default
        )
        return f"{type(self).__name__}({given})"

    def _arguments(self) -> dict[str, Any]:
        return {field.name: thawed(getattr(self, field.name)) for field in fields(self)}

    def keras(self) -> Any:
        """This loss for Keras 3: a ``keras.losses.Loss``, called as ``(y_true, y_pred)``.

        Keras passes targets first. The losses of this library take predictions first, and one of
        them passed to ``compile(loss=...)`` would train silently on swapped arguments.

        ``sample_weight`` and Keras masks, as ``fit`` passes them, count as ``sample_weight`` and
        ``mask`` of this loss, in its own reduction. Labels that Keras delivers as floats are taken
        as class indices, and so is a label axis of length 1.
        """
        from wce_backends.keras import KerasLoss

        return KerasLoss(self)


@dataclass(frozen=True, kw_only=True, repr=False)
class CrossEntropy(_Configured):
    """:func:`cross_entropy` with its arguments fixed: immutable, comparable, hashable.

    Called as ``loss(predictions, targets, sample_weight=None, mask=None, normalizer=None)``.

    >>> import numpy as np
    >>> loss = CrossEntropy(class_weight={0: 1.0, 1: 3.0}, reduction="weighted_mean")
    >>> loss
    CrossEntropy(class_weight={0: 1.0, 1: 3.0}, reduction='weighted_mean')
    >>> round(float(loss(np.zeros((4, 2)), np.array([0, 1, 1, 0]))), 6)
    0.693147
    >>> loss == CrossEntropy(class_weight={0: 1.0, 1: 3.0}, reduction="weighted_mean")
    True
    """

    cost_matrix: Any = None
    smoothing: Smoothing = "uniform"
    axis: int = -1

    def __call__(
        self,
        predictions: Array,
        targets: Array,
        *,
        sample_weight: Array | None = None,
        mask: Array | None = None,
        normalizer: Any = None,
    ) -> Any:
        """:func:`cross_entropy` of these arrays."""
        return cross_entropy(
            predictions,
            targets,
            sample_weight=sample_weight,
            mask=mask,
            normalizer=normalizer,
            **self._arguments(),
        )


@dataclass(frozen=True, kw_only=True, repr=False)
class BinaryCrossEntropy(_Configured):
    """:func:`binary_cross_entropy` with its arguments fixed: immutable, comparable, hashable.

    Called as ``loss(predictions, targets, sample_weight=None, mask=None, normalizer=None)``.

    >>> BinaryCrossEntropy(pos_weight=[1.0, 9.0], reduction="sum")
    BinaryCrossEntropy(reduction='sum', pos_weight=[1.0, 9.0])
    """

    pos_weight: Any = None
    axis: int | None = None

    def __call__(
        self,
        predictions: Array,
        targets: Array,
        *,
        sample_weight: Array | None = None,
        mask: Array | None = None,
        normalizer: Any = None,
    ) -> Any:
        """:func:`binary_cross_entropy` of these arrays."""
        return binary_cross_entropy(
            predictions,
            targets,
            sample_weight=sample_weight,
            mask=mask,
            normalizer=normalizer,
            **self._arguments(),
        )
