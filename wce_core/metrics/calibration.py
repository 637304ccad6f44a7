"""Whether what is said with a probability is right as often: ``calibration``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from math import nan
from typing import Any, NamedTuple, Unpack

from wce_core.arrays.ops import ArrayOps
from wce_core.arrays.rounding import widened
from wce_core.call.mergeable import Mergeable
from wce_core.compilers import do_not_convert
from wce_core.errors import range_error
from wce_core.evaluation.options import Options
from wce_core.formulas.links import CHANCES, READINGS
from wce_core.losses.further import completed_by
from wce_core.scalars import integer
from wce_core.types import Array, Arrays

from .arguments import class_arguments, label_arguments
from .described import Call, sums_of
from .items import Items, items_of
from .of_labels import labels_of
from .ratios import framework_of, ratio
from .signatures import OfClasses, OfLabels
from .tally import By, tally


class _Sums(NamedTuple):
    weight: Any
    """Weight of what was said with a probability in each bin."""
    confidence: Any
    """The same times that probability."""
    hits: Any
    """The weight of what of it is right."""


class Calibration(Mergeable, _Sums):
    """What was said with a probability in each bin, and what of it is right; can be added up.

    Bins are the last axis: of B bins, bin b has the probabilities p with b/B ≤ p < (b + 1)/B, the
    last one p = 1, too.

    >>> from wce_core.metrics import binary_calibration
    >>> found = binary_calibration([0.2, 0.8, 0.9], [0, 1, 0], form="probabilities", bins=2)
    >>> found.weight, found.hits
    (array([1., 2.]), array([0., 1.]))
    >>> found.expected_error().round(4), found.maximum_error().round(4)
    (np.float64(0.3), np.float64(0.35))
    """

    __slots__ = ()

    def expected_error(self, empty: float = 0.0) -> Any:
        """Expected calibration error: Σ_b |hits − confidence| / Σ_b weight."""
        be, (weight, confidence, hits) = framework_of(*self)
        with be.scope():
            gap = be.xp.abs(hits - confidence)
        return ratio(gap, weight, weight, average="micro", empty=empty)

    def maximum_error(self) -> Any:
        """The largest |hits − confidence| / weight of a bin that has something in it."""
        be, (weight, confidence, hits) = framework_of(*self)
        with be.scope():
            gap = be.xp.abs(hits - confidence)
        each = ratio(gap, weight, weight)
        with be.scope():
            return be.xp.max(each, axis=-1) if be.shape(each) else each

    def mean_confidence(self, empty: float = nan) -> Any:
        """confidence / weight of each bin: where it stands in a reliability diagram."""
        return ratio(self.confidence, self.weight, self.weight, empty=empty)

    def share_right(self, empty: float = nan) -> Any:
        """hits / weight of each bin: how high it stands there."""
        return ratio(self.hits, self.weight, self.weight, empty=empty)


@dataclass(frozen=True)
class _Bins:
    """The sums of each bin: of the called class, or of class 1."""

    call: Call
    bins: int

    def __call__(self, ops: ArrayOps, arrays: Arrays) -> tuple[Array, ...]:
        items = items_of(ops, self.call.spec, arrays)
        read = self._of_labels if self.call.spec.axis is None else self._of_classes
        p, weight, hits, labels = read(ops, items)
        weight = weight + _missing(ops, p)
        by = (*labels, By(self._bin(ops, p), self.bins))
        sums = weight, weight * p, hits + 0.0 * weight
        found = (tally(ops, each, *by, apart=len(labels)) for each in sums)
        return tuple(ops.cast(each, self.call.result) for each in found)

    def _of_classes(self, ops: ArrayOps, items: Items) -> tuple[Array, Array, Array, Any]:
        """The probability of the called class, and what of the item it is."""
        spec, xp, axis = self.call.spec, ops.xp, self.call.spec.axis or 0
        link: Any = READINGS[CHANCES][self.call.form](None)
        wide = widened(ops, items.predictions, spec.accumulate)
        p = xp.max(link.rows(ops, wide, axis).every(wide), axis=axis, keepdims=True)
        right = items.true == ops.argmax(items.predictions, axis)
        hits = items.weight * ops.cast(right, spec.accumulate)
        whole, hits = (_along(ops, each, axis) for each in (items.weight, hits))
        return p, whole, hits, ()

    def _of_labels(self, ops: ArrayOps, items: Items) -> tuple[Array, Array, Array, Any]:
        """The probability of class 1, and what of the element it is."""
        wide = widened(ops, items.predictions, self.call.spec.accumulate)
        p = ops.xp.expand_dims(_chance(ops, wide, self.call.form), axis=-1)
        hits = items.weight * ops.cast(items.true == 1, self.call.spec.accumulate)
        labels = labels_of(ops, self.call, items)
        return p, _along(ops, items.weight, -1), _along(ops, hits, -1), labels

    def _bin(self, ops: ArrayOps, p: Array) -> Array:
        """How many edges p has reached: by comparing, for compilers have quotients of their own."""
        number = ops.xp.zeros_like(p, dtype=ops.dtype(ops.index_dtype))
        for place in range(1, self.bins):
            number = number + ops.cast(p >= place / self.bins, ops.index_dtype)
        return number


def _missing(ops: ArrayOps, p: Array) -> Array:
    return ops.xp.where(p == p, ops.xp.zeros_like(p), p)


def _along(ops: ArrayOps, weight: Array, axis: int) -> Array:
    return ops.xp.sum(weight, axis=axis, keepdims=True, dtype=weight.dtype)


def _chance(ops: ArrayOps, predictions: Array, form: str) -> Array:
    """p of class 1."""
    if form == "logits":
        return 1.0 / (1.0 + ops.xp.exp(-predictions))
    return ops.xp.exp(predictions) if form == "log_probabilities" else predictions


@completed_by(class_arguments)
@do_not_convert
def calibration(  # noqa: D417  # the rest is documented where it comes from
    predictions: Array, targets: Array, *, bins: int = 15, **rest: Unpack[OfClasses]
) -> Calibration:
    """What classes are called with a probability in each of several bins, and what of it is right.

    Of each item the class with the largest prediction counts, of equal ones that with the lowest
    index, with its probability p: weight is Σ ω over the items whose p is in a bin, confidence
    Σ ω·p, and hits Σ s·w_k·q_k of the called class k. The expected calibration error [1]_ is
    Σ_b |hits − confidence| / Σ_b weight.

    Parameters
    ----------
    bins
        How many there are, of equal width. An edge belongs to the bin above it, 1 to the last.

    Returns
    -------
    Calibration
        Three arrays of shape (bins,), to be added up over batches. ``expected_error()``,
        ``maximum_error()``, ``mean_confidence()``, ``share_right()``. Float64; of JAX, where its
        programs have float64. NaN throughout if an item that is not excluded has no probability, or
        a label that names no class where nobody looked.

    References
    ----------
    .. [1] C. Guo, G. Pleiss, Y. Sun and K. Q. Weinberger, "On calibration of modern neural
       networks", ICML 2017.

    Examples
    --------
    >>> from wce_core.metrics import calibration
    >>> p = [[0.9, 0.1], [0.7, 0.3], [0.2, 0.8]]
    >>> calibration(p, [0, 1, 1], form="probabilities", bins=10).expected_error().round(4)
    np.float64(0.3333)

    """
    options, given = class_arguments(**rest)
    return _calibration(options, predictions, targets, given, bins)


@completed_by(label_arguments)
@do_not_convert
def binary_calibration(  # noqa: D417  # the rest is documented where it comes from
    predictions: Array, targets: Array, *, bins: int = 15, **rest: Unpack[OfLabels]
) -> Calibration:
    """What is said of class 1 with a probability in each of several bins, and how much is of it.

    With the probability p of class 1: weight is Σ ω over the elements whose p is in a bin,
    confidence Σ ω·p, and hits Σ s·w₁·y.

    Parameters
    ----------
    bins
        How many there are, of equal width. An edge belongs to the bin above it, 1 to the last.

    Returns
    -------
    Calibration
        Three arrays of shape (bins,), or (L, bins), to be added up over batches.
        ``expected_error()``, ``maximum_error()``, ``mean_confidence()``, ``share_right()``.
        Float64; of JAX, where its programs have float64. NaN throughout a label if an element of it
        that is not excluded has a prediction of NaN, or a target outside [0, 1] where nobody
        looked.

    Examples
    --------
    >>> from wce_core.metrics import binary_calibration
    >>> said, true = [0.1, 0.1, 0.9, 0.9], [0, 0, 1, 0]
    >>> binary_calibration(said, true, form="probabilities", bins=10).share_right(empty=0.0)
    array([0. , 0. , 0. , 0. , 0. , 0. , 0. , 0. , 0. , 0.5])

    """
    options, given = label_arguments(**rest)
    return _calibration(options, predictions, targets, given, bins)


def _calibration(
    options: Options, predictions: Any, targets: Any, given: dict[str, Any], bins: Any
) -> Calibration:
    count = integer("bins", bins, "an integer")
    if count < 1:
        raise range_error("bins", count, "a number of bins, 1 at least")
    kind = partial(_Bins, bins=count)
    return Calibration(*sums_of(kind, options, predictions, targets, given))
