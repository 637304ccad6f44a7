"""Rows summed by XLA: how often it visits them, and what their sums lose."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from wce_backends.jax_sums import both_sums
from wce_core.losses import cross_entropy, focal_cross_entropy

BOUND = 6.0
"""Eps; equal numbers, the worst there are, are rounded to the same side."""
RNG = np.random.default_rng(3)


def off(found: Any, rows: np.ndarray) -> float:
    """The largest error of sums along the last axis, in eps of their dtype."""
    want = [math.fsum(map(float, row)) for row in rows]
    errors = [abs(float(x) / y - 1) for x, y in zip(np.ravel(found), want, strict=True)]
    return max(errors) / float(np.finfo(rows.dtype).eps)


@pytest.mark.parametrize("classes", [1, 16, 31, 32, 33, 100, 1000, 5003])
def test_both_sums_lose_a_few_eps_of_any_number_of_classes(classes: int) -> None:
    equal = np.repeat(np.array([[0.1], [0.3], [0.7]], np.float32), classes, axis=1)
    drawn = RNG.random((3, classes), np.float32)
    first, second = jax.jit(both_sums, static_argnums=2)(equal, drawn, 1)
    assert first.shape == second.shape == (3, 1)
    assert off(first, equal) <= BOUND
    assert off(second, drawn) <= BOUND
    with jax.enable_x64(True):
        wide = equal.astype(np.float64) / 3.0
        first, second = jax.jit(both_sums, static_argnums=2)(wide.T, wide.T, 0)
        assert first.shape == (1, 3)
        assert off(first, wide) <= BOUND
        np.testing.assert_array_equal(first, second)


def exponentials_of(function: Callable[..., Any], x: Any, *more: Any) -> int:
    """How many loops of the compiled program take the exponentials of all of ``x``."""
    text = jax.jit(function).lower(x, *more).compile().as_text() or ""
    shape = rf"f32\[{','.join(map(str, x.shape))}\]"
    found: int = len(re.findall(rf"= {shape}\S* exponential\(", text))
    return found


@pytest.mark.parametrize("classes", [2, 10, 100])
@pytest.mark.parametrize("loss", [cross_entropy, focal_cross_entropy])
def test_the_exponentials_of_a_row_are_taken_once(loss: Callable[..., Any], classes: int) -> None:
    x, w = jnp.zeros((96, classes)), jnp.ones(classes)
    y = jnp.zeros(96, jnp.int32)

    def value(x: Any, y: Any, w: Any) -> Any:
        return loss(x, y, class_weight=w, reduction="weighted_mean")

    assert exponentials_of(jax.value_and_grad(value), x, y, w) == 1
