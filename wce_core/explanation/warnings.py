"""What often goes unnoticed in a batch, in plain words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

FEW = 10
"""Classes that are named one by one."""
FACTOR = 2.0
"""A loss that weights scale by more than this is worth a word."""


ROUNDED = 2.0**-8
"""How far from 1 a row of bfloat16 probabilities may sum."""


class Batch(NamedTuple):
    """Items in a row: label, ω, ℓ, gradient norm; which are included; their logits if they are."""

    classes: int
    labels: np.ndarray
    weights: np.ndarray
    losses: np.ndarray
    norms: np.ndarray
    included: np.ndarray
    logits: np.ndarray | None


def warnings_of(batch: Batch, reduction: str, denominator: float | None) -> tuple[str, ...]:
    """Every one that applies."""
    if not batch.included.any():
        return ("no item is left: all are excluded",)
    return (
        *_nothing(batch, denominator),
        *_cancelling(batch, reduction),
        *_missing(batch),
        *_scaled(batch, reduction),
        *_not_finite(batch),
        *_dominating(batch),
        *_probable(batch),
    )


def _nothing(batch: Batch, denominator: float | None) -> Iterator[str]:
    if not batch.weights.any():
        yield "every item has weight 0: nothing is learnt from this batch"
    elif denominator == 0:
        yield "the denominator is 0: the result is the one that empty= chooses"


def _cancelling(batch: Batch, reduction: str) -> Iterator[str]:
    if reduction != "weighted_mean":
        return
    weights = batch.weights[batch.weights != 0]
    if weights.size and weights.min() < 0 < weights.max():
        yield (
            f"weights of both signs cancel in Σω = {weights.sum():.3g}, where Σ|ω| is "
            f"{np.abs(weights).sum():.3g}: divide by that, with absolute_weighted_mean"
        )
    elif weights.size == 1:
        yield "the one item's weight cancels in a weighted mean"
    elif weights.size and np.ptp(weights) == 0 and weights[0] != 1:
        yield "all items have the same weight, which cancels in a weighted mean"


def _missing(batch: Batch) -> Iterator[str]:
    present = set(batch.labels[batch.included].tolist())
    missing = [label for label in range(batch.classes) if label not in present]
    if len(missing) > FEW:
        yield f"{len(missing)} of {batch.classes} classes never occur"
    elif len(missing) > 1:
        yield f"classes {', '.join(map(str, missing[:-1]))} and {missing[-1]} never occur"
    elif missing:
        yield f"class {missing[0]} never occurs"


def _scaled(batch: Batch, reduction: str) -> Iterator[str]:
    """Under means over items, weights that do not average to 1 scale loss and gradient."""
    if reduction not in ("mean", "mean_over_all", "nonzero_mean", "batch_mean"):
        return
    mean = float(np.abs(batch.weights[batch.included]).mean())
    if 0 < mean < 1 / FACTOR:
        effect = f"shrinks {1 / mean:.3g}-fold"
    elif mean > FACTOR:
        effect = f"grows {mean:.3g}-fold"
    else:
        return
    yield f"weights average to {mean:.3g}: the loss {effect} under {reduction}"


def _not_finite(batch: Batch) -> Iterator[str]:
    for name, found in (
        ("NaN", np.isnan(batch.losses)),
        ("infinite", np.isinf(batch.losses)),
    ):
        if found.any():
            first, count = int(np.argmax(found)), int(found.sum())
            verb = "loss is" if count == 1 else "losses are"
            yield f"{count} item {verb} {name}, the first that of item {first}"


def _dominating(batch: Batch) -> Iterator[str]:
    total, items = float(batch.norms.sum()), int((batch.norms > 0).sum())
    if items < FEW or not np.isfinite(total):
        return
    largest = int(np.argmax(batch.norms))
    share = float(batch.norms[largest]) / total
    if share > 0.5:
        yield f"item {largest} alone makes {share:.0%} of the gradient"


def _probable(batch: Batch) -> Iterator[str]:
    """Logits that only probabilities would be: few, equal or small ones may be anything."""
    if batch.logits is None:
        return
    rows = batch.logits[batch.included]
    if not ((rows >= 0) & (rows <= 1)).all():
        return
    values = np.unique(rows).size
    if rows.shape[1] == 1:
        if values >= FEW and rows.min() < 0.5 < rows.max():
            yield f"{_PROBABLE}, on both sides of 0.5)"
    elif values > 2 and (np.abs(rows.sum(axis=1) - 1) <= ROUNDED).all():
        yield f"{_PROBABLE}, each row with sum 1)"


_PROBABLE = "the predictions count as logits but look like probabilities (all are in [0, 1]"
