"""``torch.nn.functional`` 2.13: PyTorch's weighted losses, on arrays of any framework.

Names, arguments, their order and defaults are PyTorch's. Classes stand along axis 1, or axis 0 of
an unbatched input. Weights may be negative, as in PyTorch; where values can be looked at, the same
errors are raised for the same labels and probabilities.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from wce_core import losses
from wce_core.formulas.layout import same_shape
from wce_core.frameworks.backend import Backend

from ..types import Array, Reduction
from ._arrays import (
    aligned_right,
    companion,
    outside_unit,
    owner,
    readable,
    refuse,
    smoothed,
)
from ._items import mean

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "multilabel_soft_margin_loss",
    "nll_loss",
    "soft_margin_loss",
]

FLOORED = losses.Probabilities(floor=-100.0)


def cross_entropy(
    input: Array,  # noqa: A002  # PyTorch's name
    target: Array,
    weight: Array | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Any:
    """``torch.nn.functional.cross_entropy``: from logits, to class indices or probabilities.

    Class indices y, of the shape of ``input`` without axis 1 (scalar for an ``input`` of rank 1):
    ℓ = −(1−ε)·w_y·log p_y − (ε/C)·Σ_k w_k log p_k; ``"mean"`` is Σℓ / Σ w_y over the labels that
    are not ``ignore_index``, so the smoothing stands in the numerator alone.
    Probabilities q, of the shape of ``input``: q ← (1−ε)·q + ε/C, ℓ = −Σ_k w_k q_k log p_k;
    ``"mean"`` is Σℓ / N, never by weights. A mean of nothing is NaN, with a gradient of 0.

    Raises
    ------
    IndexError
        For a label outside [0, C) that is not ``ignore_index``, where values can be read.
    RuntimeError
        For weights of another shape than (C,), a ``label_smoothing`` outside [0, 1], dense targets
        of integers or with an ``ignore_index`` from 0 on.
    ValueError
        For another ``reduction``, targets of another shape, or probabilities below 0.

    Examples
    --------
    >>> import numpy as np
    >>> from wce_core import dialects
    >>> x = np.array([[2.0, 0.0, 1.0], [0.0, 3.0, 0.0]])
    >>> w = np.array([1.0, 1.0, 4.0])
    >>> dialects.torch.cross_entropy(x, np.array([0, 2]), weight=w).round(4)
    np.float64(2.5575)
    >>> dialects.torch.cross_entropy(x, np.array([0, 2]), weight=w, label_smoothing=0.1).round(4)
    np.float64(2.4618)

    """
    be, x = owner(input)
    reduction = _reduction(size_average, reduce, reduction)
    if not 0.0 <= label_smoothing <= 1.0:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    target = companion(be, target, x, "target")
    _check_class_weight(be, x, weight)
    if same_shape(be.shape(target), be.shape(x)):
        return _dense(be, x, input, target, weight, ignore_index, reduction, label_smoothing)
    return _indexed(be, x, input, target, weight, ignore_index, reduction, label_smoothing)


def nll_loss(
    input: Array,  # noqa: A002  # PyTorch's name
    target: Array,
    weight: Array | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """``torch.nn.functional.nll_loss``: −w_y·x_y of log-probabilities x, which are not checked.

    Shapes, weights, ``ignore_index``, reductions and errors as in :func:`cross_entropy` of class
    indices; ``"mean"`` is Σℓ / Σ w_y.

    >>> import numpy as np
    >>> from wce_core import dialects
    >>> x = np.log([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]])
    >>> dialects.torch.nll_loss(x, np.array([0, 2]), reduction="none").round(4)
    array([0.6931, 2.3026])
    """
    be, x = owner(input)
    reduction = _reduction(size_average, reduce, reduction)
    target = companion(be, target, x, "target")
    _check_class_weight(be, x, weight)
    form = "log_probabilities"
    return _indexed(be, x, input, target, weight, ignore_index, reduction, 0.0, form)


def binary_cross_entropy(
    input: Array,  # noqa: A002  # PyTorch's name
    target: Array,
    weight: Array | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """``torch.nn.functional.binary_cross_entropy``: from probabilities, their logarithms ≥ −100.

    ℓ = −w·(y·max(log p, −100) + (1−y)·max(log(1−p), −100)); ``"mean"`` is Σℓ over the number of
    elements, whatever the weights. ``weight`` is broadcast to ``input``, from the right. The
    gradient is that of this formula: 0 where a logarithm is bounded, where PyTorch has ±1e12.

    Raises
    ------
    RuntimeError
        For an ``input`` outside [0, 1], where values can be read.
    ValueError
        For a target of another shape or outside [0, 1], and another ``reduction``.

    Examples
    --------
    >>> import numpy as np
    >>> from wce_core import dialects
    >>> p, y = np.array([0.5, 0.9, 0.0]), np.array([1.0, 1.0, 1.0])
    >>> dialects.torch.binary_cross_entropy(p, y, reduction="none").round(4)
    array([  0.6931,   0.1054, 100.    ])

    """
    be, x = owner(input)
    expected = "all elements of input should be between 0 and 1"
    refuse(be, x, "input", outside_unit, expected, RuntimeError)
    return _binary(input, target, weight, None, size_average, reduce, reduction, FLOORED)


def binary_cross_entropy_with_logits(
    input: Array,  # noqa: A002  # PyTorch's name
    target: Array,
    weight: Array | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: Array | None = None,
) -> Any:
    """``torch.nn.functional.binary_cross_entropy_with_logits``.

    ℓ = w·(pos_weight·y·softplus(−x) + (1−y)·softplus(x)); ``"mean"`` is Σℓ over the number of
    elements. ``weight`` and ``pos_weight`` are broadcast to ``input``, from the right.

    Raises
    ------
    ValueError
        For a target of another shape or outside [0, 1], weights that do not broadcast, and another
        ``reduction``.

    Examples
    --------
    >>> import numpy as np
    >>> from wce_core import dialects
    >>> x, y = np.array([[0.0, 2.0]]), np.array([[1.0, 0.0]])
    >>> p = np.array([3.0, 1.0])
    >>> dialects.torch.binary_cross_entropy_with_logits(
    ...     x, y, pos_weight=p, reduction="none"
    ... ).round(4)
    array([[2.0794, 2.1269]])

    """
    return _binary(input, target, weight, pos_weight, size_average, reduce, reduction, "logits")


def multilabel_soft_margin_loss(
    input: Array,  # noqa: A002  # PyTorch's name
    target: Array,
    weight: Array | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """``torch.nn.functional.multilabel_soft_margin_loss``: a mean over labels, the last axis.

    ℓ = (1/C)·Σ_c w_c·(y_c·softplus(−x_c) + (1−y_c)·softplus(x_c)), an item per row; ``"mean"`` is
    Σℓ over the number of rows. ``weight`` is broadcast to ``input``, from the right.

    >>> import numpy as np
    >>> from wce_core import dialects
    >>> x, y = np.array([[0.0, 2.0], [1.0, -1.0]]), np.array([[1, 0], [1, 0]])
    >>> dialects.torch.multilabel_soft_margin_loss(x, y, reduction="none").round(4)
    array([1.41  , 0.3133])
    """
    be, x = owner(input)
    reduction = _reduction(size_average, reduce, reduction)
    target = companion(be, target, x, "target")
    _check_binary_targets(be, target, x)
    options: dict[str, Any] = {"validate": False, **_laid(be, x, "sample_weight", weight)}
    if reduction == "none":
        items = losses.binary_cross_entropy(input, target, reduction="none", **options)
        return mean(items, -1)
    if reduction == "sum":
        labels = float(be.length(x, -1))
        return losses.binary_cross_entropy(
            input, target, reduction="sum", normalizer=labels, **options
        )
    return losses.binary_cross_entropy(input, target, reduction="mean", empty="nan", **options)


def soft_margin_loss(
    input: Array,  # noqa: A002  # PyTorch's name
    target: Array,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """``torch.nn.functional.soft_margin_loss``: log(1 + exp(−y·x)) for targets y of −1 and 1.

    Other targets are refused where values can be read, and have a loss of NaN elsewhere. Finite
    for every finite x, where PyTorch overflows.

    >>> import numpy as np
    >>> from wce_core import dialects
    >>> x, y = np.array([0.0, 2.0, -100.0]), np.array([1, -1, 1])
    >>> dialects.torch.soft_margin_loss(x, y, reduction="none").round(4)
    array([  0.6931,   2.1269, 100.    ])
    """
    be, x = owner(input)
    target = companion(be, target, x, "target")
    refuse(be, target, "target", lambda y: (y != 1) & (y != -1), "-1 or 1")
    xp, ones = be.xp, be.xp.ones_like(target, dtype=x.dtype)
    positive = xp.where(target == 1, ones, xp.where(target == -1, 0.0 * ones, -ones))
    return _binary(input, positive, None, None, size_average, reduce, reduction, "logits")


# What they share ---------------------------------------------------------------------------------


def _reduction(size_average: bool | None, reduce: bool | None, reduction: str) -> str:
    """``reduction``, unless PyTorch's deprecated arguments overrule it."""
    if size_average is not None or reduce is not None:
        if reduce is False:
            return "none"
        return "sum" if size_average is False else "mean"
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    return reduction


def _check_class_weight(be: Backend, x: Array, weight: Any) -> None:
    if weight is None:
        return
    classes = be.shape(x)[_class_axis(be, x)]
    shape = be.shape(companion(be, weight, x, "weight"))
    if shape != (classes,):
        raise RuntimeError(
            "weight tensor should be defined either for all "
            f"{classes} classes or no classes but got weight tensor of shape: {list(shape)}"
        )


def _class_axis(be: Backend, x: Array) -> int:
    rank = len(be.shape(x))
    if rank == 0:
        raise ValueError("Expected 1 or more dimensions (got 0)")
    return 0 if rank == 1 else 1


def _dense(
    be: Backend,
    x: Array,
    predictions: Array,
    target: Array,
    weight: Array | None,
    ignore_index: int,
    reduction: str,
    epsilon: float,
) -> Any:
    kind = be.dtype_name(target)
    if "float" not in kind:
        raise RuntimeError(
            f"Expected floating point type for target with class probabilities, got {kind}"
        )
    if ignore_index >= 0:
        raise RuntimeError("ignore_index is not supported for floating point target")
    refuse(be, target, "target", lambda q: q < 0, "a probability from 0 on")
    axis = _class_axis(be, x)
    return losses.cross_entropy(
        predictions,
        smoothed(be, target, epsilon, be.shape(x)[axis]),
        class_weight=weight,
        axis=axis,
        reduction=cast(Reduction, reduction),
        empty="nan",
        validate=False,
    )


def _indexed(
    be: Backend,
    x: Array,
    predictions: Array,
    target: Array,
    weight: Array | None,
    ignore_index: int,
    reduction: str,
    epsilon: float,
    form: Any = "logits",
) -> Any:
    axis = _class_axis(be, x)
    kind = be.dtype_name(target)
    if "int" not in kind:
        raise RuntimeError(f"expected scalar type Long but found {kind}")
    _check_labels(be, target, int(be.shape(x)[axis] or 0), ignore_index)
    options: dict[str, Any] = {"reduction": reduction}
    if reduction == "mean" and weight is not None and epsilon:
        # Σ w_y: the denominator leaves the smoothing out.
        options = {
            "reduction": "sum",
            "normalizer": _label_weight(be, x, target, weight, ignore_index),
        }
    elif reduction == "mean" and weight is not None:
        options = {"reduction": "weighted_mean"}
    return losses.cross_entropy(
        predictions,
        target,
        class_weight=weight,
        ignore_index=ignore_index,
        label_smoothing=epsilon,
        axis=axis,
        form=form,
        empty="nan",
        validate=False,
        **options,
    )


def _check_labels(be: Backend, target: Array, classes: int, ignore_index: int) -> None:
    values = readable(be, target)
    if values is None:
        return
    wrong = values[((values < 0) | (values >= classes)) & (values != ignore_index)]
    if wrong.size:
        raise IndexError(f"Target {np.ravel(wrong)[0]} is out of bounds.")


def _label_weight(be: Backend, x: Array, target: Array, weight: Any, ignore_index: int) -> Array:
    """Σ w_y over the labels that are not ignored."""
    xp = be.xp
    weight = xp.reshape(companion(be, weight, x, "weight"), (1, -1))
    target = xp.reshape(xp.astype(target, be.dtype(be.index_dtype)), (-1, 1))
    kept = (target != ignore_index) & (target >= 0) & (target < be.shape(weight)[1])
    own = be.take(weight, xp.where(kept, target, 0), 1)
    return xp.sum(xp.where(kept, own, 0.0))


def _check_binary_targets(be: Backend, target: Array, x: Array) -> None:
    shape, own = be.shape(target), be.shape(x)
    if not same_shape(shape, own):
        raise ValueError(f"Target size ({shape}) must be the same as input size ({own})")
    refuse(be, target, "target", outside_unit, "a target in [0, 1]")


def _laid(be: Backend, x: Array, name: str, weights: Any) -> dict[str, Any]:
    """Weights under a name of the core's, with the rank of the predictions."""
    if weights is None:
        return {}
    own = companion(be, weights, x, name)
    return {name: aligned_right(be, own, len(be.shape(x)))}


def _binary(
    predictions: Array,
    target: Array,
    weight: Array | None,
    pos_weight: Array | None,
    size_average: bool | None,
    reduce: bool | None,
    reduction: str,
    form: Any,
) -> Any:
    be, x = owner(predictions)
    reduction = _reduction(size_average, reduce, reduction)
    target = companion(be, target, x, "target")
    _check_binary_targets(be, target, x)
    return losses.binary_cross_entropy(
        predictions,
        target,
        axis=0 if len(be.shape(x)) == 1 else None,
        form=form,
        reduction=cast(Reduction, reduction),
        empty="nan",
        validate=False,
        **_laid(be, x, "sample_weight", weight),
        **positive_weight(be, x, pos_weight),
    )


def positive_weight(be: Backend, x: Array, weights: Any) -> dict[str, Any]:
    """``pos_weight``, broadcast from the right, as the core takes it."""
    laid = _laid(be, x, "pos_weight", weights)
    if laid and all(n == 1 for n in be.shape(laid["pos_weight"])):
        laid["pos_weight"] = be.xp.reshape(laid["pos_weight"], ())
    return laid
