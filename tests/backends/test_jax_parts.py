"""``LossParts`` as what JAX' loops carry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from jax.sharding import AxisType, PartitionSpec

from wce_core import LossParts, losses

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(12, 3)), jnp.asarray(RNG.integers(0, 3, 12))
W = [1.0, 2.0, 5.0]


def parts(x: Any, y: Any, **options: Any) -> LossParts:
    found: LossParts = losses.cross_entropy(x, y, class_weight=W, reduction="parts", **options)
    return found


def whole(x: Any) -> Any:
    return losses.cross_entropy(x, Y, class_weight=W, reduction="weighted_mean")


def scanned(x: Any, zero: LossParts, y: Any = Y, **options: Any) -> LossParts:
    def body(carry: LossParts, batch: Any) -> tuple[LossParts, None]:
        return carry + parts(*batch, **options), None

    batches = x.reshape(3, -1, 3), y.reshape(3, -1)
    found: LossParts = lax.scan(body, zero, batches)[0]
    return found


def counted(x: Any, zero: LossParts) -> LossParts:
    xs, ys = x.reshape(3, 4, 3), Y.reshape(3, 4)
    found: LossParts = lax.fori_loop(0, 3, lambda i, carry: carry + parts(xs[i], ys[i]), zero)
    return found


def whiled(x: Any, zero: LossParts) -> LossParts:
    xs, ys = x.reshape(3, 4, 3), Y.reshape(3, 4)

    def body(state: Any) -> Any:
        i, carry = state
        return i + 1, carry + parts(xs[i], ys[i])

    found: LossParts = lax.while_loop(lambda state: state[0] < 3, body, (0, zero))[1]
    return found


@pytest.mark.parametrize("begin", [lambda x: LossParts.zero(), LossParts.zero])
@pytest.mark.parametrize("loop", [scanned, counted, whiled])
@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
def test_loops(loop: Callable[..., Any], begin: Callable[..., Any], dtype: str) -> None:
    with jax.enable_x64(dtype == "float64"):
        x = jnp.asarray(X, dtype)
        found = jax.jit(lambda x: loop(x, begin(x)))(x)
        assert (
            found.total.dtype
            == found.weight.dtype
            == ("float64" if dtype == "float64" else "float32")
        )
        np.testing.assert_allclose(found, parts(x, Y), rtol=1e-6)


def test_the_gradient_of_a_scan() -> None:
    x = jnp.asarray(X, "float32")
    found = jax.grad(lambda x: (scanned(x, LossParts.zero(x)) * 2).weighted_mean())(x)
    np.testing.assert_allclose(found, 2 * jax.grad(whole)(x), rtol=1e-5, atol=1e-7)


def test_a_result_of_another_dtype() -> None:
    with jax.enable_x64(True):
        x = jnp.asarray(X, "float32")
        found = scanned(x, LossParts.zero(x, dtype="float64"), dtype="float64")
        assert found.total.dtype == "float64"


def test_a_scan_in_a_shard() -> None:
    """What is carried varies over the mesh as the parts do."""
    mesh = jax.make_mesh((1,), ("d",), axis_types=(AxisType.Auto,))
    d = PartitionSpec("d")

    def of_shard(x: Any, y: Any) -> Any:
        return lax.psum(scanned(x, LossParts.zero(x), y), "d").weighted_mean()

    sharded = jax.shard_map(of_shard, mesh=mesh, in_specs=(d, d), out_specs=PartitionSpec())
    x = jnp.asarray(X, "float32")
    np.testing.assert_allclose(jax.jit(sharded)(x, Y), whole(x), rtol=1e-6)


def test_each_zero_has_a_buffer_of_its_own() -> None:
    """A buffer can be donated once."""
    x = jnp.asarray(X, "float32")
    step = jax.jit(lambda carry, x: carry + parts(x, Y), donate_argnums=0)
    np.testing.assert_allclose(step(LossParts.zero(x), x), parts(x, Y), rtol=1e-6)


def test_a_tree_of_leaves() -> None:
    x = jnp.asarray(X, "float32")
    found = jax.tree.map(lambda leaf: leaf + 0, parts(x, Y))
    assert isinstance(found, LossParts)
    assert len(jax.tree.leaves(found)) == 7
    np.testing.assert_allclose(jnp.float32(2.0) * found, parts(x, Y) * 2)
