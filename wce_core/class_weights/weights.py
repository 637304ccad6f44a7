"""``class_weights``: counts → scheme → normalization, and a rule for classes that never occur."""

from __future__ import annotations

from numbers import Real
from typing import Any, Literal, TypeAlias

import numpy as np

from ..errors import choice_error
from .counts import ClassCounts
from .labels import Kind, as_numpy, kind_of
from .schemes import SCHEMES, Frequencies, applied

Normalize = Literal["sum_to_one", "sum_to_classes", "mean_one", "smallest_one"]
NORMALIZATIONS: tuple[Normalize, ...] = ("sum_to_one", "sum_to_classes", "mean_one", "smallest_one")
Missing: TypeAlias = Literal["error", "zero", "one"] | float


def class_weights(
    labels: Any,
    scheme: str = "balanced",
    *,
    classes: int | None = None,
    kind: Kind | None = None,
    sample_weight: Any = None,
    mask: Any = None,
    ignore_index: int | None = None,
    axis: int = -1,
    normalize: Normalize | None = None,
    missing: Missing = "error",
    **options: float,
) -> np.ndarray:
    """Weights of classes by how often they occur, for ``class_weight=`` of the losses.

    With n_k labels of class k, n of all, and K classes that occur:

    ===================  ============================  ==================================
    scheme               weight                        options
    ===================  ============================  ==================================
    balanced             n / (K·n_k)
    inverse_frequency    n / n_k
    sqrt_inverse         √(n / n_k)
    log                  1 / ln(c + n_k/n)             c = 1.02
    median_frequency     median(f) / f_k               f_k: see :func:`median_frequency`
    effective_number     (1 − β) / (1 − β^n_k)         beta = 0.999
    power                (n / n_k)^α                   alpha = 0.5
    max_ratio            max_j n_j / n_k
    ===================  ============================  ==================================

    Weigh by the whole training set, not by a batch, in which rare classes come and go.

    Parameters
    ----------
    labels
        Class indices of any shape, rows over classes, several labels per sample (``kind`` says
        which), of NumPy, any framework, pandas, or lists. Or :class:`ClassCounts`.
    scheme
        One of the names above.
    classes
        How many classes there are; None: as many as the labels show.
    kind
        ``"index"``, ``"one_hot"`` or ``"multi_label"``. None: class indices, or an error where
        labels of rank 2 or more hold nothing but numbers from 0 to 1, and could be all three.
    sample_weight, mask, ignore_index
        As in the losses: a factor per item, items that count, a label that does not.
    axis
        That of classes, for rows of them.
    normalize
        None: as the formula has it. ``"sum_to_one"``; ``"sum_to_classes"``: the average over
        classes is 1; ``"mean_one"``: the average over labels is 1, Σ_k n_k w_k = n, so that the
        loss keeps its size; ``"smallest_one"``. Of several labels each is normalized by itself.
    missing
        The weight of a class that never occurs, which takes no part in the formula or in the
        normalization. ``"error"``: a ValueError that names them; ``"zero"``, ``"one"``, a number.
    **options
        Of the scheme.

    Returns
    -------
    numpy.ndarray
        float64: (C,), or (L, 2) for ``"multi_label"``, negatives first, as ``binary_cross_entropy``
        takes them. Of binary class indices (2,), which it takes too.

    Raises
    ------
    TypeError, ValueError
        For labels that are no labels, an option that a scheme has not, missing classes, and where
        a weight would be infinite or NaN.

    Examples
    --------
    >>> from wce_core.class_weights import class_weights
    >>> labels = [0] * 90 + [1] * 9 + [2]
    >>> class_weights(labels, "sqrt_inverse", normalize="smallest_one").round(2)
    array([1.  , 3.16, 9.49])
    >>> class_weights(labels, classes=4)
    Traceback (most recent call last):
    ...
    ValueError: class 3 never occurs; missing= says what its weight is: 'zero', 'one' or a number
    >>> class_weights(labels, classes=4, missing="zero").round(2)
    array([ 0.37,  3.7 , 33.33,  0.  ])

    """
    _check(scheme, normalize, missing)
    counts = labels
    if not isinstance(labels, ClassCounts):
        kind = kind_of(as_numpy("labels", labels), kind)
        images = scheme == "median_frequency" and kind == "index" and np.ndim(labels) > 1
        counts = ClassCounts(classes, kind, per_image=images)
        counts.update(
            labels, sample_weight=sample_weight, mask=mask, ignore_index=ignore_index, axis=axis
        )
    elif any(each is not None for each in (classes, kind, sample_weight, mask, ignore_index)):
        raise ValueError("ClassCounts know their classes and items; pass what says so to update()")
    with np.errstate(all="ignore"):  # where nothing occurs, what comes out is not used
        found = _frequencies(counts, scheme)
        if missing == "error":
            _refuse_missing(found.occurs)
        raw = applied(scheme, found, options)
        weights = _normalized(raw, found, normalize)
    _refuse_infinite(scheme, raw, weights, found.occurs)
    return np.where(found.occurs, weights, _weight_of_missing(missing))


def _check(scheme: str, normalize: Any, missing: Any) -> None:
    if not isinstance(scheme, str) or scheme not in SCHEMES:
        raise choice_error("scheme", scheme, SCHEMES)
    if normalize is not None and normalize not in NORMALIZATIONS:
        raise choice_error("normalize", normalize, (None, *NORMALIZATIONS))
    if isinstance(missing, Real) and not isinstance(missing, bool):
        if not 0 <= float(missing) < np.inf:
            raise ValueError(f"missing is {missing}; expected a finite weight that is not negative")
    elif missing not in ("error", "zero", "one"):
        raise choice_error("missing", missing, ("error", "zero", "one", "a number"))


def _frequencies(counts: ClassCounts, scheme: str) -> Frequencies:
    own = counts.counts.astype(np.float64)
    occurs = own > 0
    total = own.sum(axis=-1, keepdims=True)
    around = counts.around if counts.per_image and scheme == "median_frequency" else total
    return Frequencies(
        np.where(occurs, own, 1.0), occurs, np.where(occurs, np.broadcast_to(around, own.shape), 1)
    )


def _refuse_missing(occurs: np.ndarray) -> None:
    if occurs.size == 0:
        raise ValueError("there are no labels to weigh classes by")
    if occurs.all():
        return
    if occurs.ndim == 2:
        label, kind = (int(places[0]) for places in (~occurs).nonzero())
        what = f"label {label} has no {'positives' if kind else 'negatives'}"
    else:
        names = [str(k) for k in (~occurs).nonzero()[0].tolist()]
        listed = ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
        what = (
            f"class {listed} never occurs" if len(names) == 1 else f"classes {listed} never occur"
        )
    raise ValueError(f"{what}; missing= says what its weight is: 'zero', 'one' or a number")


def _refuse_infinite(scheme: str, raw: np.ndarray, weights: np.ndarray, occurs: np.ndarray) -> None:
    """Weights above the largest number, or normalized by a sum that is."""
    for values in (raw, weights):
        wrong = occurs & ~((values > 0) & (values < np.inf))
        if wrong.any():
            *label, kind = place = tuple(int(places[0]) for places in wrong.nonzero())
            of = f"label {label[0]}, class {kind}," if label else f"class {kind}"
            raise ValueError(
                f"the weight of {of} is {values[place]} by {scheme!r}; expected a finite number: "
                "the classes differ too much for this scheme"
            )


def _normalized(weights: np.ndarray, found: Frequencies, normalize: Normalize | None) -> np.ndarray:
    if normalize is None:
        return weights
    own = np.where(found.occurs, weights, 0.0)
    if normalize == "smallest_one":
        smallest = np.where(found.occurs, weights, np.inf).min(axis=-1, keepdims=True)
        return np.asarray(weights / smallest)
    if normalize == "mean_one":
        whole = (own * found.counts).sum(axis=-1, keepdims=True)
        return np.asarray(weights * (found.total / whole))
    whole = own.sum(axis=-1, keepdims=True)
    wanted = found.classes if normalize == "sum_to_classes" else 1.0
    return np.asarray(weights * (wanted / whole))


def _weight_of_missing(missing: Missing) -> float:
    return {"error": 0.0, "zero": 0.0, "one": 1.0}[missing] if isinstance(missing, str) else missing
