"""Several devices: sharded arrays under ``jit`` and ``shard_map``, automatic and explicit meshes.

JAX counts the devices of a CPU once, when it starts: the checks run in a process of their own,
which is this file run as a program, and each test reads what became of its check.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import traceback
import unittest.mock
from collections.abc import Callable, Iterable
from typing import Any

import jax
import numpy as np
import pytest
from jax import lax
from jax.sharding import AxisType, NamedSharding, PartitionSpec

import wce_backends.jax as backend
from wce_core.arrays import compiled
from wce_core.losses import binary_cross_entropy, cross_entropy

DEVICES = 4
N, C = 8, 4
RNG = np.random.default_rng(5)
ARRAYS: dict[str, np.ndarray] = {
    "x": RNG.normal(size=(N, C)).astype(np.float32),
    "y": RNG.integers(0, C, N).astype(np.int32),
    "q": RNG.dirichlet(np.ones(C), N).astype(np.float32),
    "w": RNG.uniform(0.5, 2.0, C).astype(np.float32),
    "s": RNG.uniform(0.5, 2.0, N).astype(np.float32),
    "costs": RNG.uniform(0.5, 2.0, (C, C)).astype(np.float32),
}
OVER_ITEMS = {"x": ("d",), "y": ("d",), "q": ("d",), "s": ("d",)}
OVER_CLASSES = {"x": (None, "d"), "q": (None, "d"), "w": ("d",)}
SHARDINGS = {"items": OVER_ITEMS, "classes": OVER_CLASSES}

Arrays = dict[str, Any]
LOSSES: dict[str, Callable[[Arrays], Any]] = {
    "indices": lambda a: cross_entropy(
        a["x"], a["y"], class_weight=a["w"], sample_weight=a["s"], reduction="weighted_mean"
    ),
    "costs": lambda a: cross_entropy(a["x"], a["y"], cost_matrix=a["costs"], ignore_index=1),
    "mass and costs": lambda a: cross_entropy(
        a["x"], a["q"], class_weight=a["w"], cost_matrix=a["costs"], label_smoothing=0.1
    ),
    "geometric": lambda a: cross_entropy(
        a["x"], a["q"], class_weight=a["w"], soft_weighting="geometric", precision="exact"
    ),
    "none": lambda a: cross_entropy(a["x"], a["y"], class_weight=a["w"], reduction="none").sum(),
    "binary": lambda a: binary_cross_entropy(
        a["x"], a["q"], class_weight=[1.0, 2.0], pos_weight=a["w"], sample_weight=a["s"]
    ),
}
DIFFERENTIATED = ("x", "w", "s")


def mesh(kind: AxisType) -> Any:
    return jax.make_mesh((DEVICES,), ("d",), axis_types=(kind,))


def slopes(loss: Callable[[Arrays], Any], arrays: Arrays) -> Any:
    """Value and gradients."""
    rest = {name: array for name, array in arrays.items() if name not in DIFFERENTIATED}
    own = {name: array for name, array in arrays.items() if name in DIFFERENTIATED}
    return jax.value_and_grad(lambda own: loss({**rest, **own}))(own)


def close(a: Any, b: Any) -> None:
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, rtol=2e-6, atol=2e-7), a, b)


def on_one_device(function: Callable[..., Any], *arguments: Any) -> Any:
    return jax.tree.map(np.asarray, jax.jit(function)(*arguments))


@functools.cache
def slopes_on_one_device(name: str) -> Any:
    return on_one_device(functools.partial(slopes, LOSSES[name]), ARRAYS)


def placed(arrays: Arrays, on: Any, sharding: str) -> Arrays:
    shards = SHARDINGS[sharding]
    return {
        name: jax.device_put(a, NamedSharding(on, PartitionSpec(*shards.get(name, ()))))
        for name, a in arrays.items()
    }


def check_sharded(kind: AxisType, sharding: str, names: Iterable[str] = tuple(LOSSES)) -> None:
    """Sharded arrays under ``jit``, and eager, inside ``set_mesh`` and outside."""
    on = mesh(kind)
    arrays = placed(ARRAYS, on, sharding)
    for name in names:
        loss, expected = LOSSES[name], slopes_on_one_device(name)
        with jax.set_mesh(on):
            found = jax.jit(functools.partial(slopes, loss))(arrays)
        close(found, expected)
        assert found[1]["x"].sharding.is_equivalent_to(arrays["x"].sharding, 2), name
        close(jax.jit(functools.partial(slopes, loss))(arrays), expected)
    close(LOSSES["indices"](arrays), on_one_device(LOSSES["indices"], ARRAYS))


def check_item_losses_stay_where_the_items_are(kind: AxisType) -> None:
    """No gathering of what is sharded by items."""
    on = mesh(kind)
    arrays = placed(ARRAYS, on, "items")

    def items(a: Arrays) -> Any:
        return cross_entropy(a["x"], a["y"], class_weight=a["w"], reduction="none")

    program = jax.jit(items).lower(arrays).compile()
    assert "all-gather" not in program.as_text()
    found = program(arrays)
    assert found.sharding.is_equivalent_to(arrays["s"].sharding, 1)
    close(found, on_one_device(items, ARRAYS))


def check_hessian_of_sharded_arrays(kind: AxisType) -> None:
    on = mesh(kind)

    def product(a: Arrays) -> Any:
        def loss(x: Any) -> Any:
            return LOSSES["indices"]({**a, "x": x})

        return jax.jvp(jax.grad(loss), (a["x"],), (a["x"],))[1]

    with jax.set_mesh(on):
        close(jax.jit(product)(placed(ARRAYS, on, "items")), on_one_device(product, ARRAYS))


def parts_of_shards(on: Any, **options: Any) -> Callable[..., Any]:
    d, everywhere = PartitionSpec("d"), PartitionSpec()

    @functools.partial(jax.shard_map, mesh=on, in_specs=(d, d, everywhere, d), out_specs=everywhere)
    def loss(x: Any, y: Any, w: Any, s: Any) -> Any:
        parts = cross_entropy(x, y, class_weight=w, sample_weight=s, reduction="parts", **options)
        return lax.psum(parts, "d").weighted_mean()

    return loss


def whole(x: Any, y: Any, w: Any, s: Any, **options: Any) -> Any:
    return cross_entropy(
        x, y, class_weight=w, sample_weight=s, reduction="weighted_mean", **options
    )


def check_parts_through_psum(kind: AxisType) -> None:
    """The law of LossParts: value, gradients and Hessian of the whole batch."""
    on = mesh(kind)
    names = ("x", "y", "w", "s")
    arguments = [placed(ARRAYS, on, "items")[name] for name in names]
    for options in ({}, {"precision": "exact", "label_smoothing": 0.1}):
        sharded = parts_of_shards(on, **options)
        together = functools.partial(whole, **options)
        for transform in (lambda f: f, lambda f: jax.grad(f, (0, 2, 3)), jax.hessian):
            expected = on_one_device(transform(together), *(ARRAYS[name] for name in names))
            close(jax.jit(transform(sharded))(*arguments), expected)
    close(parts_of_shards(on)(*arguments), whole(*arguments))


def check_gradients_within_shards(kind: AxisType) -> None:
    d = PartitionSpec("d")

    def slope(x: Any, y: Any) -> Any:
        return jax.grad(lambda x: cross_entropy(x, y, reduction="sum", cost_matrix=costs))(x)

    costs = ARRAYS["costs"]
    on = mesh(kind)
    arrays = placed(ARRAYS, on, "items")
    sharded = jax.shard_map(slope, mesh=on, in_specs=(d, d), out_specs=d)
    found = jax.jit(sharded)(arrays["x"], arrays["y"])
    close(found, on_one_device(slope, ARRAYS["x"], ARRAYS["y"]))


def check_item_losses_within_shards(kind: AxisType) -> None:
    d = PartitionSpec("d")
    loss = functools.partial(cross_entropy, reduction="none", ignore_index=1)
    on = mesh(kind)
    arrays = placed(ARRAYS, on, "items")
    sharded = jax.shard_map(loss, mesh=on, in_specs=(d, d), out_specs=d)
    found = jax.jit(sharded)(arrays["x"], arrays["y"])
    close(found, on_one_device(loss, ARRAYS["x"], ARRAYS["y"]))


def check_rows_of_a_sharded_batch_under_vmap(kind: AxisType) -> None:
    on = mesh(kind)
    arrays = placed(ARRAYS, on, "items")

    def rows(a: Arrays) -> Any:
        return jax.vmap(jax.value_and_grad(cross_entropy))(a["x"], a["y"])

    with jax.set_mesh(on):
        close(jax.jit(rows)(arrays), on_one_device(rows, ARRAYS))


def check_part_of_the_mesh_explicit() -> None:
    """Items over an explicit axis, classes over an automatic one."""
    on = jax.make_mesh((2, 2), ("d", "m"), axis_types=(AxisType.Explicit, AxisType.Auto))
    items = placed(ARRAYS, on, "items")
    loss = functools.partial(slopes, LOSSES["mass and costs"])
    with jax.set_mesh(on):
        close(jax.jit(loss)(items), on_one_device(loss, ARRAYS))


def check_rows_in_pieces(kind: AxisType) -> None:
    """As rows of thousands of classes are summed, of indices and of mass."""
    replaced = unittest.mock.patch.multiple
    with replaced(backend._Closed, many_classes=1), replaced(compiled, LONGEST=2):
        jax.clear_caches()
        check_item_losses_stay_where_the_items_are(kind)
        for sharding in SHARDINGS:
            check_sharded(kind, sharding, ("indices", "mass and costs"))
    jax.clear_caches()


KINDS = {"automatic": AxisType.Auto, "explicit": AxisType.Explicit}
BY_KIND: dict[str, Callable[[AxisType], None]] = {
    "over items": functools.partial(check_sharded, sharding="items"),
    "over classes": functools.partial(check_sharded, sharding="classes"),
    "item losses": check_item_losses_stay_where_the_items_are,
    "Hessian": check_hessian_of_sharded_arrays,
    "rows under vmap": check_rows_of_a_sharded_batch_under_vmap,
    "parts through psum": check_parts_through_psum,
    "gradients within shards": check_gradients_within_shards,
    "item losses within shards": check_item_losses_within_shards,
    "rows in pieces": check_rows_in_pieces,
}
CHECKS: dict[str, Callable[[], None]] = {
    **{
        f"{name}, {kind}": functools.partial(check, KINDS[kind])
        for name, check in BY_KIND.items()
        for kind in KINDS
    },
    "part of the mesh explicit": check_part_of_the_mesh_explicit,
}


def outcome(check: Callable[[], None]) -> str:
    try:
        check()
    except Exception:
        return traceback.format_exc()
    return "passed"


@pytest.fixture(scope="module")
def outcomes(request: pytest.FixtureRequest) -> dict[str, str]:
    """Of the checks that this run of pytest asks for."""
    tests = [item for item in request.session.items if isinstance(item, pytest.Function)]
    asked = [test for test in tests if test.function is test_on_several_devices]
    flags = f"--xla_force_host_platform_device_count={DEVICES}"
    finished = subprocess.run(
        [
            sys.executable,
            "-W",
            "error",
            __file__,
            *(test.callspec.params["name"] for test in asked),
        ],
        env={**os.environ, "XLA_FLAGS": flags},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return dict(json.loads(finished.stdout))


@pytest.mark.xdist_group("jax devices")  # the one process that all of them read
@pytest.mark.parametrize("name", CHECKS)
def test_on_several_devices(name: str, outcomes: dict[str, str]) -> None:
    assert outcomes[name] == "passed", outcomes[name]


if __name__ == "__main__":
    assert jax.device_count() == DEVICES
    print(json.dumps({name: outcome(CHECKS[name]) for name in sys.argv[1:]}))
