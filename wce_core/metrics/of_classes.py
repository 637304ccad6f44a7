"""Which of several classes was called, and whether it is right: ``outcomes``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Unpack

from wce_core.arrays.ops import ArrayOps
from wce_core.compilers import do_not_convert
from wce_core.losses.further import completed_by
from wce_core.types import Array, Arrays

from .arguments import class_arguments
from .described import Call, sums_of
from .items import items_of
from .outcome_sums import ClassOutcomes
from .signatures import OfClasses
from .tally import By, everything, tally, unknown


@dataclass(frozen=True)
class _OfClasses:
    """TP, FP, FN and TN of each class by argmax."""

    call: Call

    def __call__(self, ops: ArrayOps, arrays: Arrays) -> tuple[Array, ...]:
        spec, classes = self.call.spec, self.call.classes
        items = items_of(ops, spec, arrays)
        called = ops.argmax(items.predictions, spec.axis or 0)
        right = items.true == called
        hit = items.weight * ops.cast(right, spec.accumulate)
        miss = items.weight * ops.cast(~right, spec.accumulate)
        tp = tally(ops, hit, By(items.true, classes))
        fp = tally(ops, miss, By(called, classes))
        fn = tally(ops, miss, By(items.true, classes))
        whole = everything(ops, items.weight, spec.accumulate)
        rest = whole - tp - fp - fn
        tn = ops.xp.where(rest < 0, ops.xp.zeros_like(rest), rest)  # of what rounding leaves
        # XLA makes 0 of NaN times whether it is right.
        lost = unknown(ops, whole)
        return tuple(ops.cast(each + lost, self.call.result) for each in (tp, fp, fn, tn))


@completed_by(class_arguments)
@do_not_convert
def outcomes(predictions: Array, targets: Array, **rest: Unpack[OfClasses]) -> ClassOutcomes:
    """Weighted true and false positives and negatives of C exclusive classes, by argmax.

    An item is called the class with the largest prediction, of equal ones that with the lowest
    index. With the effective weight ω_k = s·w_k·q_k of class k in an item, everything is the sum of
    such weights over items: TP_k of those that are called k, FN_k of those that are not, FP_k of
    other classes in items that are called k.

    Returns
    -------
    ClassOutcomes
        Four arrays of shape (C,), to be added up over batches. ``accuracy()``,
        ``balanced_accuracy()``, ``precision()``, ``recall()``, ``f1()``, ``iou()``. Float64; of
        JAX, where its programs have float64. NaN throughout if an item that is not excluded has a
        prediction of NaN, or a label that names no class where nobody looked.

    Examples
    --------
    >>> from wce_core.metrics import ClassOutcomes, outcomes
    >>> first = outcomes([[2.0, 0.0, 1.0], [0.0, 3.0, 0.0]], [0, 2])
    >>> second = outcomes([[0.0, 1.0, 1.0], [0.0, 3.0, 9.0]], [1, 2], sample_weight=[1.0, 2.0])
    >>> both = first + second
    >>> both.tp, both.fp, both.fn
    (array([1., 1., 2.]), array([0., 1., 0.]), array([0., 0., 1.]))
    >>> both.accuracy(), both.f1(average="macro").round(4)
    (np.float64(0.8), np.float64(0.8222))

    """
    options, given = class_arguments(**rest)
    return ClassOutcomes(*sums_of(_OfClasses, options, predictions, targets, given))
