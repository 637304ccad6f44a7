"""True and false positives and negatives, and what they come to."""

from __future__ import annotations

from math import nan
from typing import Any, NamedTuple

from wce_core.call.mergeable import Mergeable

from .ratios import Average, framework_of, ratio


class _Sums(NamedTuple):
    """The four sums, of each class or label."""

    tp: Any
    """Weight of what is of the class and was called so."""
    fp: Any
    """Weight of what was called so and is not."""
    fn: Any
    """Weight of what is of the class and was called otherwise."""
    tn: Any
    """Weight of the rest."""


class Outcomes(Mergeable, _Sums):
    """Weighted true and false positives and negatives of a batch, which can be added up.

    Ratios are of each class; ``average`` makes one number of them: ``"macro"``, their mean,
    ``"micro"``, the ratio of the sums over classes, ``"weighted"``, their mean weighted by how much
    is of each class. ``empty`` is what 0/0 is, 0.0 unless given. If it is NaN, means are over the
    classes that have a ratio.
    """

    __slots__ = ()

    def precision(self, average: Average = None, empty: float = 0.0) -> Any:
        """TP / (TP + FP)."""
        return self._ratio(self.tp, self.tp + self.fp, average, empty)

    def recall(self, average: Average = None, empty: float = 0.0) -> Any:
        """TP / (TP + FN)."""
        return self._ratio(self.tp, self.tp + self.fn, average, empty)

    def specificity(self, average: Average = None, empty: float = 0.0) -> Any:
        """TN / (TN + FP)."""
        return self._ratio(self.tn, self.tn + self.fp, average, empty)

    def f1(self, average: Average = None, empty: float = 0.0) -> Any:
        """2·TP / (2·TP + FP + FN), which is also the Dice coefficient."""
        twice = 2.0 * self.tp
        return self._ratio(twice, twice + self.fp + self.fn, average, empty)

    def iou(self, average: Average = None, empty: float = 0.0) -> Any:
        """TP / (TP + FP + FN), also called Jaccard index."""
        return self._ratio(self.tp, self.tp + self.fp + self.fn, average, empty)

    def _ratio(self, part: Any, whole: Any, average: Average, empty: float) -> Any:
        return ratio(part, whole, self.tp + self.fn, average=average, empty=empty)


class ClassOutcomes(Outcomes):
    """Outcomes of C exclusive classes, each against all others: arrays of shape (C,).

    >>> from wce_core.metrics import outcomes
    >>> found = outcomes([[2.0, 0.0], [0.0, 1.0], [3.0, 1.0]], [0, 1, 1])
    >>> found.f1().round(4), found.accuracy().round(4)
    (array([0.6667, 0.6667]), np.float64(0.6667))
    """

    __slots__ = ()

    def accuracy(self, empty: float = 0.0) -> Any:
        """The weight of what was called what it is, over all of it: ΣTP / Σ(TP + FN)."""
        return self.recall("micro", empty)

    def balanced_accuracy(self, empty: float = nan) -> Any:
        """The mean recall.

        ``empty`` is that of a class of which there is nothing. NaN leaves it out.
        """
        return self.recall("macro", empty)


class BinaryOutcomes(Outcomes):
    """Outcomes of class 1 at a threshold: scalars, or of shape (L,) for labels.

    >>> from wce_core.metrics import binary_outcomes
    >>> found = binary_outcomes([2.0, -1.0, 0.5, -3.0], [1, 1, 0, 0])
    >>> found
    BinaryOutcomes(tp=np.float64(1.0), fp=np.float64(1.0), fn=np.float64(1.0), tn=np.float64(1.0))
    >>> (found + found).precision()
    np.float64(0.5)
    """

    __slots__ = ()

    def accuracy(self, average: Average = None, empty: float = 0.0) -> Any:
        """(TP + TN) / (TP + FP + FN + TN)."""
        right = self.tp + self.tn
        return self._ratio(right, right + self.fp + self.fn, average, empty)

    def balanced_accuracy(self, empty: float = nan) -> Any:
        """The mean of recall and specificity; of one alone where there is but one class.

        ``empty`` is what either is where there is nothing of its class. NaN leaves it out.
        """
        right = self._stacked(self.tp, self.tn)
        whole = self._stacked(self.tp + self.fn, self.tn + self.fp)
        return ratio(right, whole, whole, average="macro", empty=empty)

    def confusion_matrix(self) -> Any:
        """[[TN, FP], [FN, TP]], one for each label: rows the true class, columns the called one."""
        rows = self._stacked(self.tn, self.fp), self._stacked(self.fn, self.tp)
        be, rows = framework_of(*rows)
        with be.scope():
            return be.xp.stack(list(rows), axis=-2)

    @staticmethod
    def _stacked(*sums: Any) -> Any:
        be, arrays = framework_of(*sums)
        with be.scope():
            return be.xp.stack(list(arrays), axis=-1)
