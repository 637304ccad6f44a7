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
IGNORED = -100
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


def _common(draw: st.DrawFn, items: int) -> dict[str, Any]:
    weights = st.lists(st.sampled_from(WEIGHTS), min_size=items, max_size=items)
    return _given(
        reduction=draw(st.sampled_from(REDUCTIONS)),
        sample_weight=_sometimes(draw, weights),
        label_smoothing=_sometimes(draw, st.just(0.125)),
    )


def _multiclass(draw: st.DrawFn) -> Case:
    items, classes = draw(st.integers(1, 3)), draw(st.integers(2, 4))
    offset = draw(st.sampled_from(OFFSETS))
    row = st.lists(_numbers("logits"), min_size=classes, max_size=classes)
    rows = [[x + offset for x in draw(row)] for _ in range(items)]
    arguments = _common(draw, items)
    if draw(st.booleans()):
        targets: Any = [draw(st.integers(0, classes - 1)) for _ in range(items)]
        if draw(st.sampled_from(RARELY)):
            targets[draw(st.integers(0, items - 1))] = IGNORED
            arguments["ignore_index"] = IGNORED
    else:
        mass = st.lists(st.sampled_from((0.0, 0.5, 1.0)), min_size=classes, max_size=classes)
        targets = [draw(mass) for _ in range(items)]
    weights = st.lists(st.sampled_from(WEIGHTS), min_size=classes, max_size=classes)
    arguments |= _given(class_weight=_sometimes(draw, weights))
    dtype = draw(st.sampled_from(DTYPES))
    return multiclass("hunted", dtype, rows, targets, "", "hunted", **arguments)


def _binary(draw: st.DrawFn) -> Case:
    items, form = draw(st.integers(1, 4)), draw(st.sampled_from(("logits", "probabilities")))
    own = st.lists(_numbers(form), min_size=items, max_size=items)
    shares = st.lists(st.sampled_from((0.0, 1.0, 0.25)), min_size=items, max_size=items)
    arguments = _common(draw, items)
    if form == "logits":
        arguments |= _given(pos_weight=_sometimes(draw, st.sampled_from(WEIGHTS)))
    else:
        arguments["form"] = form
    dtype = draw(st.sampled_from(DTYPES))
    return binary("hunted", dtype, draw(own), draw(shares), "", "hunted", **arguments)
