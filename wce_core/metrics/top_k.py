"""Whether the right class is among the first k: ``top_k``, ``any_of_top_k``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, Unpack

from wce_core.arrays.ops import ArrayOps
from wce_core.call.mergeable import Mergeable
from wce_core.compilers import do_not_convert
from wce_core.errors import range_error
from wce_core.evaluation.options import Options
from wce_core.losses.further import completed_by
from wce_core.scalars import integer
from wce_core.types import Array, Arrays

from .arguments import class_arguments, set_arguments
from .described import Call, sums_of
from .items import Items, items_of
from .ratios import ratio
from .signatures import OfClasses, OfSets
from .tally import everything, unknown


class _Sums(NamedTuple):
    hits: Any
    """Weight of what is among the first k, for each k."""
    weight: Any
    """Weight of everything, for each k."""


class Hits(Mergeable, _Sums):
    """How much was among the first k of a batch, which can be added up.

    >>> from wce_core.metrics import top_k
    >>> found = top_k([[0.0, 3.0, 2.0], [1.0, 2.0, 0.0]], [2, 2], k=(1, 2))
    >>> found
    Hits(hits=array([0., 1.]), weight=array([2., 2.]))
    >>> (found + found).accuracy()
    array([0. , 0.5])
    """

    __slots__ = ()

    def accuracy(self, empty: float = 0.0) -> Any:
        """hits / weight, for each k; ``empty`` where there is nothing."""
        return ratio(self.hits, self.weight, self.weight, empty=empty)


@dataclass(frozen=True)
class _TopK:
    """What is among the first, for each k."""

    call: Call
    several: tuple[int, ...]

    def __call__(self, ops: ArrayOps, arrays: Arrays) -> tuple[Array, ...]:
        xp, spec = ops.xp, self.call.spec
        items = items_of(ops, spec, arrays)
        found = self._at_first(ops, items, arrays)
        whole = everything(ops, items.weight, spec.accumulate)
        hits = []
        for k in self.several:
            first = found[..., :k]
            each = xp.max(first, axis=-1) if spec.candidates else first
            hits.append(everything(ops, each, spec.accumulate))
        sums = xp.stack(hits) + unknown(ops, whole), xp.stack([whole for _ in hits])
        return tuple(ops.cast(each, self.call.result) for each in sums)

    def _at_first(self, ops: ArrayOps, items: Items, arrays: Arrays) -> Array:
        """The weight of the class in each place, along the last axis."""
        xp, axis = ops.xp, self.call.spec.axis or 0
        scores = items.predictions
        scores = xp.where(scores == 0, xp.zeros_like(scores), scores)  # XLA sorts −0 before 0
        first = ops.leading(scores, max(self.several), axis)
        weight = xp.moveaxis(items.weight, axis, -1)
        if self.call.spec.candidates:
            own = xp.moveaxis(arrays["targets"], axis, -1)
            among = xp.take_along_axis(ops.cast(own, self.call.spec.accumulate), first, axis=-1)
            return among * weight
        if self.call.spec.one_class:
            right = xp.moveaxis(items.true, axis, -1) == first
            return ops.cast(right, self.call.spec.accumulate) * weight
        return xp.take_along_axis(weight, first, axis=-1)


@completed_by(class_arguments)
@do_not_convert
def top_k(  # noqa: D417  # the rest is documented where it comes from
    predictions: Array, targets: Array, *, k: int | Iterable[int] = 5, **rest: Unpack[OfClasses]
) -> Hits:
    """How much of the true classes is among the k that are most likely.

    hits = Σ s·w_j·q_j over the k classes j of each item with the largest predictions, and weight
    the same over all classes. Classes with equal predictions stand in the order of their indices.
    ``accuracy()`` is top-k accuracy of class indices, and of rows with several ones recall at k.

    Parameters
    ----------
    k
        A number of classes, from 1 to C, or several.

    Returns
    -------
    Hits
        Two numbers, or arrays with an entry for each k, to be added up over batches. Float64; of
        JAX, where its programs have float64. NaN if an item that is not excluded has a prediction
        of NaN, or a label that names no class where nobody looked.

    Examples
    --------
    >>> from wce_core.metrics import top_k
    >>> logits = [[0.0, 3.0, 2.0, 1.0], [1.0, 2.0, 0.0, 5.0]]
    >>> top_k(logits, [2, 2], k=2).accuracy()
    np.float64(0.5)

    Recall at 2 of two labels of one item and one of the other:

    >>> top_k(logits, [[0, 1, 1, 0], [1, 0, 0, 0]], k=2).accuracy().round(4)
    np.float64(0.6667)

    """
    options, given = class_arguments(**rest)
    return _hits(options, predictions, targets, given, k)


@completed_by(set_arguments)
@do_not_convert
def any_of_top_k(  # noqa: D417  # the rest is documented where it comes from
    predictions: Array, candidates: Array, *, k: int | Iterable[int] = 5, **rest: Unpack[OfSets]
) -> Hits:
    """How many items have one of their candidates among the k classes that are most likely.

    hits = Σ s·w̄ over the items with a candidate there, where w̄ is the mean of the weights of its
    candidates, and weight the same over all items. Classes with equal predictions stand in the
    order of their indices.

    Parameters
    ----------
    candidates
        Boolean, of the predictions' shape: True for each class that is right. A set without a class
        is no error under a mask.
    k
        A number of classes, from 1 to C, or several.

    Returns
    -------
    Hits
        Two numbers, or arrays with an entry for each k, to be added up over batches. Float64; of
        JAX, where its programs have float64. NaN if an item that is not excluded has a prediction
        of NaN, or no candidate where nobody looked.

    Examples
    --------
    >>> from wce_core.metrics import any_of_top_k
    >>> logits = [[0.0, 3.0, 2.0, 1.0], [1.0, 2.0, 0.0, 5.0]]
    >>> sets = [[True, False, True, False], [True, False, True, False]]
    >>> any_of_top_k(logits, sets, k=(1, 2, 3)).accuracy()
    array([0. , 0.5, 1. ])

    """
    options, given = set_arguments(**rest)
    return _hits(options, predictions, candidates, given, k)


def _hits(options: Options, predictions: Any, targets: Any, given: dict[str, Any], k: Any) -> Hits:
    several = tuple(k) if isinstance(k, Iterable) else (k,)
    numbers = tuple(integer("k", each, "an integer") for each in several)
    if not numbers:
        raise ValueError("k has no number; expected one at least")
    sums = sums_of(partial(_checked, several=numbers), options, predictions, targets, given)
    return Hits(*sums) if isinstance(k, Iterable) else Hits(*(each[0] for each in sums))


def _checked(call: Call, several: tuple[int, ...]) -> _TopK:
    for each in several:
        if not 1 <= each <= call.classes:
            raise range_error("k", each, f"a number of classes from 1 to {call.classes}")
    return _TopK(call, several)
