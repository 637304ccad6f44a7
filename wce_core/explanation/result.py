"""What an explanation says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from .suggestion import Suggestion
from .table import aligned

SHOWN = 20
"""Rows of the table; of more, those with the largest shares of the gradient."""


@dataclass(frozen=True)
class ClassShare:
    """One class in one batch.

    ``items``: items of this class that are not excluded. ``weight``: the sum of their ω. ``loss``
    and ``gradient``: their shares, of 1, of Σ|ℓ| and of the items' gradient norms added up.
    """

    label: int
    items: int
    weight: float
    loss: float
    gradient: float


@dataclass(frozen=True)
class LabelShare:
    """One label of a multi-label loss in one batch, its positives and negatives together.

    As :class:`ClassShare`; ``positives``: items with y ≥ ½ among them.
    """

    label: int
    items: int
    positives: int
    weight: float
    loss: float
    gradient: float


@dataclass(frozen=True, eq=False)
class Explanation:
    """One batch, item by item and class by class.

    ``reduction``: the loss' own; for a function that reduces item losses by itself, the one that
    divides by the same, or ``"custom"``. ``weights``: ω of each item, in the items' shape; 0 for
    excluded ones. ``losses``: ω-weighted item losses before any division. ``denominator``: what
    their sum is divided by, None for ``"none"``, ``"sum"`` without a normalizer and ``"parts"``.
    ``value``: the result, NaN where the reduction gives no single one. ``classes``: all classes,
    those too that do not occur. ``labels``: all labels of a multi-label loss, empty for others.
    ``suggestion``: the scheme of class weights that would even out the classes' shares of the
    gradient, by the frequencies of this batch; None if they are even, or no scheme helps.
    ``warnings``: in plain words; empty if nothing is odd.

    Printed, it is a table of the classes, or labels, that occur.
    """

    reduction: str
    weights: np.ndarray
    losses: np.ndarray
    excluded: int
    denominator: float | None
    value: float
    classes: tuple[ClassShare, ...]
    labels: tuple[LabelShare, ...]
    suggestion: Suggestion | None
    warnings: tuple[str, ...]

    def __str__(self) -> str:
        lines = (_headline(self), *_table(self), *(f"! {warning}" for warning in self.warnings))
        return "\n".join(lines).rstrip()


def _headline(explanation: Explanation) -> str:
    items = explanation.weights.size
    counted = f"{items} items, {explanation.excluded} of them excluded"
    if explanation.denominator is None:
        return f'{counted}; reduction "{explanation.reduction}" divides by nothing'
    total = float(explanation.losses.sum())
    return (
        f'{counted}; reduction "{explanation.reduction}": '
        f"{total:.6g} / {explanation.denominator:.6g} = {explanation.value:.6g}"
    )


def _table(explanation: Explanation) -> Iterator[str]:
    kind, kinds, columns = "class", "classes", ["items"]
    shares: Sequence[ClassShare | LabelShare] = explanation.classes
    if explanation.labels:
        kind, kinds, columns = "label", "labels", ["items", "positive"]
        shares = explanation.labels
    occurring = [share for share in shares if share.items]
    if not occurring:
        return
    largest = sorted(occurring, key=lambda share: -share.gradient)[:SHOWN]
    rows = [_row(share) for share in sorted(largest, key=lambda share: share.label)]
    head = (kind, *columns, "weight Σω", "of the loss", "of the gradient")
    yield f"\n{aligned(head, rows)}\n"
    if len(occurring) > SHOWN:
        yield f"the {SHOWN} of {len(occurring)} {kinds} with the largest gradients\n"
    if explanation.suggestion is not None:
        yield f"{explanation.suggestion}\n"


def _row(share: ClassShare | LabelShare) -> Sequence[str]:
    positive = (str(share.positives),) if isinstance(share, LabelShare) else ()
    shares = (f"{share.weight:.6g}", f"{share.loss:.1%}", f"{share.gradient:.1%}")
    return (str(share.label), str(share.items), *positive, *shares)
