"""Two replicas of ``tf.distribute`` have what one process has; run by test_keras_backends.py."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import wce_core.keras as home
from wce_core import dialects, losses

CPU = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(CPU, [tf.config.LogicalDeviceConfiguration()] * 2)
STRATEGY = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])

GENERATOR = np.random.default_rng(0)
N = 8
X = GENERATOR.standard_normal((N, 3)).astype(np.float32)
Y = np.array([0, 1, 2, 2, 1, -1, -1, 0])
WEIGHTS = GENERATOR.uniform(0, 2, N).astype(np.float32)
WEIGHTS[2] = 0
KERNEL = GENERATOR.standard_normal((3, 3)).astype(np.float32)
CLASS_WEIGHT = [1.0, 3.0, 0.5]
REDUCTIONS = (
    "sum",
    "mean",
    "mean_over_all",
    "weighted_mean",
    "absolute_weighted_mean",
    "nonzero_mean",
    "batch_mean",
)


def cases() -> dict[str, Any]:
    """Those that add up in parts, and those that are gathered."""
    given: dict[str, Any] = {"class_weight": CLASS_WEIGHT, "ignore_index": -1}
    found = {r: losses.CrossEntropy(reduction=r, **given) for r in REDUCTIONS}
    found["focal"] = losses.FocalCrossEntropy(reduction="weighted_mean", **given)
    found["nan"] = losses.CrossEntropy(empty="nan", **given)
    found["balanced"] = losses.CrossEntropy(class_weight="balanced", ignore_index=-1)
    found["dice"] = losses.DiceLoss(per="batch", absent="skip", **given)
    found["apart"] = losses.DiceLoss(reduction="weighted_mean", **given)
    found["combined"] = losses.combine((0.3, found["weighted_mean"]), (0.7, found["dice"]))
    found["double"] = losses.CrossEntropy(dtype="float64", **given)
    own = dialects.keras.SparseCategoricalCrossentropy
    found["dialect"] = own(from_logits=True, ignore_class=-1, reduction="mean_with_sample_weight")
    return {name: loss.keras() for name, loss in found.items()}


def value_and_gradients(kernel: Any, *given: Any) -> Any:
    """Of every case, in one program."""
    found = {}
    for name, loss in cases().items():
        x, y, s, mask = given
        with tf.GradientTape() as tape:
            y_pred = x @ kernel
            y_pred._keras_mask = mask
            value = loss(y, y_pred, sample_weight=s)
        found[name] = value, tape.gradient(value, kernel)
    return found


def summed(each: Any) -> Any:
    return STRATEGY.reduce("SUM", each, axis=None)


@pytest.mark.parametrize("first", [5, N])
def test_a_custom_loop(first: int) -> None:
    """Replicas of any lengths, one of which may have no items, or none that take part."""
    mask = np.ones(N, bool)
    mask[first - 1] = False
    arrays = (X, Y, WEIGHTS, mask)
    kernel = tf.Variable(KERNEL)
    expected = value_and_gradients(kernel, *map(tf.constant, arrays))
    pieces = [[a[:first] for a in arrays], [a[first:] for a in arrays]]
    given = [
        STRATEGY.experimental_distribute_values_from_function(
            lambda context, n=n: tf.constant(pieces[context.replica_id_in_sync_group][n])
        )
        for n in range(len(arrays))
    ]
    with STRATEGY.scope():
        mirrored = tf.Variable(KERNEL)
    step = tf.function(lambda *own: STRATEGY.run(value_and_gradients, (mirrored, *own)))
    found = step(*given)
    for name, (value, gradient) in expected.items():
        own = [summed(each) for each in found[name]]
        assert own[0].dtype == value.dtype
        np.testing.assert_allclose(own[0], value, rtol=1e-6, err_msg=name)
        np.testing.assert_allclose(own[1], gradient, rtol=2e-6, atol=1e-7, err_msg=name)


def test_all_that_is_masked_is_no_nan() -> None:
    def value(context: Any) -> Any:
        del context
        y_pred = tf.constant(X[:2])
        y_pred._keras_mask = tf.constant([False, False])
        return home.CrossEntropy(reduction="weighted_mean")(tf.constant([0, 1]), y_pred)

    run = tf.function(lambda: STRATEGY.run(lambda: value(None)))
    assert float(summed(run())) == 0.0


def test_class_weights_that_are_trained() -> None:
    """The denominator is of all replicas, for their gradient, too."""

    def gradient(weight: Any, x: Any, y: Any) -> Any:
        loss = home.CrossEntropy(class_weight=weight, reduction="weighted_mean")
        with tf.GradientTape() as tape:
            value = loss(y, x)
        return value, tape.gradient(value, weight)

    y = abs(Y)
    expected = gradient(tf.Variable(CLASS_WEIGHT), tf.constant(X), tf.constant(y))
    with STRATEGY.scope():
        weight = tf.Variable(CLASS_WEIGHT)
    pieces = [(X[:3], y[:3]), (X[3:], y[3:])]
    given = [
        STRATEGY.experimental_distribute_values_from_function(
            lambda context, n=n: tf.constant(pieces[context.replica_id_in_sync_group][n])
        )
        for n in range(2)
    ]
    run = tf.function(lambda *own: STRATEGY.run(gradient, (weight, *own)))
    for found, wanted in zip(run(*given), expected, strict=True):
        np.testing.assert_allclose(summed(found), wanted, rtol=2e-6, atol=1e-7)


def trained(reduction: Any) -> tuple[Any, dict[str, list[float]]]:
    """Two epochs of batches of 8 and of 5 items, of which a replica has 3 and the other 2."""
    x = np.random.default_rng(1).standard_normal((13, 3)).astype(np.float32)
    y = np.arange(13) % 3
    dense = keras.layers.Dense(3, kernel_initializer="zeros")
    model = keras.Sequential([keras.layers.Input((3,)), dense])
    model.compile(
        keras.optimizers.SGD(1.0),
        loss=home.CrossEntropy(class_weight=CLASS_WEIGHT, reduction=reduction),
        metrics=[home.Outcomes("f1", average="macro")],
        weighted_metrics=[home.LogLoss("weighted_mean", class_weight=CLASS_WEIGHT)],
    )
    s = np.linspace(0.5, 2, 13)
    fit = model.fit(x, y, sample_weight=s, batch_size=8, epochs=2, shuffle=False, verbose=0)
    scores = model.evaluate(x, y, sample_weight=s, batch_size=8, verbose=0, return_dict=True)
    return model.get_weights(), {**fit.history, **{f"own {n}": [v] for n, v in scores.items()}}


@pytest.mark.parametrize("reduction", ["weighted_mean", "sum"])
def test_fit(reduction: str) -> None:
    """The weights, and what is said of loss and metrics."""
    weights, said = trained(reduction)
    with STRATEGY.scope():
        found, own = trained(reduction)
    for one, other in zip(found, weights, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
    assert own.keys() == said.keys()
    for name, values in said.items():
        np.testing.assert_allclose(own[name], values, rtol=1e-5, err_msg=name)
