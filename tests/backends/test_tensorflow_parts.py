"""``LossParts`` as what TensorFlow's loops carry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from wce_core import LossParts, losses

RNG = np.random.default_rng(0)
X = tf.constant(RNG.normal(size=(12, 3)), tf.float32)
Y = tf.constant(RNG.integers(0, 3, 12))
W = [1.0, 2.0, 5.0]


def parts(x: Any, y: Any) -> LossParts:
    found: LossParts = losses.cross_entropy(x, y, class_weight=W, reduction="parts")
    return found


def whole(x: Any) -> Any:
    return losses.cross_entropy(x, Y, class_weight=W, reduction="weighted_mean")


def whiled(x: Any) -> Any:
    xs, ys = tf.reshape(x, (3, 4, 3)), tf.reshape(Y, (3, 4))

    def body(i: Any, carry: LossParts) -> Any:
        return i + 1, carry + parts(xs[i], ys[i])

    start = (0, LossParts.zero(x))
    return tf.while_loop(lambda i, carry: i < 3, body, start)[1].weighted_mean()


def by_autograph(x: Any) -> Any:
    xs, ys = tf.reshape(x, (3, 4, 3)), tf.reshape(Y, (3, 4))
    found = LossParts.zero(x)
    for i in tf.range(3):
        found = found + parts(xs[i], ys[i])
    return found.weighted_mean()


def over_a_dataset(x: Any) -> Any:
    found = LossParts.zero(x)
    for piece, labels in tf.data.Dataset.from_tensor_slices((x, Y)).batch(5):
        found = found + parts(piece, labels)
    return found.weighted_mean()


@pytest.mark.parametrize("loop", [whiled, by_autograph, over_a_dataset])
@pytest.mark.parametrize("way", ["eager", "graph"])
def test_loops(loop: Callable[..., Any], way: str) -> None:
    own = tf.function(loop) if way == "graph" else loop
    np.testing.assert_allclose(own(X), whole(X), rtol=1e-6)


def test_a_loop_in_xla_and_its_gradient() -> None:
    own = tf.function(whiled, jit_compile=True)
    np.testing.assert_allclose(own(X), whole(X), rtol=1e-6)
    gradients = []
    for function in (tf.function(whiled), whole):
        with tf.GradientTape() as tape:
            tape.watch(X)
            value = function(X)
        gradients.append(tape.gradient(value, X))
    np.testing.assert_allclose(*gradients, rtol=1e-5, atol=1e-7)


def test_zeros_of_a_shape_that_is_not_known() -> None:
    signature = [tf.TensorSpec((None, None))]
    zero = tf.function(lambda x: LossParts.zero(x) * 3, input_signature=signature)(X)
    assert isinstance(zero, LossParts)
    assert not any(each.numpy() for each in zero)


def test_a_nest() -> None:
    found = tf.nest.map_structure(lambda leaf: leaf + 0, parts(X, Y))
    assert isinstance(found, LossParts)
    assert len(tf.nest.flatten(found)) == 7
