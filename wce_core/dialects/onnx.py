"""ONNX operators of opset 13: ``SoftmaxCrossEntropyLoss`` and ``NegativeLogLikelihoodLoss``.

Inputs and attributes have ONNX' names. Classes stand along axis 1, so there is a batch. Weights may
be negative. A mean of nothing is NaN, with a gradient of 0.
"""

from __future__ import annotations

from typing import Any, Literal

from wce_core import losses
from wce_core.formulas.links import Softmax

from ..errors import choice_error, shape_error, value_error
from ..types import Array, Form
from ._arrays import companion, owner, readable

__all__ = ["negative_log_likelihood_loss", "softmax_cross_entropy_loss"]

OnnxReduction = Literal["none", "sum", "mean"]


def softmax_cross_entropy_loss(
    scores: Array,
    labels: Array,
    weights: Array | None = None,
    *,
    ignore_index: int | None = None,
    reduction: OnnxReduction = "mean",
    log_prob: bool = False,
) -> Any:
    """``SoftmaxCrossEntropyLoss`` (opset 13): −w_y·log softmax(scores)_y.

    ``scores`` (N, C, D1, …, Dk), ``labels`` (N, D1, …, Dk), ``weights`` (C,). Labels equal to
    ``ignore_index`` cost 0. ``"mean"`` is Σℓ / Σ w_y over the others. With ``log_prob=True`` the
    result is a pair with the operator's second output, log softmax(scores) of all classes; under
    ``value_and_grad`` of NumPy that one is a constant.

    Raises
    ------
    ValueError
        For shapes that do not fit, another reduction, and a label outside [0, C) that is not
        ``ignore_index``, where values can be read.

    Examples
    --------
    >>> import numpy as np
    >>> from wce_core import dialects
    >>> scores = np.array([[2.0, 0.0, 1.0], [0.0, 3.0, 0.0]])
    >>> loss, log_prob = dialects.onnx.softmax_cross_entropy_loss(
    ...     scores, np.array([0, 2]), np.array([1.0, 1.0, 4.0]), log_prob=True
    ... )
    >>> loss.round(4), log_prob[0].round(4)
    (np.float64(2.5575), array([-0.4076, -2.4076, -1.4076]))

    """
    loss = _loss(scores, labels, weights, ignore_index, reduction, "logits")
    return (loss, _log_softmax(scores)) if log_prob else loss


def negative_log_likelihood_loss(
    input: Array,  # noqa: A002  # ONNX' name
    target: Array,
    weight: Array | None = None,
    *,
    ignore_index: int | None = None,
    reduction: OnnxReduction = "mean",
) -> Any:
    """``NegativeLogLikelihoodLoss`` (opset 13): −w_y·x_y of log-probabilities x, not checked.

    Shapes, weights, ``ignore_index``, reductions and errors as in
    :func:`softmax_cross_entropy_loss`.

    >>> import numpy as np
    >>> from wce_core import dialects
    >>> x = np.array([[[1.0, 2.0], [2.0, 2.0], [3.0, 2.0]], [[0.0, 1.0], [2.0, 2.0], [1.0, 2.0]]])
    >>> target = np.array([[2, 1], [0, 2]])
    >>> dialects.onnx.negative_log_likelihood_loss(x, target, reduction="none")
    array([[-3., -2.],
           [ 0., -2.]])
    """
    return _loss(input, target, weight, ignore_index, reduction, "log_probabilities")


def _loss(
    scores: Any,
    labels: Any,
    weights: Any,
    ignore_index: int | None,
    reduction: OnnxReduction,
    form: Form,
) -> Any:
    if reduction not in ("none", "sum", "mean"):
        raise choice_error("reduction", reduction, ("none", "sum", "mean"))
    be, x = owner(scores)
    shape = be.shape(x)
    if len(shape) < 2:
        raise shape_error("scores", shape, "(N, C, …): a batch of rows")
    labels = companion(be, labels, x, "labels")
    if len(be.shape(labels)) != len(shape) - 1:
        raise shape_error("labels", be.shape(labels), f"{(shape[0], *shape[2:])}, a label per item")
    values = readable(be, labels)
    if values is not None:
        wrong = (values < 0) | (values >= shape[1]) | (values != values)
        wrong &= values != ignore_index
        if wrong.any():
            place = tuple(int(axis[0]) for axis in wrong.nonzero())
            raise value_error("labels", place, values[place], f"a class index in [0, {shape[1]})")
    return losses.cross_entropy(
        scores,
        labels,
        class_weight=weights,
        ignore_index=ignore_index,
        axis=1,
        form=form,
        reduction="weighted_mean" if reduction == "mean" else reduction,
        empty="nan",
        validate=False,
    )


def _log_softmax(scores: Any) -> Array:
    """The logarithms that the loss looks its own up in."""
    be, x = owner(scores)
    return 0.0 - Softmax().rows(be, x, 1).every(x)
