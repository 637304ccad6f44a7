"""Parts over the replicas of ``tf.distribute``: two of a CPU, in a process of their own."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import json
import subprocess
import sys
import traceback
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from rank_cases import DIVIDED, EVERY, REDUCTIONS, Cell, cells

from wce_core import LossParts, effective_weight, losses, metrics, value_and_grad

REPLICAS = 2
N, WIDE, C = 16, 5, 3
EPS = 2.0**-52
RNG = np.random.default_rng(11)
H = RNG.normal(size=(N, WIDE))
P = np.linspace(-1, 1, WIDE * C).reshape(WIDE, C)
Y = RNG.integers(0, C, N)
Y[:4] = -100
S = RNG.uniform(size=N)
LOSS: Any = losses.CrossEntropy(class_weight=[1.0, 4.0, 0.5], ignore_index=-100, reduction="parts")
EXACT: Any = dataclasses.replace(LOSS, precision="exact")


@functools.cache
def replicas(count: int) -> Any:
    """One strategy of so many for all: each counts its messages from the same number on."""
    return tf.distribute.MirroredStrategy([f"CPU:{i}" for i in range(count)])


UNEVEN = Cell(REPLICAS, 1, "uneven")
CELLS = cells(REPLICAS)
# A graph takes seconds.
IN_GRAPHS = CELLS if EVERY else CELLS[:1]


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


def rows(cell: Cell) -> list[Any]:
    """For each micro-batch, the rows of each replica; some may have none."""
    pieces = [np.array_split(np.arange(N)[own], cell.steps) for own in cell.rows(N)]

    def of_replica(step: int) -> Any:
        return replicas(cell.count).experimental_distribute_values_from_function(
            lambda context: tf.constant(pieces[context.replica_id_in_sync_group][step])
        )

    return [of_replica(step) for step in range(cell.steps)]


def step_of(weights: Any, averaged_over: int) -> Callable[..., Any]:
    """What a replica does: its values, and their gradients as an engine gets them."""

    def step(*micro: Any) -> tuple[Any, Any]:
        with tf.GradientTape(persistent=True) as tape:
            parts = LossParts.zero(tf.constant(H))
            for own in micro:
                h, y, s = (tf.gather(each, own) for each in (H, Y, S))
                parts += LOSS(h @ weights, y, sample_weight=s)
            whole = parts.all_reduce(averaged_over=averaged_over)
            values = [getattr(whole, reduction)() for reduction in REDUCTIONS]
        return values, [tape.gradient(value, weights) for value in values]

    return step


def runner(way: str, strategy: Any, step: Callable[..., Any]) -> Callable[..., Any]:
    """The step on all replicas; a graph of a step is made once for batches of any length."""

    def run(*args: Any) -> Any:
        return strategy.run(step, args=args)

    return run if way == "eager" else tf.function(run, reduce_retracing=True)


def check_values_and_gradients(way: str, own: list[Cell]) -> None:
    """Every reduction; added up over replicas, or averaged as Keras' ``fit`` and Horovod do."""
    for (count, steps), cells_of_a_graph in itertools.groupby(own, lambda c: (c.count, c.steps)):
        strategy, averaged_over = replicas(count), 1 + steps % 2
        with strategy.scope():
            weights = tf.Variable(P)
        ran = runner(way, strategy, step_of(weights, averaged_over))
        for cell in cells_of_a_graph:
            found, slopes = ran(*rows(cell))
            for reduction, each, own_slopes in zip(REDUCTIONS, found, slopes, strict=True):
                value, gradient, sizes = of_one_process(reduction)
                for of_replica in strategy.experimental_local_results(each):
                    within(of_replica, value, 1 + abs(value))
                engine = sum(strategy.experimental_local_results(own_slopes)) / averaged_over
                within(engine, gradient, sizes)


def logits() -> Any:
    return (H @ P).astype(np.float32)


@functools.cache
def of_one_process_exactly(reduction: str) -> tuple[Any, Any]:
    """Proved bits of the value, and of the gradient to logits."""
    loss = dataclasses.replace(EXACT, reduction=reduction)
    return value_and_grad(functools.partial(loss, targets=Y, sample_weight=S))(logits())


def exact_step(x: Any, *micro: Any) -> tuple[Any, Any, Any]:
    """Values and gradients to all logits by parts; gradients where divisors are known before."""
    loss = dataclasses.replace(EXACT, dtype="float64")
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        parts = LossParts.zero(x, dtype="float64")
        for own in micro:
            y, s = tf.gather(Y, own), tf.gather(S, own)
            parts += loss(tf.gather(x, own), y, sample_weight=s)
        whole = parts.all_reduce(averaged_over=2)
        values = [getattr(whole, reduction)() for reduction in REDUCTIONS]
        shares = [
            share_of(x, micro, dataclasses.replace(EXACT, reduction=name)) for name in DIVIDED
        ]
    to_logits = [dense(tape.gradient(value, x)) / 2 for value in values]
    return values, to_logits, [dense(tape.gradient(share, x)) for share in shares]


def share_of(x: Any, micro: Any, loss: Any) -> Any:
    """The share of a replica in a mean, whose divisor is that of all."""
    own = [effective_weight(loss, tf.gather(Y, i), sample_weight=tf.gather(S, i)) for i in micro]
    context = tf.distribute.get_replica_context()
    whole = context.all_reduce(tf.distribute.ReduceOp.SUM, tf.add_n(own))
    share = dataclasses.replace(loss, reduction="sum")
    return tf.add_n(
        [
            share(tf.gather(x, i), tf.gather(Y, i), sample_weight=tf.gather(S, i), normalizer=whole)
            for i in micro
        ]
    )


def dense(gradient: Any) -> Any:
    return tf.convert_to_tensor(gradient)


def check_exact(way: str, own: list[Cell]) -> None:
    """The bits of one process, of values and gradients: each item is on one replica."""
    ran = {count: runner(way, replicas(count), exact_step) for count in {c.count for c in own}}
    for cell in own:
        strategy = replicas(cell.count)
        found, slopes, shares = ran[cell.count](tf.constant(logits()), *rows(cell))
        results = strategy.experimental_local_results
        for reduction, each, own_slopes in zip(REDUCTIONS, found, slopes, strict=True):
            value, gradient = of_one_process_exactly(reduction)
            for of_replica in results(each):
                assert np.float32(of_replica) == value, (cell, reduction)
            np.testing.assert_array_equal(sum(results(own_slopes)), gradient, f"{cell} {reduction}")
        for reduction, share in zip(DIVIDED, shares, strict=True):
            _, gradient = of_one_process_exactly(reduction)
            np.testing.assert_array_equal(sum(results(share)), gradient, f"{cell} {reduction}")


def check_counts_and_metrics() -> None:
    strategy = replicas(REPLICAS)

    def own(i: Any) -> Any:
        many = LossParts(*(tf.constant(2**53 + 1, tf.int64) for _ in LossParts._fields))
        x, y = tf.gather(H[:, :C], i), tf.gather(Y, i)
        counted = metrics.outcomes(x, y, ignore_index=-100)
        return many.all_reduce(), counted.all_reduce()

    counts, sums = strategy.run(own, args=tuple(rows(UNEVEN)))
    for each in counts:
        assert all(int(c) == 2 * (2**53 + 1) for c in strategy.experimental_local_results(each))
    for found, whole in zip(sums, metrics.outcomes(H[:, :C], Y, ignore_index=-100), strict=True):
        np.testing.assert_array_equal(strategy.experimental_local_results(found)[0], whole)


def check_denominators_are_known_before() -> None:
    """Added up by TensorFlow, each micro-batch has its share of one whole."""
    strategy = replicas(REPLICAS)

    def own(i: Any) -> Any:
        y, s = tf.gather(Y, i), tf.gather(S, i)
        whole = effective_weight(LOSS, y, sample_weight=s, reduction="weighted_mean")
        context = tf.distribute.get_replica_context()
        return context.all_reduce(tf.distribute.ReduceOp.SUM, whole)

    expected = LOSS(H @ P, Y, sample_weight=S).weight
    for function in (own, tf.function(own)):
        found = strategy.run(function, args=tuple(rows(UNEVEN)))
        for each in strategy.experimental_local_results(found):
            within(each, expected)


def by_steps(name: str, check: Callable[[str, list[Cell]], None]) -> dict[str, Any]:
    """Of so many steps each: graphs stay in the memory of a process that made them."""
    own = {k: [c for c in IN_GRAPHS if c.steps == k] for k in {c.steps for c in IN_GRAPHS}}
    return {f"{name}, {k} steps": functools.partial(check, "graphs", own[k]) for k in sorted(own)}


CHECKS: dict[str, Callable[[], None]] = {
    "eager": functools.partial(check_values_and_gradients, "eager", CELLS),
    **by_steps("graphs", check_values_and_gradients),
    "exact, eager": functools.partial(check_exact, "eager", CELLS),
    **by_steps("exact, graphs", check_exact),
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
def outcomes(*names: str) -> dict[str, str]:
    """Of all checks, or of some."""
    finished = subprocess.run(
        [sys.executable, __file__, *names],
        capture_output=True,
        text=True,
        check=False,
        timeout=3600 if EVERY else 500,
    )
    assert finished.returncode == 0, finished.stderr
    return dict(json.loads(finished.stdout.splitlines()[-1]))


@pytest.mark.xdist_group("replicas")  # the one process that all of them read
@pytest.mark.parametrize("name", CHECKS)
def test_on_two_replicas(name: str) -> None:
    found = (outcomes(name) if EVERY else outcomes())[name]
    assert found == "passed", found


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
    print(json.dumps({name: outcome(CHECKS[name]) for name in sys.argv[1:] or CHECKS}))
