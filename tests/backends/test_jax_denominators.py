"""Parts over devices, and classes over devices: eight of a CPU, in a process of their own."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import json
import os
import re
import subprocess
import sys
import traceback
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from jax.sharding import AxisType, NamedSharding, PartitionSpec

from wce_core import LossParts, effective_weight, losses, metrics
from wce_core.formulas.reductions import DENOMINATORS

DEVICES = 8
N, WIDE, C = 64, 5, 16
REDUCTIONS = [name for name, under in DENOMINATORS.items() if under not in (None, "normalizer")]
EPS = 2.0**-23
RNG = np.random.default_rng(11)
X = (RNG.normal(size=(N, C)) * 3).astype(np.float32)
H = RNG.normal(size=(N, WIDE)).astype(np.float32)
P = np.linspace(-1, 1, WIDE * C).reshape(WIDE, C).astype(np.float32)
Y = RNG.integers(0, C, N).astype(np.int32)
Y[: N // 4] = -100  # all that a quarter of the devices has
Y[-3:] = -100
S = RNG.uniform(size=N).astype(np.float32)
W = np.linspace(0.5, 2.0, C).astype(np.float32)
LOSS: Any = losses.CrossEntropy(class_weight=W, ignore_index=-100, reduction="parts")
D, EVERYWHERE = PartitionSpec("d"), PartitionSpec()


def mesh(count: int, kind: AxisType = AxisType.Auto) -> Any:
    return jax.make_mesh((count,), ("d",), axis_types=(kind,), devices=jax.devices()[:count])


def within(found: Any, expected: Any, scale: Any = None) -> None:
    """To 4 eps of it, or of the sizes of what was added up."""
    found, expected = np.asarray(found, np.float64), np.asarray(expected, np.float64)
    size = abs(expected) if scale is None else scale
    assert (abs(found - expected) <= 4 * EPS * size).all(), (found, expected)


def all_means(parts: LossParts) -> Any:
    return jnp.stack([getattr(parts, reduction)() for reduction in REDUCTIONS])


def accumulated(x: Any, y: Any, s: Any, steps: int) -> LossParts:
    def body(carry: LossParts, batch: Any) -> tuple[LossParts, None]:
        x, y, s = batch
        return carry + LOSS(x, y, sample_weight=s), None

    batches = [each.reshape(steps, -1, *each.shape[1:]) for each in (x, y, s)]
    found: LossParts = lax.scan(body, LossParts.zero(x), tuple(batches))[0]
    return found


@functools.cache
def of_one_device() -> tuple[Any, Any]:
    """Every mean of the whole, and its gradient to each logit."""
    values, slopes = [], []
    for reduction in REDUCTIONS:
        loss = dataclasses.replace(LOSS, reduction=reduction)
        value, slope = jax.value_and_grad(loss)(X, Y, sample_weight=S)
        values.append(np.asarray(value))
        slopes.append(np.asarray(slope))
    return np.stack(values), np.stack(slopes)


def check_values_and_gradients() -> None:
    """Every reduction of every device count; accumulated by ``lax.scan``."""
    values, slopes = of_one_device()
    for count, steps in ((1, 8), (2, 4), (4, 2), (8, 1)):

        @functools.partial(
            jax.shard_map, mesh=mesh(count), in_specs=(D, D, D), out_specs=EVERYWHERE
        )
        def means(x: Any, y: Any, s: Any, steps: int = steps) -> Any:
            return all_means(accumulated(x, y, s, steps).psum("d"))

        within(jax.jit(means)(X, Y, S), values)
        within(jax.jit(jax.jacrev(means))(X, Y, S), slopes)


def of_parameters(p: Any, h: Any, y: Any, s: Any) -> Any:
    return LOSS(h @ p, y, sample_weight=s).psum("d").weighted_mean()


def expected_of_parameters() -> tuple[Any, Any, Any]:
    """Value, gradient, and the sizes of what is added up to it."""
    loss = losses.CrossEntropy(class_weight=W, ignore_index=-100, reduction="weighted_mean")
    with jax.enable_x64(True):
        x = jnp.asarray(H, jnp.float64) @ jnp.asarray(P, jnp.float64)
        value, slopes = jax.value_and_grad(functools.partial(loss, targets=Y, sample_weight=S))(x)
    slopes = np.asarray(slopes)
    sizes = (abs(H) @ abs(P)).max() * (abs(H).T @ abs(slopes))
    return np.asarray(value), H.T @ slopes, sizes


def check_gradients_of_parameters() -> None:
    """Outside of ``shard_map``; in it, where JAX adds them up; and where the program averages."""
    value, gradient, sizes = expected_of_parameters()
    specs = {"mesh": mesh(DEVICES), "in_specs": (EVERYWHERE, D, D, D)}
    both = {"out_specs": (EVERYWHERE, EVERYWHERE)}
    outside = jax.value_and_grad(jax.shard_map(of_parameters, out_specs=EVERYWHERE, **specs))
    inside = jax.shard_map(jax.value_and_grad(of_parameters), **both, **specs)

    def averaged(*args: Any) -> Any:
        value, slopes = jax.value_and_grad(of_parameters)(*args)
        return value, lax.pmean(slopes, "d")

    unchecked = jax.shard_map(averaged, check_vma=False, **both, **specs)
    for function in (outside, inside, unchecked):
        found, slopes = jax.jit(function)(P, H, Y, S)
        within(found, value, (abs(H) @ abs(P)).max())
        within(slopes, gradient, sizes)


def check_sharded_jit() -> None:
    """Parts of sharded arrays are those of all devices, without ``psum``."""
    values, slopes = of_one_device()
    for kind in (AxisType.Auto, AxisType.Explicit):
        own = NamedSharding(mesh(DEVICES, kind), D)
        x, y, s = (jax.device_put(each, own) for each in (X, Y, S))

        def means(x: Any, y: Any, s: Any) -> Any:
            return all_means(LOSS(x, y, sample_weight=s))

        within(jax.jit(means)(x, y, s), values)
        within(jax.jit(jax.jacrev(means))(x, y, s), slopes)


def check_counts_are_exact() -> None:
    many = LossParts(*(jnp.full(DEVICES, 2**24 + 1) for _ in LossParts._fields))
    summed = jax.shard_map(
        lambda parts: parts.psum("d"), mesh=mesh(DEVICES), in_specs=D, out_specs=EVERYWHERE
    )
    assert all(int(each[0]) == DEVICES * (2**24 + 1) for each in jax.jit(summed)(many))


def check_metrics() -> None:
    def own(x: Any, y: Any) -> Any:
        return metrics.outcomes(x, y, ignore_index=-100).psum("d")

    summed = jax.shard_map(own, mesh=mesh(DEVICES), in_specs=(D, D), out_specs=EVERYWHERE)
    whole = metrics.outcomes(X, Y, ignore_index=-100)
    jax.tree.map(np.testing.assert_array_equal, tuple(jax.jit(summed)(X, Y)), tuple(whole))


def check_regions() -> None:
    """A ratio of sums of all devices, and its gradient."""
    dice, labels = losses.DiceLoss(per="batch"), abs(Y) % C

    def own(x: Any, y: Any) -> Any:
        return dice.from_parts(dice.parts(x, y).psum("d"))

    summed = jax.shard_map(own, mesh=mesh(DEVICES), in_specs=(D, D), out_specs=EVERYWHERE)
    found = jax.jit(jax.value_and_grad(summed))(X, labels)
    expected = jax.value_and_grad(dice)(X, labels)
    np.testing.assert_allclose(found[0], expected[0], rtol=4 * EPS)
    np.testing.assert_allclose(found[1], expected[1], rtol=32 * EPS, atol=EPS / N)


def check_denominators_are_known_before() -> None:
    """Of sharded targets, also within a program."""
    loss = dataclasses.replace(LOSS, reduction="weighted_mean")
    expected = LOSS(X, Y, sample_weight=S).weight
    y, s = (jax.device_put(each, NamedSharding(mesh(DEVICES), D)) for each in (Y, S))

    def known(y: Any, s: Any) -> Any:
        return effective_weight(loss, y, sample_weight=s)

    for function in (known, jax.jit(known)):
        within(function(y, s), expected)


VOCABULARY: dict[str, Any] = {
    "weighted mean": losses.CrossEntropy(class_weight=W, reduction="weighted_mean"),
    "smoothed": losses.CrossEntropy(class_weight=W, label_smoothing=0.1),
    "exact": losses.CrossEntropy(class_weight=W, ignore_index=1, precision="exact"),
    "focal": losses.FocalCrossEntropy(class_weight=W, gamma=2.0),
}
MASS = RNG.dirichlet(np.ones(C), N).astype(np.float32)
CLASSES = PartitionSpec(None, "d")


def communicated(program: str) -> list[int]:
    """How many numbers each reduction over devices adds up."""
    assert not re.search("all-gather|all-to-all|collective-permute", program)
    reduced = re.findall(r"= ([^=]*) all-reduce\(", program)
    shapes = re.findall(r"\[([\d,]*)\]", "".join(reduced))
    return [int(np.prod([int(n) for n in shape.split(",") if n])) for shape in shapes]


def check_vocabulary(kind: AxisType) -> None:
    """The value and the gradient of one device; only numbers of items are communicated."""
    counts = (1, 2, 4) if kind is AxisType.Auto else (8,)
    for count, name in itertools.product(counts, VOCABULARY):
        if name != "weighted mean" and count != 4:
            continue
        loss, labels = VOCABULARY[name], abs(Y) % C
        on = mesh(count, kind)
        spread = functools.partial(jax.device_put, device=NamedSharding(on, CLASSES))
        for targets, placed in ((labels, labels), (MASS, spread(MASS))):
            if targets is MASS and (count != 4 or loss.ignore_index is not None):
                continue
            both = jax.value_and_grad(loss)
            expected = jax.jit(both)(X, targets)
            with jax.set_mesh(on):
                program = jax.jit(both).lower(spread(X), placed).compile()
                found = program(spread(X), placed)
            text = program.as_text()
            assert set(communicated(text)) <= {1, N}, (count, name)
            assert count == 1 or communicated(text)
            assert found[1].sharding.is_equivalent_to(NamedSharding(on, CLASSES), 2)
            np.testing.assert_allclose(found[0], expected[0], rtol=4 * EPS)
            np.testing.assert_allclose(found[1], expected[1], rtol=16 * EPS, atol=EPS / N)


def check_items_and_vocabulary() -> None:
    """Items over one axis by hand, classes over another, which is left to the compiler."""
    on = jax.make_mesh((2, 4), ("d", "c"), axis_types=(AxisType.Auto, AxisType.Auto))

    @functools.partial(
        jax.shard_map, mesh=on, in_specs=(D, D, D), out_specs=EVERYWHERE, axis_names={"d"}
    )
    def loss(x: Any, y: Any, s: Any) -> Any:
        return LOSS(x, y, sample_weight=s).psum("d").weighted_mean()

    x = jax.device_put(X, NamedSharding(on, PartitionSpec("d", "c")))
    program = jax.jit(jax.value_and_grad(loss)).lower(x, Y, S).compile()
    values, slopes = of_one_device()
    place = REDUCTIONS.index("weighted_mean")
    value, gradient = program(x, Y, S)
    within(value, values[place])
    within(gradient, slopes[place], abs(slopes[place]) + EPS / N)
    assert max(communicated(program.as_text())) <= N // 2


CHECKS: dict[str, Callable[[], None]] = {
    "values and gradients": check_values_and_gradients,
    "gradients of parameters": check_gradients_of_parameters,
    "sharded jit": check_sharded_jit,
    "counts": check_counts_are_exact,
    "metrics": check_metrics,
    "regions": check_regions,
    "denominators known before": check_denominators_are_known_before,
    "vocabulary, automatic": functools.partial(check_vocabulary, AxisType.Auto),
    "vocabulary, explicit": functools.partial(check_vocabulary, AxisType.Explicit),
    "items and vocabulary": check_items_and_vocabulary,
}


def outcome(check: Callable[[], None]) -> str:
    try:
        check()
    except Exception:
        return traceback.format_exc()
    return "passed"


@functools.cache
def outcomes() -> dict[str, str]:
    flags = f"--xla_force_host_platform_device_count={DEVICES}"
    finished = subprocess.run(
        [sys.executable, "-W", "error", __file__],
        env={**os.environ, "XLA_FLAGS": flags},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return dict(json.loads(finished.stdout))


@pytest.mark.parametrize("name", CHECKS)
def test_on_several_devices(name: str) -> None:
    assert outcomes()[name] == "passed", outcomes()[name]


def test_an_axis_that_nobody_named() -> None:
    with pytest.raises(NameError, match="unbound axis name"):
        LOSS(jnp.asarray(X), Y).psum("d")


def test_of_another_framework() -> None:
    parts = LOSS(jnp.asarray(X), Y)
    with pytest.raises(TypeError, match=r"all_reduce\(\) of jax arrays; use psum\(axis_name\)"):
        parts.all_reduce()
    with pytest.raises(TypeError, match="gather those of all processes"):
        LOSS(X, Y).psum("d")


if __name__ == "__main__":
    assert jax.device_count() == DEVICES
    print(json.dumps({name: outcome(check) for name, check in CHECKS.items()}))
