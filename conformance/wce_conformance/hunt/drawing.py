"""Random calls with structure: few items, hard numbers, and options that go together."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from wce_conformance.cases import Case
from wce_conformance.cases.by_hand import DTYPES, INF, binary, multiclass

HARD = (0.0, 20.0, -20.0, 88.75, -88.75, 1000.0, -1000.0, -INF)
OFFSETS = (0.0, 0.0, 0.0, 1e4, 1e8)
"""What all logits of a row may have in common."""
CHANCES = (0.0, 1e-8, 0.25, 0.5, 0.75, 1.0)
WEIGHTS = (0.0, 0.5, 1.0, 3.0)
REDUCTIONS = ("none", "sum", "mean", "weighted_mean")
FORMS = ("logits", "probabilities")
IGNORED = -100
MOST_ITEMS, MOST_CLASSES = 3, 4
RARELY = (False, False, False, True)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A call of one of the two cross-entropies."""
    multi = draw(st.booleans())
    return _multiclass(draw) if multi else _binary(draw)


def _numbers(form: str) -> st.SearchStrategy[float]:
    if form == "probabilities":
        return st.sampled_from(CHANCES)
    return st.floats(-8, 8, width=16) | st.sampled_from(HARD)


def _sometimes(draw: st.DrawFn, own: st.SearchStrategy[Any]) -> Any:
    return draw(own) if draw(st.sampled_from(RARELY)) else None


def _given(**arguments: Any) -> dict[str, Any]:
    return {name: value for name, value in arguments.items() if value is not None}


def _several(own: st.SearchStrategy[Any], most: int) -> st.SearchStrategy[list[Any]]:
    """As many as there can be, of which the first are taken.

    So the search for a smaller call may take fewer without what is drawn later becoming another.
    """
    return st.lists(own, min_size=most, max_size=most)


def _common(draw: st.DrawFn, items: int) -> dict[str, Any]:
    weights = _sometimes(draw, _several(st.sampled_from(WEIGHTS), MOST_ITEMS))
    return _given(
        reduction=draw(st.sampled_from(REDUCTIONS)),
        sample_weight=None if weights is None else weights[:items],
        label_smoothing=_sometimes(draw, st.just(0.125)),
    )


def _multiclass(draw: st.DrawFn) -> Case:
    items, classes = draw(st.integers(1, MOST_ITEMS)), draw(st.integers(2, MOST_CLASSES))
    dtype, offset = draw(st.sampled_from(DTYPES)), draw(st.sampled_from(OFFSETS))
    arguments = _common(draw, items)
    weights = _sometimes(draw, _several(st.sampled_from(WEIGHTS), MOST_CLASSES))
    arguments |= _given(class_weight=None if weights is None else weights[:classes])
    if draw(st.booleans()):
        label = st.integers(0, MOST_CLASSES - 1)
        targets: Any = [min(k, classes - 1) for k in draw(_several(label, MOST_ITEMS))]
        if draw(st.sampled_from(RARELY)):
            targets[draw(st.integers(0, items - 1))] = arguments["ignore_index"] = IGNORED
    else:
        mass = _several(st.sampled_from((0.0, 0.5, 1.0)), MOST_CLASSES)
        targets = [row[:classes] for row in draw(_several(mass, MOST_ITEMS))]
    rows = draw(_several(_several(_numbers("logits"), MOST_CLASSES), MOST_ITEMS))
    predictions = [[x + offset for x in row[:classes]] for row in rows[:items]]
    return multiclass("hunted", dtype, predictions, targets[:items], "", "hunted", **arguments)


def _binary(draw: st.DrawFn) -> Case:
    items, form = draw(st.integers(1, MOST_ITEMS)), draw(st.sampled_from(FORMS))
    dtype, arguments = draw(st.sampled_from(DTYPES)), _common(draw, items)
    if form == "logits":
        arguments |= _given(pos_weight=_sometimes(draw, st.sampled_from(WEIGHTS)))
    else:
        arguments["form"] = form
    targets = draw(_several(st.sampled_from((0.0, 1.0, 0.25)), MOST_ITEMS))[:items]
    predictions = draw(_several(_numbers(form), MOST_ITEMS))[:items]
    return binary("hunted", dtype, predictions, targets, "", "hunted", **arguments)
