"""From a call to its explanation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import evaluate
from ..dispatch import numpy_backend
from ..evaluate import Spec, Weighed
from ..types import Arrays
from .recording import asked
from .result import ClassShare, Explanation
from .warnings import Batch, warnings_of


def explain(loss: Callable[..., Any], predictions: Any, *args: Any, **kwargs: Any) -> Explanation:
    """Say what the weights do to one batch: ``explain(losses.cross_entropy, logits, labels, …)``.

    ``loss`` is a loss of this library, a configured one, or a function that passes its first
    argument on to one; of several calls the first is explained. The arguments are those of the
    loss, arrays of any framework whose values can be read. Everything is computed in float64.

    The result holds each item's effective weight ω = factor · Σ_k w_k q_k, the item losses, the
    denominator that the reduction uses, and for each class its items, their Σω, and its shares of
    Σ|ℓ| and of Σ‖∂ℓ/∂x‖₂, the Euclidean norms of the items' gradients. An item counts for the class
    of its index; with soft targets for the first class of largest mass; binary, for 1 if y ≥ ½.
    Warnings say what often goes unnoticed: weights that cancel, classes that never occur, weights
    that shrink the loss under ``"mean"``, one item that outweighs the rest, no item left at all.

    Raises
    ------
    TypeError
        If ``loss`` calls no loss of this library, or does something else with the predictions.
    ValueError, TypeError
        What the loss itself raises.

    Examples
    --------
    >>> import numpy as np
    >>> import wce_core
    >>> from wce_core import losses
    >>> loss = losses.CrossEntropy(class_weight=[1.0, 9.0, 1.0], reduction="weighted_mean")
    >>> found = wce_core.explain(loss, np.zeros((1, 3)), np.array([1]))
    >>> found.weights.tolist(), found.denominator
    ([9.0], 9.0)
    >>> for warning in found.warnings:
    ...     print(warning)
    the one item's weight cancels in a weighted mean
    classes 0 and 2 never occur

    """
    spec, arrays = asked(loss, predictions, args, kwargs)
    with np.errstate(all="ignore"):
        weighed = evaluate.weigh(numpy_backend(), spec, arrays)
        batch = _batch(spec, arrays, weighed)
        under, value = _division(spec, arrays, weighed, batch.losses)
    items = tuple(n for axis, n in enumerate(arrays["predictions"].shape) if axis != spec.axis)
    return Explanation(
        reduction=spec.reduction,
        weights=batch.weights.reshape(items),
        losses=batch.losses.reshape(items),
        excluded=int((~batch.included).sum()),
        denominator=under,
        value=value,
        classes=_shares(batch),
        warnings=warnings_of(batch, spec.reduction, under),
    )


def _batch(spec: Spec, arrays: Arrays, weighed: Weighed) -> Batch:
    be = numpy_backend()
    rows = evaluate.rows_of(be, spec, arrays, weighed)
    losses = evaluate.item_losses(be, spec, weighed, weighed.mass.loss(spec.term, rows))
    scale = evaluate.scale_of(be, spec, weighed, None, arrays)
    slopes = weighed.mass.gradient(spec.term, rows, scale)
    norms = np.abs(slopes) if spec.axis is None else np.linalg.norm(slopes, axis=spec.axis)
    shape = losses.shape
    included = np.ones(shape, bool) if weighed.included is None else weighed.included
    return Batch(
        classes=spec.classes,
        labels=_labels(spec, arrays["targets"]).reshape(-1),
        weights=np.broadcast_to(evaluate.omega(be, spec, weighed), shape).reshape(-1),
        losses=losses.reshape(-1),
        norms=norms.reshape(-1),
        included=np.broadcast_to(included, shape).reshape(-1),
    )


def _labels(spec: Spec, targets: np.ndarray) -> np.ndarray:
    if spec.axis is None:
        return (targets >= 0.5).astype(np.int64)
    return targets if spec.index_targets else np.argmax(targets, axis=spec.axis)


def _division(
    spec: Spec, arrays: Arrays, weighed: Weighed, losses: np.ndarray
) -> tuple[float | None, float]:
    """The denominator and the value of the call."""
    be = numpy_backend()
    counts = evaluate.sums_over_items(be, spec, arrays, weighed)
    under = evaluate.denominator(be, spec, arrays, counts)
    if spec.reduction in ("none", "parts"):
        return None, float("nan")
    (value,) = evaluate.reduced(be, spec, arrays, losses.sum(), counts, under)
    return None if under is None else float(under), float(value)


def _shares(batch: Batch) -> tuple[ClassShare, ...]:
    loss, gradient = _portions(np.abs(batch.losses)), _portions(batch.norms)
    shares = []
    for label in range(batch.classes):
        own = batch.included & (batch.labels == label)
        sums = (float(values[own].sum()) for values in (batch.weights, loss, gradient))
        shares.append(ClassShare(label, int(own.sum()), *sums))
    return tuple(shares)


def _portions(values: np.ndarray) -> np.ndarray:
    """Shares of the sum; equal shares of the infinite ones where there are any; NaN counts 0."""
    values = np.nan_to_num(values, nan=0.0, posinf=np.inf)
    if np.isinf(values).any():
        values = np.isinf(values).astype(np.float64)
    total = values.sum()
    return values / total if total else values
