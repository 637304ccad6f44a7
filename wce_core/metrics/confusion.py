"""What was called what: ``confusion_matrix``."""

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
from .signatures import OfClasses
from .tally import By, tally


@dataclass(frozen=True)
class _Matrix:
    """What was called what."""

    call: Call

    def __call__(self, ops: ArrayOps, arrays: Arrays) -> tuple[Array, ...]:
        classes = self.call.classes
        items = items_of(ops, self.call.spec, arrays)
        called = ops.argmax(items.predictions, self.call.spec.axis or 0)
        found = tally(ops, items.weight, By(items.true, classes), By(called, classes))
        return (ops.cast(found, self.call.result),)


@completed_by(class_arguments)
@do_not_convert
def confusion_matrix(predictions: Array, targets: Array, **rest: Unpack[OfClasses]) -> Array:
    """The weight of what is of each class and was called each class, by argmax.

    Entry (k, j) is Σ s·w_k·q_k over items that are called j: of equal predictions, the class with
    the lowest index is called. Matrices of batches are added by ``+``.

    Returns
    -------
    array
        (C, C), rows the true class, columns the called one. Float64; of JAX, where its programs
        have float64. NaN throughout if an item that is not excluded has a prediction of NaN, or a
        label that names no class where nobody looked.

    See Also
    --------
    outcomes : what most metrics need, without C² numbers.

    Examples
    --------
    >>> from wce_core.metrics import confusion_matrix
    >>> confusion_matrix([[2.0, 0.0], [0.0, 1.0], [3.0, 1.0]], [0, 1, 1])
    array([[1., 0.],
           [1., 1.]])

    """
    options, given = class_arguments(**rest)
    (matrix,) = sums_of(_Matrix, options, predictions, targets, given)
    return matrix
