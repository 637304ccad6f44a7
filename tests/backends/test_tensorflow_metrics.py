"""Metrics in graphs: open batch sizes, loops over data sets, XLA."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from wce_core import metrics

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(12, 3)).astype(np.float32), RNG.integers(0, 3, 12)
B, S = RNG.integers(0, 2, (12, 3)), RNG.uniform(size=12).astype(np.float32)
OF: dict[str, tuple[Callable[..., Any], np.ndarray]] = {
    "outcomes": (metrics.outcomes, Y),
    "rows": (metrics.outcomes, B),
    "top_k": (lambda x, y, **w: metrics.top_k(x, y, k=2, **w), Y),
    "top_k of rows": (lambda x, y, **w: metrics.top_k(x, y, k=2, **w), B),
    "any_of_top_k": (
        lambda x, y, **w: metrics.any_of_top_k(x, tf.cast(y, tf.bool), k=2, **w),
        np.maximum(B, np.eye(3, dtype=int)[Y]),
    ),
    "calibration": (metrics.calibration, Y),
    "binary_outcomes": (lambda x, y, **w: metrics.binary_outcomes(x, y, axis=1, **w), B),
    "binary_calibration": (metrics.binary_calibration, B),
}


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("name", OF)
def test_an_open_batch_size(name: str, jit: bool) -> None:
    metric, y = OF[name]
    wanted = metric(tf.constant(X), tf.constant(y), sample_weight=tf.constant(S))
    open_ones = [tf.TensorSpec([None, *own.shape[1:]], tf.as_dtype(own.dtype)) for own in (X, y, S)]
    graph = tf.function(
        lambda x, y, s: metric(x, y, sample_weight=s), input_signature=open_ones, jit_compile=jit
    )
    found = graph(X, y, S)
    assert type(found) is type(wanted)
    for own, want in zip(found, wanted, strict=True):
        assert own.dtype == tf.float64
        np.testing.assert_allclose(own, want, rtol=1e-12)


@pytest.mark.parametrize("way", ["eager", "graph"])
def test_over_a_data_set(way: str) -> None:
    def loop(x: Any, y: Any) -> Any:
        found = metrics.ClassOutcomes.zero(metrics.outcomes(x[:1], y[:1]))
        for piece, labels in tf.data.Dataset.from_tensor_slices((x, y)).batch(5):
            found = found + metrics.outcomes(piece, labels)
        return found.f1("macro")

    own = tf.function(loop) if way == "graph" else loop
    x, y = tf.constant(X), tf.constant(Y)
    np.testing.assert_allclose(own(x, y), metrics.outcomes(x, y).f1("macro"))


def test_variables() -> None:
    found = metrics.outcomes(tf.Variable(X), tf.constant(Y))
    for own, want in zip(found, metrics.outcomes(tf.constant(X), tf.constant(Y)), strict=True):
        np.testing.assert_array_equal(own, want)
