"""``ClassCounts``: how often each class occurs, counted a batch at a time and merged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import choice_error, value_error
from .counting import added, counts_of, items_of, labels_around
from .labels import KINDS, Kind, read

FORMAT = "wce-core class counts"
VERSION = 1


class ClassCounts:
    """How often each class occurs.

    ``update`` counts one more batch; ``+`` and ``merge`` add up what several workers have counted.
    Counts of unweighted class indices are exact integers: no order and no split changes them.

    Parameters
    ----------
    classes
        How many classes there are; for ``kind="multi_label"`` how many labels. None: as many as the
        axis of classes has, or, of class indices, as the largest one says, which misses a last
        class that never came.
    kind
        ``"index"``: class indices of any shape, pixel masks among them. ``"one_hot"``: rows over
        classes, whose masses are added up, soft ones too. ``"multi_label"``: for each of L labels 0
        or 1, or a probability; the counts have shape (L, 2), negatives first.
    per_image
        Also count, for each class, the labels in the images where it occurs, which
        ``median_frequency`` needs of pixel masks. An image is an entry of the leading axis.

    Examples
    --------
    >>> from wce_core.class_weights import ClassCounts
    >>> one, other = ClassCounts(classes=3), ClassCounts(classes=3)
    >>> one.update([0, 0, 1])
    >>> other.update([2, -100, 0], ignore_index=-100)
    >>> both = one + other
    >>> both.counts, both.items
    (array([3, 1, 1]), 5)

    """

    def __init__(
        self, classes: int | None = None, kind: Kind = "index", *, per_image: bool = False
    ) -> None:
        if kind not in KINDS:
            raise choice_error("kind", kind, KINDS)
        if per_image and kind != "index":
            raise ValueError(f"per_image with kind={kind!r}; expected pixel masks of class indices")
        if classes is not None and (isinstance(classes, bool) or int(classes) != classes):
            raise TypeError(f"classes is {classes!r}; expected an integer")
        if classes is not None and classes < 1:
            raise ValueError(f"classes is {classes}; expected at least 1")
        self.classes = None if classes is None else int(classes)
        self.kind: Kind = kind
        self.per_image = per_image
        self.items = 0
        """Items counted; excluded ones are not."""
        shape = (self.classes or 0, 2) if kind == "multi_label" else (self.classes or 0,)
        self._counts: np.ndarray = np.zeros(shape, np.int64)
        self._around: np.ndarray = np.zeros(self.classes or 0, np.int64)

    @property
    def counts(self) -> np.ndarray:
        """(C,), or (L, 2) for several labels: int64, or float64 where something weighed them."""
        return self._counts.copy()

    @property
    def around(self) -> np.ndarray:
        """For each class the labels in the images where it occurs; needs ``per_image=True``."""
        if not self.per_image:
            raise ValueError("labels were not counted by image; expected per_image=True")
        return self._around.copy()

    def update(
        self,
        labels: Any,
        *,
        sample_weight: Any = None,
        mask: Any = None,
        ignore_index: int | None = None,
        axis: int = -1,
    ) -> None:
        """Count one more batch.

        ``sample_weight`` and ``mask`` are placed as in the losses: a prefix of the items' shape, or
        its rank with each axis equal or 1. ``axis`` is that of classes (not for class indices).

        Raises
        ------
        ValueError
            For a label outside [0, classes), a row of another length, a negative mass or weight.

        """
        own = read(labels, self.kind, sample_weight, mask, ignore_index, axis)
        if self.per_image and own.values.ndim < 2:
            raise ValueError(f"per_image of labels of shape {own.values.shape}; expected images")
        if self.kind != "index":
            self._check_length(own.values.shape[-1])
        counts = counts_of(own, self.classes)
        around = labels_around(own, len(counts)) if self.per_image else self._around[:0]
        self._add(counts, around, items_of(own))

    def merge(self, other: ClassCounts) -> None:
        """Add what another has counted."""
        if (other.kind, other.per_image) != (self.kind, self.per_image):
            raise ValueError(f"{other!r} and {self!r} have counted different things")
        if None not in (self.classes, other.classes) and self.classes != other.classes:
            raise ValueError(f"{other!r} and {self!r} have different numbers of classes")
        self.classes = self.classes if self.classes is not None else other.classes
        if self.classes is not None and self.classes < max(len(self._counts), len(other._counts)):
            raise ValueError(f"{other!r} and {self!r} have different numbers of classes")
        self._add(other._counts, other._around, other.items)

    def __add__(self, other: object) -> ClassCounts:
        """A new one with both; 0 is nothing, so that ``sum(counts)`` works."""
        both = ClassCounts.from_json(self.to_json())
        if isinstance(other, ClassCounts):
            both.merge(other)
        elif other != 0:
            return NotImplemented
        return both

    __radd__ = __add__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ClassCounts) and self._state() == other._state()

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __repr__(self) -> str:
        kind = "" if self.kind == "index" else f", kind={self.kind!r}"
        return f"ClassCounts(classes={len(self._counts)}{kind}, items={self.items})"

    def to_json(self) -> str:
        """As text that :meth:`from_json` reads; numbers keep all their digits."""
        return json.dumps({"format": FORMAT, "version": VERSION, **self._state()})

    @classmethod
    def from_json(cls, text: str) -> ClassCounts:
        """The same counts again."""
        try:
            state = json.loads(text)
            if (state["format"], state["version"]) != (FORMAT, VERSION):
                raise ValueError(f"it says {state['format']!r}, version {state['version']!r}")
            made = cls(state["classes"], state["kind"], per_image=state["per_image"])
            counts, around = (_numbers(state, name) for name in ("counts", "around"))
            (items,) = _numbers({"items": [state["items"]], "dtype": "int64"}, "items")
            shape = (len(counts), 2) if made.kind == "multi_label" else (len(counts),)
            if counts.shape != shape or made.classes not in (None, len(counts)):
                raise ValueError(f"counts of shape {counts.shape}")
            if around.shape != ((len(counts),) if made.per_image else (made.classes or 0,)):
                raise ValueError(f"around of shape {around.shape}")
            made._add(counts, around, int(items))
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise ValueError(f"expected {FORMAT} of version {VERSION}: {error}") from error
        return made

    def save(self, path: str | Path) -> None:
        """As JSON. A file of that name is replaced at once, never left half-written."""
        target = Path(path)
        beside = target.with_name(f"{target.name}.part")
        beside.write_text(self.to_json(), encoding="utf-8")
        beside.replace(target)

    @classmethod
    def load(cls, path: str | Path) -> ClassCounts:
        """What :meth:`save` wrote."""
        return cls.from_json(Path(path).read_text(encoding="utf-8"))

    def _check_length(self, length: int) -> None:
        known = self.classes if self.classes is not None else len(self._counts) or length
        if length != known:
            raise ValueError(
                f"labels have {length} entries along the axis of classes; expected {known}"
            )

    def _add(self, counts: np.ndarray, around: np.ndarray, items: int) -> None:
        self._counts = added(self._counts, counts)
        self._around = added(self._around, around)
        self.items += items

    def _state(self) -> dict[str, Any]:
        return {
            "classes": self.classes,
            "kind": self.kind,
            "per_image": self.per_image,
            "items": self.items,
            "dtype": self._counts.dtype.name,
            "counts": self._counts.tolist(),
            "around": self._around.tolist(),
        }


def _numbers(state: dict[str, Any], name: str) -> np.ndarray:
    """Counts of a file: none of them negative or infinite, in one of the two dtypes."""
    if state["dtype"] not in ("int64", "float64"):
        raise ValueError(f"dtype is {state['dtype']!r}")
    given = np.array(state[name])
    counts = given.astype(state["dtype"])
    wrong = ~((given >= 0) & (given < np.inf) & (counts == given))
    if wrong.any():
        place = tuple(int(places[0]) for places in wrong.nonzero())
        raise value_error(name, place, given[place], "a count")
    return counts
