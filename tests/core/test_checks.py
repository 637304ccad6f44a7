"""The one visit that tells whether values may be what they are, for every dtype."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import pytest

from wce_core.formulas.weightings.base import largest_finite, within

FLOATS = (np.float16, np.float32, np.float64, np.longdouble, ">f4", ">f8")
INTEGERS = (np.int8, np.uint8, np.int16, np.uint16, np.int32, np.int64, np.uint64, ">i4")


@pytest.mark.parametrize("dtype", FLOATS)
def test_floats(dtype: Any) -> None:
    largest = np.finfo(dtype).max
    fine = np.array([0.0, 1e-7, 1.0, largest], dtype)
    assert within(fine, 0, largest_finite(fine))
    assert within(fine[:3], 0, 1)
    assert not within(fine, 0, 1)
    for wrong in (-1.0, -1e-7, np.inf, -np.inf, np.nan, -np.nan):
        assert not within(np.array([0.5, wrong, 0.5], dtype), 0, largest_finite(fine)), wrong
    assert within(np.array([-5.0, 0.0], dtype), -np.inf, 0.0)
    assert not within(np.array([-5.0, np.nan], dtype), -np.inf, 0.0)


@pytest.mark.parametrize("dtype", INTEGERS)
def test_integers(dtype: Any) -> None:
    labels, largest = np.array([[0, 3], [9, 1]], dtype), np.iinfo(dtype).max
    assert within(labels, 0, 9)
    assert within(labels.T[::-1], 0, 9)
    assert not within(labels, 0, 8)
    assert within(labels, 0, 10**9)  # more than a small dtype holds
    assert within(labels, 0, np.inf)
    assert not within(np.array([3, largest], dtype), 0, 9)
    if np.iinfo(dtype).min < 0:
        assert not within(np.array([3, -1], dtype), 0, np.inf)


def test_others() -> None:
    assert within(np.array([True, False]), 0, 1)
    assert not within(np.array([True, False]), 0, 0)
    assert within(np.array([], np.float32), 0, 1)
    assert within(np.array([1, 3], ml_dtypes.int4), 0, 3)
    assert not within(np.array([1, -3], ml_dtypes.int4), 0, 3)
