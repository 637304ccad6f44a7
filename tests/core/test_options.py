"""Options that are wrong whatever the arrays are: at a call, and when a loss is configured."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from wce_core import losses

WRONG: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"reduction": "avg"}, ValueError, "reduction is 'avg'; expected one of 'none'"),
    ({"soft_weighting": "soft"}, ValueError, "soft_weighting is 'soft'"),
    ({"form": "odds"}, ValueError, "form is 'odds'"),
    ({"empty": 0}, ValueError, "empty is 0"),
    ({"precision": "high"}, ValueError, "precision is 'high'"),
    ({"validate": "no"}, ValueError, "validate is 'no'; expected one of None, True, False"),
    ({"dtype": "int32"}, TypeError, "dtype=.* int32; expected one of float64"),
    ({"label_smoothing": 2}, ValueError, "label_smoothing is 2"),
    ({"label_smoothing": "0.1"}, TypeError, "label_smoothing is '0.1'"),
    ({"axis": 0.9}, TypeError, "axis is 0.9; expected an integer"),
    ({"axis": "0"}, TypeError, "axis is '0'; expected an integer"),
    ({"ignore_index": "0"}, TypeError, "ignore_index is '0'"),
    ({"ignore_index": float("nan")}, ValueError, "ignore_index is NaN"),
    ({"clip": 0.1}, ValueError, "clip with form='logits'"),
    ({"clip": 0.7, "form": "probabilities"}, ValueError, "clip is 0.7"),
    ({"clip": 0.1, "form": losses.Probabilities()}, ValueError, "clip beside form"),
]
CATEGORICAL: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"smoothing": "other"}, ValueError, "smoothing is 'other'"),
    ({"axis": None}, TypeError, "axis is None"),
]
BINARY: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"form": losses.Probabilities(normalize="before")}, ValueError, "normalize is for rows"),
]


@pytest.mark.parametrize(("options", "error", "message"), WRONG + CATEGORICAL)
def test_multi_class(options: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        losses.cross_entropy(np.full((2, 3), 0.5), [0, 1], **options)
    with pytest.raises(error, match=message):
        losses.CrossEntropy(**options)


@pytest.mark.parametrize(("options", "error", "message"), WRONG + BINARY)
def test_binary(options: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        losses.binary_cross_entropy(np.full(2, 0.5), [0, 1], **options)
    with pytest.raises(error, match=message):
        losses.BinaryCrossEntropy(**options)
