"""The losses. Their docstrings are the specification."""

from __future__ import annotations

from typing import Any

from .call import Options, evaluate
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
