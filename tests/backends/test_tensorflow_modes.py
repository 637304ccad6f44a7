"""Under tapes, tracers and transforms, after replays: values are those of the arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from wce_backends import programs
from wce_core import losses

Result = tuple[Any, Any]


class Batch:
    """Predictions that are replayed if they are few, and others of the same kind."""

    def __init__(self, rows: int) -> None:
        rng = np.random.default_rng(0)
        self.seen = tf.constant(rng.normal(size=(rows, 3)).astype(np.float32))
        self.x = tf.constant(rng.normal(size=(rows, 3)).astype(np.float32) * 60)
        self.labels = tf.constant(rng.integers(0, 3, rows))
        if rows == 4:
            for _ in range(programs.OFTEN + 2):
                self.loss(self.seen)
                self.both(self.seen)

    def loss(self, x: Any) -> Any:
        return losses.cross_entropy(
            x, self.labels, class_weight=[0.0, 2.0, 0.5], reduction="weighted_mean"
        )

    def both(self, x: Any, loss: Callable[[Any], Any] | None = None) -> Result:
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = (loss or self.loss)(x)
        return value, tape.gradient(value, x)


def in_py_function(batch: Batch) -> Result:
    @tf.function
    def both(x: Any) -> Result:
        return batch.both(x, lambda x: tf.py_function(batch.loss, [x], tf.float32))

    both(batch.seen)
    return both(batch.x)


def in_a_graph(batch: Batch) -> Result:
    both = tf.function(batch.both)
    both(batch.seen)
    return both(batch.x)


def in_init_scope(batch: Batch) -> Result:
    """Which no tape follows, not even one within."""

    @tf.function
    def value() -> Any:
        with tf.init_scope():
            return batch.loss(batch.x)

    return value(), batch.both(batch.x)[1]


def of_a_variable(batch: Batch) -> Result:
    return batch.both(tf.Variable(batch.x))


def recomputed(batch: Batch) -> Result:
    return batch.both(batch.x, tf.recompute_grad(batch.loss))


def vectorized(batch: Batch) -> Result:
    both = tf.vectorized_map(batch.both, tf.stack([batch.seen, batch.x]))
    return both[0][1], both[1][1]


def functions_run_eagerly(batch: Batch) -> Result:
    tf.config.run_functions_eagerly(True)
    try:
        return in_a_graph(batch)
    finally:
        tf.config.run_functions_eagerly(False)


def in_a_strategy(batch: Batch) -> Result:
    found: Result = tf.distribute.OneDeviceStrategy("CPU:0").run(batch.both, (batch.x,))
    return found


def forward(batch: Batch) -> Result:
    """Of the derivative in one direction, all that the gradient says of it."""
    with tf.autodiff.ForwardAccumulator(batch.x, batch.seen) as accumulator:
        value = batch.loss(batch.x)
    return value, accumulator.jvp(value)


MODES: dict[str, Callable[[Batch], Result]] = {
    "tf.py_function": in_py_function,
    "tf.function": in_a_graph,
    "tf.init_scope": in_init_scope,
    "tf.Variable": of_a_variable,
    "tf.recompute_grad": recomputed,
    "tf.vectorized_map": vectorized,
    "run_functions_eagerly": functions_run_eagerly,
    "tf.distribute": in_a_strategy,
    "ForwardAccumulator": forward,
}


@pytest.fixture(params=[4, 65_536], scope="module")
def batch(request: pytest.FixtureRequest) -> Batch:
    return Batch(request.param)


@pytest.mark.parametrize("mode", MODES)
def test_value_and_gradient(mode: str, batch: Batch) -> None:
    value, gradient = batch.both(batch.x)
    found, slopes = MODES[mode](batch)
    if mode == "ForwardAccumulator":
        gradient = tf.reduce_sum(tf.cast(gradient, tf.float64) * tf.cast(batch.seen, tf.float64))
    np.testing.assert_allclose(found, value, rtol=1e-5)
    np.testing.assert_allclose(slopes, gradient, rtol=1e-4, atol=1e-8)


@pytest.mark.parametrize("rows", [4, 65_536])
def test_a_graph_of_tensorflow_1_is_refused(rows: int) -> None:
    """There ``x == 0`` asks whether the tensor is the number 0."""
    with tf.Graph().as_default():
        x = tf.compat.v1.placeholder(tf.float32, (rows, 3))
        with pytest.raises(TypeError, match=r"predictions are of a tf\.Graph.*use tf\.function"):
            losses.cross_entropy(x, np.zeros(rows, int))
