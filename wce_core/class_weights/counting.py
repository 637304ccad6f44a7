"""Counting labels, a chunk at a time: memory stays the same however many there are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NoReturn

import numpy as np

from .labels import Labels

MOST = 2**24
"""Classes where nobody said how many there are: a label beyond is more likely an accident."""
CHUNK = 2**18
"""Labels counted at a time: NumPy's ``bincount`` makes an int64 copy of what it counts."""


def counts_of(labels: Labels, classes: int | None) -> np.ndarray:
    """(C,) or (L, 2): integers, or float64 where masses or weights are added up."""
    if labels.kind == "index":
        return _indices(labels, classes)
    return _rows(labels)


def labels_around(labels: Labels, classes: int) -> np.ndarray:
    """For each class the labels in the images where it occurs; images are the leading axis."""
    around = np.zeros(classes, np.float64 if labels.weight is not None else np.int64)
    for image in range(len(labels.values)):
        counts = _indices(labels.part(image), classes)
        around[: len(counts)][counts > 0] += counts.sum()
    return around


def items_of(labels: Labels) -> int:
    """How many are not excluded."""
    if labels.included is not None:
        return int(np.count_nonzero(labels.included))
    return int(np.prod(labels.items, dtype=np.int64))


def added(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The sum of counts, of which one may know fewer classes."""
    if len(one) < len(other):
        one, other = other, one
    total = one.astype(np.result_type(one, other))
    total[: len(other)] += other
    return total


def _indices(labels: Labels, classes: int | None) -> np.ndarray:
    counts = np.zeros(classes or 0, np.int64 if labels.weight is None else np.float64)
    for start, values, weight, included in _chunks(labels, 1):
        own = values if included is None else values[included]
        factors = weight if weight is None or included is None else weight[included]
        if own.size:
            found = _counted(own, factors)
            if found is None or len(found) > (classes or MOST):
                _refuse(start, values, included, classes)
            counts = added(counts, found)
    return counts


def _counted(labels: np.ndarray, factors: np.ndarray | None) -> np.ndarray | None:
    """By ``bincount``, whose own look at the labels is the only one; None if one is no index."""
    if labels.dtype == np.uint64:  # which bincount does not take; what is beyond int64 is negative
        labels = labels.view(np.int64)
    try:
        return np.bincount(labels, factors)
    except (ValueError, MemoryError):
        return None


def _refuse(
    start: int, values: np.ndarray, included: np.ndarray | None, classes: int | None
) -> NoReturn:
    wrong = (values < 0) | (values >= (classes or MOST))
    place = int(np.argmax(wrong if included is None else wrong & included))
    expected = f"in [0, {classes})" if classes else "from 0 on"
    if classes is None and values[place] > 0:
        expected = f"below {MOST}, or classes="
    raise ValueError(
        f"labels holds {values[place]} at flat position {start + place}; expected a class index "
        f"{expected}; to leave it out, pass ignore_index={values[place]}"
    )


def _rows(labels: Labels) -> np.ndarray:
    length = labels.values.shape[-1]
    several = labels.kind == "multi_label"
    counts: np.ndarray = np.zeros((length, 2) if several else (length,))
    for start, rows, weight, included in _chunks(labels, length):
        kept = rows if included is None else np.where(_wide(included, rows), rows, 0)
        _check_masses(start, kept, several=several)
        factor = np.ones(rows.shape) if weight is None else _wide(weight, rows)
        if included is not None:
            factor = np.where(_wide(included, rows), factor, 0.0)
        masses = kept * factor
        if several:
            counts += np.stack([(factor - masses).sum(axis=0), masses.sum(axis=0)], axis=-1)
        else:
            counts += masses.sum(axis=0)
    exact = labels.weight is None and labels.values.dtype.kind in "iub"
    return counts.astype(np.int64) if exact else counts


def _check_masses(start: int, rows: np.ndarray, *, several: bool) -> None:
    high, expected = (1, "in [0, 1]") if several else (np.inf, "that is finite and not negative")
    wrong = ~((rows >= 0) & (rows <= high) & (rows < np.inf))
    if wrong.any():
        row, column = (int(places[0]) for places in wrong.nonzero())
        raise ValueError(
            f"labels holds {rows[row, column]} in row {start + row}, column {column}; expected a "
            f"number {expected}"
        )


def _wide(items: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """What is said of rows, said of each of their entries."""
    return np.broadcast_to(items if items.ndim == rows.ndim else items[:, None], rows.shape)


Chunk = tuple[int, np.ndarray, np.ndarray | None, np.ndarray | None]


def _chunks(labels: Labels, length: int) -> Iterator[Chunk]:
    """Where it begins, labels (in rows if ``length`` is more than 1), weights, what is included."""
    rows = (
        labels.values.reshape(-1, length) if labels.kind != "index" else labels.values.reshape(-1)
    )
    # Several labels are an item each; of one-hot rows a row is an item.
    flat = (-1, length) if labels.kind == "multi_label" else (-1,)
    weight = None if labels.weight is None else labels.weight.reshape(flat)
    included = None if labels.included is None else labels.included.reshape(flat)
    step = max(1, CHUNK // max(1, length))
    for start in range(0, len(rows), step):
        cut = slice(start, start + step)
        yield (
            start,
            rows[cut],
            None if weight is None else weight[cut],
            None if included is None else included[cut],
        )
