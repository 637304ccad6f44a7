"""Polynomials in the place of logarithms and quotients, beside sixty digits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from mpmath import mp

from wce_core.arrays.approximations import (
    COEFFICIENTS,
    log1p_up_to_one,
    reciprocal_up_to_one,
)

Function = Callable[[str, Any], Any]
BOUNDS = [(log1p_up_to_one, mp.log1p, 2.0), (reciprocal_up_to_one, lambda u: 1 / (1 + u), 1.5)]
"""In eps."""


def numbers(dtype: str) -> Any:
    """Of every size, and more of them where u is not small."""
    rng = np.random.default_rng(0)
    tiny = float(np.finfo(dtype).smallest_normal)
    sizes = np.geomspace(tiny, 1.0, 300)
    return np.concatenate([sizes, rng.random(1500), 1.0 - sizes]).astype(dtype)


@pytest.mark.parametrize("dtype", list(COEFFICIENTS))
@pytest.mark.parametrize(("found", "true", "bound"), BOUNDS)
def test_how_far_they_are_off(found: Function, true: Any, bound: float, dtype: str) -> None:
    u = numbers(dtype)
    values = found(dtype, u)
    assert values.dtype == dtype
    eps = float(np.finfo(dtype).eps)
    with mp.workdps(60):
        truth = [true(mp.mpf(float(each))) for each in u]
        errors = [
            abs(mp.mpf(float(own)) - each) / abs(each)
            for own, each in zip(values, truth, strict=True)
            if each
        ]
    assert max(errors) < bound * eps


@pytest.mark.parametrize("dtype", list(COEFFICIENTS))
def test_both_ends(dtype: str) -> None:
    u = np.array([0.0, np.nan], dtype=dtype)
    np.testing.assert_array_equal(log1p_up_to_one(dtype, u), [0.0, np.nan])
    np.testing.assert_array_equal(reciprocal_up_to_one(dtype, u), [1.0, np.nan])


@pytest.mark.parametrize("dtype", list(COEFFICIENTS))
def test_the_coefficients_are_of_chebyshev_points(dtype: str) -> None:
    """Each rounded to the dtype in which it is used."""
    count = len(COEFFICIENTS[dtype])
    with mp.workprec(300):
        exact = mp.chebyfit(lambda u: mp.log1p(u) / u if u else mp.mpf(1), [0, 1], count)
    rounded = np.array([float(each) for each in exact]).astype(dtype)
    np.testing.assert_array_equal(np.array(COEFFICIENTS[dtype], dtype=dtype), rounded)
