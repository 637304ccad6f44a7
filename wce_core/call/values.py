"""Impossible values, looked for in NumPy wherever they can be read without waiting for a device.

One pass over an array decides; only an array that fails it is searched for the first offender.
Values of excluded items are not looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from wce_core.errors import value_error
from wce_core.formulas.hints import ignore_hint
from wce_core.formulas.layout import Layout
from wce_core.formulas.weightings import WEIGHTINGS
from wce_core.formulas.weightings.base import largest_finite, raise_first, within
from wce_core.frameworks.backend import Backend
from wce_core.types import Arrays, TargetKind

EXCLUSIONS = ("mask", "ignore_index")
EPS = {"float64": 2.0**-52, "float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}


def check_values(
    be: Backend,
    layout: Layout,
    arrays: Arrays,
    form: str,
    *,
    index_targets: bool,
    negative_weights: bool,
    kind: TargetKind,
) -> bool:
    """ValueError for the first impossible target, weight or prediction among those readable.

    ``negative_weights``: may those of items be? ``kind``: what dense targets are. Returns
    whether they were looked at.
    """
    values = {
        name: be.to_numpy(array)
        for name, array in arrays.items()
        if (name != "predictions" or form != "logits") and be.readable(array)
    }
    for name, own in values.items():
        if name in WEIGHTINGS and not WEIGHTINGS[name].per_item:
            WEIGHTINGS[name].check(layout, own, None)
    if any(name in arrays and name not in values for name in EXCLUSIONS):
        return False
    return _check_items(
        be,
        layout,
        values,
        form,
        arrays["predictions"],
        index_targets=index_targets,
        negative_weights=negative_weights,
        kind=kind,
    )


def _check_items(
    be: Backend,
    layout: Layout,
    values: dict[str, np.ndarray],
    form: str,
    predictions: Any,
    *,
    index_targets: bool,
    negative_weights: bool,
    kind: TargetKind,
) -> bool:
    if "ignore_index" in values and "targets" not in values:
        return False
    included = _included(values)
    if "targets" in values:
        own = values["targets"]
        _check_targets(layout, own, included, index_targets=index_targets, kind=kind)
    if "predictions" in values:
        eps = EPS[be.dtype_name(predictions)]
        _check_predictions(layout, values["predictions"], included, form, eps)
    for name, own in values.items():
        if name in WEIGHTINGS and WEIGHTINGS[name].per_item:
            weighting = WEIGHTINGS[name]
            check = weighting.check_signed if negative_weights else weighting.check
            check(layout, own, included)
    return "targets" in values


def all_readable(be: Backend, arrays: Arrays) -> bool:
    """May every array be looked at now?"""
    return all(be.readable(array) for array in arrays.values())


def _included(values: dict[str, np.ndarray]) -> Any:
    included: Any = None
    if "mask" in values:
        included = values["mask"]
    if "ignore_index" in values:
        kept = values["targets"] != values["ignore_index"]
        included = kept if included is None else included & kept
    return included


def _check_targets(
    layout: Layout, targets: np.ndarray, included: Any, *, index_targets: bool, kind: TargetKind
) -> None:
    high: float
    if layout.categorical and targets.dtype == bool:
        _check_candidates(layout, targets, included)
        return
    if index_targets:
        high, expected = layout.classes - 1, f"a class index in [0, {layout.classes})"
    elif layout.categorical and kind == "mass":
        high, expected = largest_finite(targets), "a finite mass that is not negative"
    else:
        high, expected = 1, "a target in [0, 1]"
    dense = layout.categorical and not index_targets
    hint = None if dense else ignore_hint
    if kind == "labels" and not index_targets:
        _check_labels(layout, targets, included)
    _check_range("targets", layout, targets, included, (0, high), expected, hint=hint)


def _check_labels(layout: Layout, targets: np.ndarray, included: Any) -> None:
    """What is sorted is wrong or right, and nothing between."""
    wrong = ~((targets == 0) | (targets == 1))
    wrong = wrong if included is None else wrong & included
    if wrong.any():
        raise_first("targets", layout.as_given(targets), layout.as_given(wrong), "0 or 1")


def _check_candidates(layout: Layout, candidates: np.ndarray, included: Any) -> None:
    """Each set names a class; of none, nothing would be right."""
    empty = ~candidates.any(axis=layout.axis, keepdims=True)
    if included is not None:
        empty = empty & included
    if empty.any():
        item = tuple(int(i) for i in np.argwhere(np.squeeze(empty, axis=layout.axis))[0])
        raise value_error(
            "candidates", item, "an empty set", "a class at least; to leave an item out pass mask="
        )


def _check_predictions(
    layout: Layout,
    values: np.ndarray,
    included: Any,
    form: str,
    eps: float,
) -> None:
    if form == "probabilities":
        bounds, expected = (0.0, 1.0), "a probability in [0, 1]"
    elif form == "masses":
        bounds, expected = (0.0, np.inf), "a probability before normalization, from 0 on"
    elif form == "log_probabilities":
        bounds, expected = (-np.inf, 4.0 * eps), f"a log-probability of at most 4 eps = {4 * eps}"
    else:
        return
    _check_range("predictions", layout, values, included, bounds, expected, nan_passes=True)


def _check_range(
    name: str,
    layout: Layout,
    values: np.ndarray,
    included: Any,
    bounds: tuple[Any, Any],
    expected: str,
    *,
    hint: Callable[[Any], str] | None = None,
    nan_passes: bool = False,
) -> None:
    low, high = bounds
    if within(values, low, high):
        return
    wrong = ~((values >= low) & (values <= high))
    if nan_passes:
        wrong &= values == values
    if included is not None:
        wrong = wrong & included
    if wrong.any():
        raise_first(name, layout.as_given(values), layout.as_given(wrong), expected, hint)
