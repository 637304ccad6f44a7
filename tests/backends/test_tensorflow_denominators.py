"""Parts over the replicas of ``tf.distribute``: two of a CPU, in a process of their own."""

from __future__ import annotations

import dataclasses
import functools
import json
import subprocess
import sys
import traceback
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from wce_core import LossParts, effective_weight, losses, metrics
from wce_core.formulas.reductions import DENOMINATORS

REPLICAS = 2
N, WIDE, C = 16, 5, 3
REDUCTIONS = [name for name, under in DENOMINATORS.items() if under not in (None, "normalizer")]
EPS = 2.0**-52
RNG = np.random.default_rng(11)
H = RNG.normal(size=(N, WIDE))
P = np.linspace(-1, 1, WIDE * C).reshape(WIDE, C)
Y = RNG.integers(0, C, N)
Y[:4] = -100
S = RNG.uniform(size=N)
LOSS: Any = losses.CrossEntropy(class_weight=[1.0, 4.0, 0.5], ignore_index=-100, reduction="parts")
CUTS = {"even": 8, "uneven": 13, "all ignored on one": 4, "nothing on one": 0}


@functools.cache
def replicas() -> Any:
    """One strategy for all: TensorFlow counts the messages of each from the same number on."""
    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])


def within(found: Any, expected: Any, scale: Any = None) -> None:
    """To 4 eps of it, or of the sizes of what was added up."""
    found, expected = np.asarray(found), np.asarray(expected)
    size = abs(expected) if scale is None else scale
    assert (abs(found - expected) <= 4 * EPS * size).all(), (found, expected)


def of_one_process(reduction: str) -> tuple[Any, Any, Any]:
    """Value, gradient of the parameters, and the sizes of what is added up to it."""
    weights = tf.Variable(P)
    with tf.GradientTape() as tape:
        x = tf.constant(H) @ weights
        value = dataclasses.replace(LOSS, reduction=reduction)(x, Y, sample_weight=S)
    gradient, slopes = tape.gradient(value, [weights, x])
    return value.numpy(), gradient, abs(H).T @ abs(slopes.numpy()) * (1 + (abs(H) @ abs(P)).max())


def rows(strategy: Any, cut: int, steps: int) -> list[Any]:
    """For each micro-batch, the rows of each replica; some may have none."""
    pieces = [np.array_split(np.arange(N)[own], steps) for own in (slice(cut), slice(cut, N))]

    def of_replica(step: int) -> Any:
        return strategy.experimental_distribute_values_from_function(
            lambda context: tf.constant(pieces[context.replica_id_in_sync_group][step])
        )

    return [of_replica(step) for step in range(steps)]


def step_of(weights: Any, method: str, averaged_over: int) -> Callable[..., Any]:
    """What a replica does: its value, and its gradient as an engine gets it."""

    def step(*micro: Any) -> tuple[Any, Any]:
        with tf.GradientTape() as tape:
            parts = LossParts.zero(tf.constant(H))
            for own in micro:
                h, y, s = (tf.gather(each, own) for each in (H, Y, S))
                parts += LOSS(h @ weights, y, sample_weight=s)
            value = getattr(parts.all_reduce(averaged_over=averaged_over), method)()
        return value, tape.gradient(value, weights)

    return step


def check_values_and_gradients(way: str) -> None:
    """Added up over replicas, or averaged as Keras' ``fit`` and Horovod do."""
    strategy = replicas()
    with strategy.scope():
        weights = tf.Variable(P)
    # A graph takes seconds: of each number of steps one, and each reduction once.
    cases = [("weighted_mean", cut, steps) for cut in CUTS.values() for steps in (1, 4)]
    cases += [(name, CUTS["uneven"], 2) for name in REDUCTIONS]
    cases = cases if way == "eager" else [("weighted_mean", 13, 8), ("mean", 0, 1)]
    for number, (reduction, cut, steps) in enumerate(cases):
        value, gradient, sizes = of_one_process(reduction)
        averaged_over = 1 + number % 2
        step = step_of(weights, reduction, averaged_over)
        own = step if way == "eager" else tf.function(step)
        found, slopes = strategy.run(own, args=tuple(rows(strategy, cut, steps)))
        for each in strategy.experimental_local_results(found):
            within(each, value, 1 + abs(value))
        engine = sum(strategy.experimental_local_results(slopes)) / averaged_over
        within(engine, gradient, sizes)


def check_counts_and_metrics() -> None:
    strategy = replicas()

    def own(i: Any) -> Any:
        many = LossParts(*(tf.constant(2**53 + 1, tf.int64) for _ in LossParts._fields))
        x, y = tf.gather(H[:, :C], i), tf.gather(Y, i)
        counted = metrics.outcomes(x, y, ignore_index=-100)
        return many.all_reduce(), counted.all_reduce()

    counts, sums = strategy.run(own, args=tuple(rows(strategy, 13, 1)))
    for each in counts:
        assert all(int(c) == 2 * (2**53 + 1) for c in strategy.experimental_local_results(each))
    for found, whole in zip(sums, metrics.outcomes(H[:, :C], Y, ignore_index=-100), strict=True):
        np.testing.assert_array_equal(strategy.experimental_local_results(found)[0], whole)


def check_denominators_are_known_before() -> None:
    """Added up by TensorFlow, each micro-batch has its share of one whole."""
    strategy = replicas()

    def own(i: Any) -> Any:
        y, s = tf.gather(Y, i), tf.gather(S, i)
        whole = effective_weight(LOSS, y, sample_weight=s, reduction="weighted_mean")
        context = tf.distribute.get_replica_context()
        return context.all_reduce(tf.distribute.ReduceOp.SUM, whole)

    expected = LOSS(H @ P, Y, sample_weight=S).weight
    for function in (own, tf.function(own)):
        found = strategy.run(function, args=tuple(rows(strategy, 13, 1)))
        for each in strategy.experimental_local_results(found):
            within(each, expected)


CHECKS: dict[str, Callable[[], None]] = {
    "eager": functools.partial(check_values_and_gradients, "eager"),
    "graphs": functools.partial(check_values_and_gradients, "graphs"),
    "counts and metrics": check_counts_and_metrics,
    "denominators known before": check_denominators_are_known_before,
}


def outcome(check: Callable[[], None]) -> str:
    try:
        check()
    except Exception:
        return traceback.format_exc()
    return "passed"


@functools.cache
def outcomes() -> dict[str, str]:
    finished = subprocess.run(
        [sys.executable, __file__], capture_output=True, text=True, check=False, timeout=500
    )
    assert finished.returncode == 0, finished.stderr
    return dict(json.loads(finished.stdout.splitlines()[-1]))


@pytest.mark.parametrize("name", CHECKS)
def test_on_two_replicas(name: str) -> None:
    assert outcomes()[name] == "passed", outcomes()[name]


def test_without_replicas() -> None:
    parts = LOSS(tf.constant(H @ P), Y)
    with pytest.raises(RuntimeError, match=r"call it in a function that strategy.run\(...\) runs"):
        parts.all_reduce()
    strategy = tf.distribute.OneDeviceStrategy("CPU:0")
    with strategy.scope(), pytest.raises(RuntimeError, match="where there are no replicas"):
        parts.all_reduce()


def test_of_another_framework() -> None:
    parts = LOSS(tf.constant(H @ P), Y)
    with pytest.raises(TypeError, match="TensorFlow's is that of the strategy"):
        parts.all_reduce("a group")
    with pytest.raises(TypeError, match=r"psum\(\) of tensorflow arrays; use all_reduce"):
        parts.psum("devices")


if __name__ == "__main__":
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(
        cpu, [tf.config.LogicalDeviceConfiguration()] * REPLICAS
    )
    print(json.dumps({name: outcome(check) for name, check in CHECKS.items()}))
