"""What a call looks like before it has numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import Any

from hypothesis import strategies as st

from wce_conformance.adapters import Adapter
from wce_conformance.oracle import LOSSES

from .arrays import dtypes

LENGTHS = (1, 2, 3, 4, 5, 0)
MORE = (8, 17, 33, 64, 100, 200)
CLASSES = (2, 3, 1, 4, 5)
MORE_CLASSES = (8, 17, 33, 100, 300)
RARELY = (False, False, False, False, True)
MOST_ITEMS = 200
COST = 5_000
"""Exponentials that the oracle may take for one call: of a row of mass it takes C²."""


@dataclass
class Draft:
    """Shapes, dtypes and the options so far, by parameter.

    ``axis`` is that of the classes or of the labels, counted from the front. ``flushed``: without
    subnormal numbers.
    """

    adapter: Adapter
    loss: str
    dtype: str
    shape: tuple[int, ...]
    axis: int | None
    index: bool
    flushed: bool
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def multiclass(self) -> bool:
        """Is there a class axis?"""
        return LOSSES[self.loss].categorical

    @property
    def of_regions(self) -> bool:
        """Is it of a loss of regions?"""
        return bool(LOSSES[self.loss].of_regions)

    @property
    def length(self) -> int:
        """That of the class or label axis."""
        assert self.axis is not None
        return self.shape[self.axis]

    @property
    def items(self) -> tuple[int, ...]:
        """The items' shape."""
        if not self.multiclass or self.axis is None:
            return self.shape
        return self.shape[: self.axis] + self.shape[self.axis + 1 :]

    @property
    def form(self) -> Any:
        """Of the predictions."""
        return self.options.get("form", "logits")


@st.composite
def drafts(draw: st.DrawFn, adapter: Adapter, loss: str, *, flushed: bool) -> Draft:
    """Shapes and dtypes of a call."""
    draft = Draft(adapter, loss, draw(dtypes(adapter.dtypes)), (), None, False, flushed)
    return _multiclass(draw, draft) if draft.multiclass else _binary(draw, draft)


def _multiclass(draw: st.DrawFn, draft: Draft) -> Draft:
    draft.index = draw(st.booleans())
    classes = draw(st.sampled_from(MORE_CLASSES if draw(st.sampled_from(RARELY)) else CLASSES))
    items = draw(item_shapes(COST // (classes if draft.index else classes**2)))
    draft.axis = draw(st.sampled_from((len(items), *range(len(items)))))
    draft.shape = (*items[: draft.axis], classes, *items[draft.axis :])
    last = draft.axis == len(items)
    if not last or draw(st.booleans()):
        draft.options["axis"] = draft.axis - draw(st.sampled_from((0, len(draft.shape))))
    return draft


def _binary(draw: st.DrawFn, draft: Draft) -> Draft:
    draft.shape = draw(item_shapes(COST))
    rank = len(draft.shape)
    draft.axis = rank - 1 if rank >= 2 else None
    if rank and draw(st.booleans()):
        draft.options["axis"] = draw(st.integers(-rank, rank - 1))
        draft.axis = draft.options["axis"] % rank
    return draft


@st.composite
def item_shapes(draw: st.DrawFn, most: int) -> tuple[int, ...]:
    """The shape of up to so many items."""
    lengths = LENGTHS + MORE if draw(st.sampled_from(RARELY)) else LENGTHS
    shape: list[int] = []
    for _ in range(draw(st.sampled_from((1, 1, 2, 0, 3)))):
        room = max(1, min(most, MOST_ITEMS) // max(1, prod(shape)))
        shape.append(draw(st.sampled_from([n for n in lengths if n <= room])))
    return tuple(shape)


def weight_shapes(items: tuple[int, ...]) -> st.SearchStrategy[tuple[int, ...]]:
    """Where weights of items may stand: a prefix of their shape, or each axis or 1."""
    prefixes = st.integers(0, len(items)).map(lambda rank: items[:rank])
    return prefixes | st.tuples(*(st.sampled_from((n, 1)) for n in items))
