"""Whether class 1 was called at a threshold, and whether it is right: ``binary_outcomes``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from math import log
from typing import Any, Unpack

import numpy as np

from wce_core.arrays.numerics import along
from wce_core.arrays.ops import ArrayOps
from wce_core.compilers import do_not_convert
from wce_core.errors import shape_error
from wce_core.losses.further import completed_by
from wce_core.scalars import number
from wce_core.types import Array, Arrays

from .arguments import label_arguments
from .described import Call, sums_of
from .items import Items, items_of
from .outcome_sums import BinaryOutcomes
from .signatures import OfLabels
from .tally import By, tally

HALF = {"logits": 0.0, "probabilities": 0.5, "log_probabilities": log(0.5)}
"""p = ½ in each form."""


@dataclass(frozen=True)
class _OfLabels:
    """TP, FP, FN and TN of class 1, for each label."""

    call: Call
    thresholds: tuple[float, ...]

    def __call__(self, ops: ArrayOps, arrays: Arrays) -> tuple[Array, ...]:
        items = items_of(ops, self.call.spec, arrays)
        positive = items.predictions >= self._laid(ops, items.predictions)
        called = ops.xp.expand_dims(ops.cast(positive, ops.index_dtype), axis=-1)
        by = (*labels_of(ops, self.call, items), By(items.true, 2), By(called, 2))
        found = tally(ops, items.weight, *by, apart=len(by) - 2)
        found = ops.cast(found, self.call.result)
        return tuple(found[..., true, called] for true, called in ((1, 1), (0, 1), (1, 0), (0, 0)))

    def _laid(self, ops: ArrayOps, scores: Array) -> Array:
        """In the dtype of scores: what both were before they were rounded to it is equal."""
        row = ops.asarray(np.array(self.thresholds), scores)
        laid = along(ops.xp, row, self.call.label_axis or 0, scores.ndim)
        return ops.cast(laid, ops.dtype_name(scores))


def labels_of(ops: ArrayOps, call: Call, items: Items) -> tuple[By, ...]:
    """The label of each weight, where labels are counted apart."""
    if call.label_axis is None:
        return ()
    index: Any = items.true
    places = ops.arange(call.classes, index)
    return (By(along(ops.xp, places, call.label_axis, items.weight.ndim), call.classes),)


@completed_by(label_arguments)
@do_not_convert
def binary_outcomes(  # noqa: D417  # the rest is documented where it comes from
    predictions: Array, targets: Array, *, threshold: Any = None, **rest: Unpack[OfLabels]
) -> BinaryOutcomes:
    """Weighted true and false positives and negatives of class 1, at a threshold.

    An element is called class 1 where its prediction is at least the threshold. TP and FN are sums
    of s·w₁·y over elements that are called so and that are not; FP and TN of s·w₀·(1 − y).

    Parameters
    ----------
    threshold
        In the scale of the predictions, and rounded to their dtype: of logits a logit. A number, or
        with ``axis`` one for each label. None: that of p = ½, which is 0 for logits.

    Returns
    -------
    BinaryOutcomes
        Four numbers, or arrays of shape (L,), to be added up over batches. ``accuracy()``,
        ``balanced_accuracy()``, ``precision()``, ``recall()``, ``specificity()``, ``f1()``,
        ``iou()``, ``confusion_matrix()``. Float64; of JAX, where its programs have float64. NaN
        throughout a label if an element of it that is not excluded has a prediction of NaN, or a
        target outside [0, 1] where nobody looked.

    See Also
    --------
    best_threshold : the one that is best for data with targets.

    Examples
    --------
    >>> from wce_core.metrics import binary_outcomes
    >>> scores = [[0.9, 0.2], [0.4, 0.7], [0.6, 0.1]]
    >>> labels = [[1, 0], [1, 1], [0, 1]]
    >>> found = binary_outcomes(scores, labels, form="probabilities", axis=1)
    >>> found.f1(), found.f1(average="micro").round(4)
    (array([0.5       , 0.66666667]), np.float64(0.5714))
    >>> binary_outcomes(scores, labels, form="probabilities", threshold=0.15).recall()
    np.float64(0.75)

    """
    options, given = label_arguments(**rest)
    tuple_of = _thresholds(threshold, options.form_name)
    kind = partial(_checked, thresholds=tuple_of)
    return BinaryOutcomes(*sums_of(kind, options, predictions, targets, given))


def _thresholds(threshold: Any, form: str) -> tuple[float, ...]:
    """Numbers that can be compared with."""
    if threshold is None:
        return (HALF[form],)
    several = threshold.tolist() if hasattr(threshold, "tolist") else threshold
    listed = several if isinstance(several, (list, tuple)) else [threshold]
    found = tuple(float(number("threshold", each, "a number")) for each in listed)
    if any(each != each for each in found):
        raise ValueError("threshold is NaN, which nothing is compared with")
    return found


def _checked(call: Call, thresholds: tuple[float, ...]) -> _OfLabels:
    if len(thresholds) not in (1, call.classes):
        labels = "no label axis" if call.label_axis is None else f"{call.classes} labels"
        raise shape_error(
            "threshold", (len(thresholds),), f"a number, or one per label; there are {labels}"
        )
    return _OfLabels(call, thresholds)
