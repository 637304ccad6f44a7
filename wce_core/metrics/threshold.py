"""The threshold that is best for scores with targets: ``best_threshold``."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, TypeAlias, Unpack

import numpy as np

from wce_core.call.values import all_readable
from wce_core.compilers import do_not_convert
from wce_core.errors import choice_error, shape_error
from wce_core.formulas.weightings.base import check_weights, raise_first
from wce_core.frameworks.backend import Backend
from wce_core.frameworks.registry import numpy_backend
from wce_core.losses.further import completed_by
from wce_core.types import Array, Arrays

from .arguments import label_arguments
from .described import Call, described
from .items import items_of
from .outcome_sums import BinaryOutcomes
from .signatures import OfLabels

Best: TypeAlias = Literal["f1", "iou", "accuracy", "balanced_accuracy"]
BEST: tuple[Best, ...] = ("f1", "iou", "accuracy", "balanced_accuracy")


class Threshold(NamedTuple):
    """Where to cut, and what comes of it: numbers, or arrays of shape (L,) for labels."""

    threshold: Any
    """What a prediction has to be at least to be called class 1."""
    value: Any
    """The metric there, or the mean cost."""


@completed_by(label_arguments)
@do_not_convert
def best_threshold(  # noqa: D417  # the rest is documented where it comes from
    predictions: Array,
    targets: Array,
    *,
    best: Best = "f1",
    costs: Array | None = None,
    **rest: Unpack[OfLabels],
) -> Threshold:
    """The threshold that is best for predictions with targets, of all that there are.

    Every distinct prediction is a threshold, and so is ∞, at which nothing is called class 1. Of
    those that are equally good the largest is taken. Use data that the model was not trained with.

    Parameters
    ----------
    axis
        That of labels: each has a threshold of its own. None: one for all elements.
    best
        What is to be largest: ``"f1"``, ``"iou"``, ``"accuracy"`` or ``"balanced_accuracy"``, as
        :class:`BinaryOutcomes` has them.
    costs
        In the place of ``best``: a (2, 2) array, rows the true class, columns the called one, of
        which the mean Σ ω·costs / Σ ω is to be least.

    Returns
    -------
    Threshold
        ``(threshold, value)``: floats, or with ``axis`` NumPy arrays of shape (L,), in the scale of
        the predictions. ``binary_outcomes(predictions, targets, threshold=threshold)`` has that
        value.

    Raises
    ------
    TypeError
        For a dtype, an array of another framework, or an array that is masked, ragged or sparse.
    ValueError
        For a shape, a combination of arguments, the first impossible value, a prediction of NaN,
        and for arrays that cannot be read: traced, or not in the host's memory.

    Examples
    --------
    >>> from wce_core.metrics import best_threshold
    >>> scores, labels = [0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1]
    >>> best_threshold(scores, labels, form="probabilities")
    Threshold(threshold=0.35, value=0.8)

    To miss one costs ten times as much as to find what is none:

    >>> best_threshold(scores, labels, form="probabilities", costs=[[0, 1], [10, 0]])
    Threshold(threshold=0.35, value=0.25)

    """
    if best not in BEST:
        raise choice_error("best", best, BEST)
    paid = None if costs is None else _costs(costs)
    options, given = label_arguments(**rest)
    be, call, arrays = described(options, predictions, targets, given)
    scores, weights = _rows(call, _read(be, arrays))
    found = [_cut(*each, best, paid) for each in zip(scores, weights, strict=True)]
    if call.label_axis is None:
        return found[0]
    return Threshold(*(np.array(each) for each in zip(*found, strict=True)))


def _costs(costs: Any) -> np.ndarray:
    array = np.asarray(costs, dtype=np.float64)
    if array.shape != (2, 2):
        raise shape_error("costs", array.shape, "(2, 2): rows the true class, columns the called")
    check_weights("costs", array)
    return array


def _read(be: Backend, arrays: Arrays) -> Arrays:
    """The arrays as NumPy's: a threshold is a number for later, wherever it was found."""
    if not all_readable(be, arrays):
        raise ValueError(
            f"values of {be.name} arrays cannot be read here (traced, or on an accelerator); "
            "expected arrays in the host's memory"
        )
    return {name: be.to_numpy(array) for name, array in arrays.items()}


def _rows(call: Call, arrays: Arrays) -> tuple[np.ndarray, np.ndarray]:
    """The scores of each label, and their weights of both classes."""
    be = numpy_backend()
    with np.errstate(all="ignore"):
        items = items_of(be, call.spec, arrays)
    wrong = np.isnan(items.predictions)
    if wrong.any():
        raise_first("predictions", items.predictions, wrong, "scores that are no NaN")
    scores, weight = items.predictions, items.weight
    if call.label_axis is None:
        return scores.reshape(1, -1), weight.reshape(1, -1, 2)
    rows = np.moveaxis(scores, call.label_axis, 0).reshape(call.classes, -1)
    weights = np.moveaxis(weight, call.label_axis, 0).reshape(call.classes, -1, 2)
    return rows, weights


def _cut(scores: np.ndarray, weights: np.ndarray, best: Best, paid: np.ndarray | None) -> Threshold:
    """The best of one row: cuts in descending order, of which the first best one is taken."""
    places, outcomes = _cuts(scores, weights)
    if paid is None:
        value = np.nan_to_num(getattr(outcomes, best)())
        top = int(value.argmax())
    else:
        value = _mean_cost(outcomes, paid)
        top = int(value.argmin())
    return Threshold(float(places[top]), float(value[top]))


def _cuts(scores: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, BinaryOutcomes]:
    """Every threshold from ∞ down, and the outcomes there."""
    order = np.argsort(-scores, stable=True)
    ordered = scores[order].astype(np.float64)
    above = np.concatenate([np.zeros((1, 2)), np.cumsum(weights[order], axis=0)])
    # A threshold stands where the next score is a smaller one: equal scores are called alike.
    ends = np.append(True, np.append(ordered[1:] != ordered[:-1], True)[: len(ordered)])
    fp, tp = above[ends].T
    whole = above[-1]
    places = np.append(np.inf, ordered)[ends]
    return places, BinaryOutcomes(tp, fp, whole[1] - tp, whole[0] - fp)


def _mean_cost(outcomes: BinaryOutcomes, paid: np.ndarray) -> np.ndarray:
    tp, fp, fn, tn = outcomes
    sums: np.ndarray = paid[0, 0] * tn + paid[0, 1] * fp + paid[1, 0] * fn + paid[1, 1] * tp
    whole = tp[0] + fp[0] + fn[0] + tn[0]
    return sums / whole if whole else sums
