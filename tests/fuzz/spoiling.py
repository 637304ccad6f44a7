"""Excluded items, and anything at all in them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from random import Random
from typing import Any

from wce_conformance.cases import Case, Tensor
from wce_conformance.oracle.grid import Index, placed, positions

from .draft import Draft
from .kinds import GARBAGE, INTEGERS, held


def ignored(case: Case, random: Random) -> Case:
    """Some targets are ``ignore_index``, where their dtype has it."""
    label: Any = case.arguments["ignore_index"]
    if not _has(case.targets.dtype, label):
        return case
    kind = type(case.targets.data[0]) if case.targets.data else float
    data = (kind(label) if random.random() < 0.25 else value for value in case.targets.data)
    return replace(case, targets=replace(case.targets, data=tuple(data)))


def _has(dtype: str, label: float) -> bool:
    if dtype == "bool":
        return label in (0, 1)
    if dtype in INTEGERS:
        low, high = INTEGERS[dtype]
        return label == int(label) and low <= label <= high
    return held(label, dtype, flushed=False) == label


def spoiled(case: Case, draft: Draft, random: Random) -> Case:
    """Excluded items with values that nobody may read: NaN, infinities, labels of no class."""
    lost = [at for at in positions(draft.items) if _excluded(case, draft, at)]
    masked = [at for at in lost if not _is_ignored(case, at)]
    rows = _rows(draft, lost)
    case = replace(case, predictions=_with_garbage(case.predictions, rows, random))
    own = masked if draft.index or not draft.multiclass else _rows(draft, masked)
    case = replace(case, targets=_with_garbage(case.targets, own, random))
    weights = case.arguments.get("sample_weight")
    if isinstance(weights, Tensor) and weights.shape == draft.items:
        weights = _with_garbage(weights, lost, random)
        case = replace(case, arguments={**case.arguments, "sample_weight": weights})
    return case


def _rows(draft: Draft, items: Iterable[Index]) -> list[Index]:
    return [place for at in items for place in _row(draft, at)]


def _row(draft: Draft, at: Index) -> list[Index]:
    if not draft.multiclass or draft.axis is None:
        return [at]
    return [(*at[: draft.axis], k, *at[draft.axis :]) for k in range(draft.length)]


def _excluded(case: Case, draft: Draft, at: Index) -> bool:
    mask = case.arguments.get("mask")
    if isinstance(mask, Tensor) and not placed(mask.grid(), draft.items, "mask")(at):
        return True
    return _is_ignored(case, at)


def _is_ignored(case: Case, at: Index) -> bool:
    label = case.arguments.get("ignore_index")
    return label is not None and bool(case.targets.grid().at(at) == label)


def _with_garbage(array: Tensor, places: Iterable[Index], random: Random) -> Tensor:
    if array.dtype == "bool":
        return array
    data, grid = list(array.data), array.grid()
    for place in places:
        if random.random() < 0.5:
            data[grid.offset(place)] = _garbage(array.dtype, random)
    return replace(array, data=tuple(data))


def _garbage(dtype: str, random: Random) -> Any:
    if dtype in INTEGERS:
        return random.choice((*INTEGERS[dtype], *INTEGERS[dtype], 7))
    return held(random.choice(GARBAGE), dtype, flushed=True)
