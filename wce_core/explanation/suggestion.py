"""Which scheme of class weights would even out the shares of the gradient."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from ..class_weights import SCHEMES, class_weights
from ..class_weights.labels import Kind

NOTICED = 0.05
"""What shares differ by from equal ones: less is no reason for other weights."""
CLEARLY = 0.01
"""By so much a scheme has to be better than one that is better known."""
Norms = Callable[[np.ndarray], np.ndarray]
"""The gradient norms of the items, under other class weights."""


@dataclass(frozen=True, eq=False)
class Suggestion:
    """A scheme of :func:`wce_core.class_weights.class_weights`, and what it would do to this batch.

    ``weights``: by the classes of this batch, 0 for those that do not occur; (C,), (2,), or, for a
    multi-label loss, (L, 2). ``gradient``: the shares of the gradient that would be theirs, in the
    same shape; ``now``: those they have.
    """

    scheme: str
    weights: np.ndarray
    gradient: np.ndarray
    now: np.ndarray

    def __str__(self) -> str:
        then, now = _range(self.gradient), _range(self.now)
        better = f'class weights by "{self.scheme}" would even out the gradient'
        return f"{better}: {then} a class, now {now}"


def suggested(
    labels: np.ndarray, included: np.ndarray, norms: np.ndarray, norms_under: Norms
) -> Suggestion | None:
    """The scheme under which the shares are most even; None if they are, or none helps.

    ``labels``: a class for each item; of rank 2 a row of items, each 0 or 1, for each label.
    ``norms`` are laid out in the same way.
    """
    now = _shares(labels, included, norms)
    if now is None:
        return None
    best: Suggestion | None = None
    for scheme, weights in _distinct(labels, included):
        found = _shares(labels, included, norms_under(weights))
        least = _uneven(now if best is None else best.gradient)
        if found is not None and _uneven(found) < least - CLEARLY:
            best = Suggestion(scheme, weights, found, now)
    helps = best is not None and _uneven(now) - _uneven(best.gradient) >= NOTICED
    return best if helps else None


def _distinct(labels: np.ndarray, included: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Schemes whose weights differ in more than their size here, the best known first."""
    seen: list[np.ndarray] = []
    kind: Kind = "index" if labels.ndim == 1 else "multi_label"
    for scheme in SCHEMES:
        weights = class_weights(labels, scheme, kind=kind, mask=included, missing="zero")
        ratios = weights / weights.max(axis=-1, keepdims=True)
        if not any(np.allclose(ratios, others) for others in seen):
            seen.append(ratios)
            yield scheme, weights


def _shares(labels: np.ndarray, included: np.ndarray, norms: np.ndarray) -> np.ndarray | None:
    """Of each class, NaN for one that does not occur; None where that makes no sense."""
    columns = 1 if labels.ndim == 1 else labels.shape[1]
    groups = labels if labels.ndim == 1 else labels + 2 * np.arange(columns)
    own = groups[included]
    count = int(labels[included].max(initial=0)) + 1 if labels.ndim == 1 else 2 * columns
    items, sums = np.bincount(own, minlength=count), np.bincount(own, norms[included], count)
    total = sums.sum()
    if np.count_nonzero(items) < 2 or not 0 < total < np.inf:
        return None
    shares = np.where(items > 0, sums / total, np.nan)
    return shares if labels.ndim == 1 else shares.reshape(columns, 2)


def _uneven(shares: np.ndarray) -> float:
    """How much of the gradient another class would have to have, for all to have the same."""
    own = shares[~np.isnan(shares)]
    return float(np.abs(own - 1.0 / own.size).sum()) / 2.0


def _range(shares: np.ndarray) -> str:
    return f"{np.nanmin(shares):.1%} to {np.nanmax(shares):.1%}"
