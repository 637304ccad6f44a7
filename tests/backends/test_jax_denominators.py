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
from rank_cases import DIVIDED, EVERY, REDUCTIONS, Cell, cells

from wce_core import LossParts, effective_weight, losses, metrics, value_and_grad

DEVICES = 8
N, WIDE, C = 64, 5, 16
EPS = 2.0**-23
RNG = np.random.default_rng(11)
X = (RNG.normal(size=(N, C)) * 3 * 2**8).round().astype(np.float32) / np.float32(2**8)
"""So that their differences are float32 numbers, too."""
H = RNG.normal(size=(N, WIDE)).astype(np.float32)
P = np.linspace(-1, 1, WIDE * C).reshape(WIDE, C).astype(np.float32)
Y = RNG.integers(0, C, N).astype(np.int32)
Y[: N // 4] = -100  # all that a quarter of the devices has
Y[-3:] = -100
S = RNG.uniform(size=N).astype(np.float32)
W = np.linspace(0.5, 2.0, C).astype(np.float32)
LOSS: Any = losses.CrossEntropy(class_weight=W, ignore_index=-100, reduction="parts")
EXACT: Any = dataclasses.replace(LOSS, precision="exact", dtype="float64")
D, EVERYWHERE = PartitionSpec("d"), PartitionSpec()
IN_STEPS = PartitionSpec(None, "d")
FEW = 24
"""Items of a cell, of which any device may have all."""


def mesh(count: int, kind: AxisType = AxisType.Auto) -> Any:
    return jax.make_mesh((count,), ("d",), axis_types=(kind,), devices=jax.devices()[:count])


def within(found: Any, expected: Any, scale: Any = None) -> None:
    """To 4 eps of it, or of the sizes of what was added up."""
    found, expected = np.asarray(found, np.float64), np.asarray(expected, np.float64)
    size = abs(expected) if scale is None else scale
    assert (abs(found - expected) <= 4 * EPS * size).all(), (found, expected)


def all_means(parts: LossParts) -> Any:
    return jnp.stack([getattr(parts, reduction)() for reduction in REDUCTIONS])


def accumulated(x: Any, y: Any, s: Any, loss: Any = LOSS) -> LossParts:
    """The parts of steps, which are along the first axis."""

    def body(carry: LossParts, batch: Any) -> tuple[LossParts, None]:
        x, y, s = batch
        return carry + loss(x, y, sample_weight=s), None

    start = LossParts.zero(x, dtype=loss.dtype)
    found: LossParts = lax.scan(body, start, (x, y, s))[0]
    return found


def dealt(cell: Cell) -> tuple[Any, ...]:
    """The items of each device, padded to as many as any has, in steps: (steps, items, …)."""
    each = -(-FEW // cell.steps)
    room = (cell.count, cell.steps * each)
    laid = [np.zeros((*room, C), np.float32), np.full(room, -100, np.int32), np.ones(room)]
    for device, rows in enumerate(cell.rows(FEW)):
        for into, whole in zip(laid, (X, Y[8:], S), strict=True):  # of labels few are ignored
            own = whole[:FEW][rows]
            into[device, : len(own)] = own
    in_steps = (a.reshape(cell.count, cell.steps, each, *a.shape[2:]) for a in laid)
    turned = (a.swapaxes(0, 1).reshape(cell.steps, -1, *a.shape[3:]) for a in in_steps)
    x, y, s = turned
    return x, y, s.astype(np.float32)


def of_one_process(batch: tuple[Any, ...], *, exact: bool) -> tuple[Any, Any]:
    """Every mean of all items at once, and its gradient: proved bits, or all digits of float64."""
    x, y, s = (each.reshape(-1, *each.shape[2:]) for each in batch)
    own = x if exact else x.astype(np.float64)
    precision = "exact" if exact else "native"
    loss = dataclasses.replace(EXACT, precision=precision, dtype=None)
    values, slopes = [], []
    for reduction in REDUCTIONS:
        mean = functools.partial(
            dataclasses.replace(loss, reduction=reduction), targets=y, sample_weight=s
        )
        value, slope = value_and_grad(mean)(own)
        values.append(value)
        slopes.append(slope.reshape(batch[0].shape))
    return np.stack(values), np.stack(slopes)


@functools.cache
def in_shards(count: int, loss: Any) -> Any:
    """Every mean and its gradient, by ``psum`` within ``shard_map``."""

    @functools.partial(
        jax.shard_map, mesh=mesh(count), in_specs=(IN_STEPS,) * 3, out_specs=EVERYWHERE
    )
    def means(x: Any, y: Any, s: Any) -> Any:
        return all_means(accumulated(x, y, s, loss).psum("d"))

    return with_jacobian(means)


@functools.cache
def of_sharded(loss: Any) -> Any:
    """Every mean and its gradient of sharded arrays: parts are those of all devices."""
    return with_jacobian(lambda x, y, s: all_means(accumulated(x, y, s, loss)))


def with_jacobian(means: Any) -> Any:
    def both(x: Any, y: Any, s: Any) -> Any:
        values = means(x, y, s)
        return values, values

    return jax.jit(jax.jacrev(both, has_aux=True))


def check_cell(cell: Cell, kind: AxisType | None, *, exact: bool) -> None:
    """Within 4 eps; exact, which sums and gradients of float64 are rounded to, the same bits.

    ``kind``: how the mesh of sharded arrays is meant; None: in ``shard_map``.
    """
    batch, loss = dealt(cell), EXACT if exact else LOSS
    values, slopes = of_one_process(batch, exact=exact)
    with jax.enable_x64(exact):
        if kind is None:
            gradient, found = in_shards(cell.count, loss)(*batch)
        else:
            own = NamedSharding(mesh(cell.count, kind), IN_STEPS)
            gradient, found = of_sharded(loss)(*(jax.device_put(each, own) for each in batch))
    if exact:
        np.testing.assert_array_equal(np.asarray(found).astype(np.float32), values, str(cell))
        np.testing.assert_array_equal(gradient, slopes, str(cell))
    else:
        within(found, values)
        within(gradient, slopes)


KINDS = {"shards": None, "sharded": AxisType.Auto, "explicit": AxisType.Explicit}


def check_cells(kind: AxisType | None, *, exact: bool) -> None:
    """Every cell; of a sample one in four by each way, exact one of all."""
    own = cells(DEVICES)
    if not EVERY:
        first = list(KINDS.values()).index(kind)
        own = own[4 + first : 5 + first] if exact else own[first::4]
    for cell in own:
        check_cell(cell, kind, exact=exact)


def check_exact_shares() -> None:
    """Without float64: bits, where what is divided by, known before, is a float32 number."""
    weights = np.asarray([0.5, 1.0, 4.0, 2.0] * (C // 4), np.float32)
    loss: Any = dataclasses.replace(EXACT, class_weight=weights, dtype=None)
    own = cells(DEVICES)
    for cell in own if EVERY else own[3:4]:
        x, y, _ = dealt(cell)

        @functools.partial(
            jax.shard_map,
            mesh=mesh(cell.count),
            in_specs=(IN_STEPS,) * 2,
            out_specs=PartitionSpec(None, *IN_STEPS),
        )
        def slopes(x: Any, y: Any) -> Any:
            found = []
            for reduction in DIVIDED:
                own = effective_weight(loss, y.reshape(-1), reduction=reduction)
                whole = lax.psum(own, "d")
                share = functools.partial(
                    dataclasses.replace(loss, reduction="sum"), normalizer=whole
                )
                found.append(lax.map(lambda own, share=share: jax.grad(share)(*own), (x, y)))
            return jnp.stack(found)

        found = jax.jit(slopes)(x, y)
        flat = x.reshape(-1, C), y.reshape(-1)
        for place, reduction in enumerate(DIVIDED):
            mean = dataclasses.replace(loss, reduction=reduction)
            _, expected = value_and_grad(functools.partial(mean, targets=flat[1]))(flat[0])
            own_slopes = np.asarray(found[place]).reshape(-1, C)
            np.testing.assert_array_equal(own_slopes, expected, f"{cell}, {reduction}")


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
    counts = (1, 2, 4) if kind is AxisType.Auto or EVERY else (8,)
    reductions = REDUCTIONS if EVERY else (None,)
    for count, name, reduction in itertools.product(counts, VOCABULARY, reductions):
        if name != "weighted mean" and count != 4 and not EVERY:
            continue
        loss, labels = VOCABULARY[name], abs(Y) % C
        if reduction is not None:
            loss = dataclasses.replace(loss, reduction=reduction)
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
            if loss.precision == "exact":
                jax.tree.map(np.testing.assert_array_equal, found, expected)
            np.testing.assert_allclose(found[0], expected[0], rtol=4 * EPS)
            share = 1 if reduction == "sum" else 1 / N  # of an item in the value
            np.testing.assert_allclose(found[1], expected[1], rtol=16 * EPS, atol=EPS * share)
            if name != "focal":  # whose slope has more roundings, on one device and on four
                within(found[1], expected[1], np.abs(expected[1]).max(-1, keepdims=True))


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
    whole = dataclasses.replace(LOSS, reduction="weighted_mean")
    expected, slopes = value_and_grad(functools.partial(whole, targets=Y, sample_weight=S))(X)
    value, gradient = program(x, Y, S)
    within(value, expected)
    within(gradient, slopes, abs(slopes) + EPS / N)
    assert max(communicated(program.as_text())) <= N // 2


CHECKS: dict[str, Callable[[], None]] = {
    **{
        f"{name}, {precision}": functools.partial(check_cells, kind, exact=precision == "exact")
        for name, kind in KINDS.items()
        for precision in ("native", "exact")
    },
    "exact shares": check_exact_shares,
    "gradients of parameters": check_gradients_of_parameters,
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
def outcomes(*names: str) -> dict[str, str]:
    """Of all checks, or of some."""
    flags = f"--xla_force_host_platform_device_count={DEVICES}"
    finished = subprocess.run(
        [sys.executable, "-W", "error", __file__, *names],
        env={**os.environ, "XLA_FLAGS": flags},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return dict(json.loads(finished.stdout))


def asked(session: pytest.Session) -> list[str]:
    """The checks that this run of pytest asks for."""
    tests = [item for item in session.items if isinstance(item, pytest.Function)]
    own = [test for test in tests if test.function is test_on_several_devices]
    return [test.callspec.params["name"] for test in own]


@pytest.mark.xdist_group("jax denominators")  # the one process that all of them read
@pytest.mark.parametrize("name", CHECKS)
def test_on_several_devices(name: str, request: pytest.FixtureRequest) -> None:
    found = outcomes(*([name] if EVERY else asked(request.session)))[name]
    assert found == "passed", found


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
    print(json.dumps({name: outcome(CHECKS[name]) for name in sys.argv[1:] or CHECKS}))
