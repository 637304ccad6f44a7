"""A file of one's own: labels and scores as CSV, read into arrays, or refused in words."""

from __future__ import annotations

import csv
from collections.abc import Callable
from io import StringIO
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from wce_core import losses
from wce_core.explanation import explain

from . import controls
from .answer import Answer, Values, reduction_of, shown, smoothing_of, weights_of

LARGEST = 5_000_000
"""Characters of a file. A page is for looking; a program has ``wce_core.explain``."""
MOST = 12
"""Classes that have a slider each."""


class Scores(NamedTuple):
    """Labels, one class for each row, and scores: (N, C), or (N,) of class 1."""

    names: tuple[str, ...]
    labels: NDArray[np.int64]
    scores: NDArray[np.float64]


def read(text: str) -> Scores:
    r"""The content of a file. The first line names the columns, the first column is the label.

    ``label,score`` is a binary problem with labels 0 and 1. Else there is a column for each class,
    in whose name the label is, or its place from 0.

    >>> read("label,cat,dog\ncat,2.0,0.5\n1,0.1,0.3").labels.tolist()
    [0, 1]
    """
    if len(text) > LARGEST:
        raise ValueError(f"the file has {len(text):,} characters; at most {LARGEST:,} are read")
    if "\0" in text or "\ufffd" in text:
        raise ValueError("the file is no text in UTF-8; save it as CSV")
    try:
        lines = list(csv.reader(StringIO(text, newline=None)))
    except csv.Error as error:
        raise ValueError(f"the file is no CSV: {error}") from None
    rows = [row for row in lines if any(cell.strip() for cell in row)]
    if len(rows) < 2:
        raise ValueError(
            "the file has no rows; the first line names columns, each other is an item"
        )
    head, *body = ([cell.strip() for cell in row] for row in rows)
    names = _names(head)
    known = {name: place for place, name in enumerate(names)}
    known |= {str(place): place for place in range(len(names)) if str(place) not in known}
    width = len(head)
    read = [_row(row, line, width, known) for line, row in enumerate(body, start=2)]
    scores = np.asarray([numbers for _, numbers in read], dtype=np.float64)
    labels = np.asarray([label for label, _ in read], dtype=np.int64)
    return Scores(names, labels, scores[:, 0] if width == 2 else scores)


def _names(head: list[str]) -> tuple[str, ...]:
    if len(head) < 2:
        raise ValueError("the file has one column; expected a label, then the scores of classes")
    names = tuple(head[1:]) if len(head) > 2 else ("0", "1")
    if len(names) > MOST:
        raise ValueError(f"the file has {len(names)} classes; this page shows at most {MOST}")
    if len(set(names)) < len(names):
        raise ValueError("two columns have the same name; each class has a column of its own")
    return names


def _row(row: list[str], line: int, width: int, known: dict[str, int]) -> tuple[int, list[float]]:
    """The label and the numbers of a line."""
    if len(row) != width:
        raise ValueError(f"row {line} has {len(row)} columns; the first row has {width}")
    if row[0] not in known:
        raise ValueError(f"row {line} has the label {row[0]!r}; expected one of {', '.join(known)}")
    try:
        numbers = [float(cell) for cell in row[1:]]
    except ValueError:
        raise ValueError(
            f"row {line} has a score that is no number: {', '.join(row[1:])}"
        ) from None
    if not np.isfinite(numbers).all():
        raise ValueError(f"row {line} has a score that is not finite: {', '.join(row[1:])}")
    return known[row[0]], numbers


def answer(text: str, values: Values) -> Answer:
    """What the weights of the page do to the items of a file."""
    found = read(text)
    form = str(values.get("form", controls.FORMS[0]))
    options: dict[str, Any] = {
        "class_weight": weights_of(values, len(found.names)),
        "label_smoothing": smoothing_of(values),
        "reduction": reduction_of(values),
        "form": form,
    }
    loss: Callable[..., Any] = losses.cross_entropy
    if found.scores.ndim == 1:
        loss = losses.binary_cross_entropy
    shares = explain(loss, found.scores, found.labels, **options)
    if not np.isfinite(shares.value):
        raise ValueError("the loss is infinite: a row has the probability 0 for its own label")
    own = (*controls.weights(found.names), controls.SMOOTH, controls.REDUCE, controls.FORM)
    return {
        "classes": found.names,
        "controls": [control._asdict() for control in own],
        "after": shown(shares),
    }
