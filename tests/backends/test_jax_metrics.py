"""Metrics in JAX' programs: float32 ones, loops, vmap, several devices."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from jax.sharding import AxisType, PartitionSpec

from wce_core import metrics

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(12, 3)), RNG.integers(0, 3, 12)
S = RNG.uniform(size=12)
W = [1.0, 2.0, 5.0]


def outcomes(x: Any, y: Any) -> metrics.ClassOutcomes:
    return metrics.outcomes(x, y, class_weight=W)


WHOLE = metrics.outcomes(X, Y, class_weight=W)


@pytest.mark.parametrize("wide", [False, True])
def test_sums_have_what_the_program_has(wide: bool) -> None:
    with jax.enable_x64(wide):
        x, y = jnp.asarray(X), jnp.asarray(Y)
        for function in (outcomes, jax.jit(outcomes)):
            found = function(x, y)
            assert {str(each.dtype) for each in found} == {"float64" if wide else "float32"}
            assert found.f1("macro").dtype == found.tp.dtype
            np.testing.assert_allclose(found, WHOLE, rtol=1e-6)


def test_counts_beyond_float32_are_added_in_float64() -> None:
    """In one call; 2²⁴ + 1 is no float32, its neighbour is what the sum is rounded to."""
    x = jnp.asarray([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    weight = jnp.asarray([2.0**24, 1.0, 1.0])
    found = metrics.calibration(x * 99, jnp.asarray([0, 1, 1]), sample_weight=weight, bins=1)
    assert float(found.weight[0]) == 2.0**24 + 2


def test_a_scan() -> None:
    x, y = jnp.asarray(X).reshape(3, 4, 3), jnp.asarray(Y).reshape(3, 4)

    def body(carry: Any, batch: Any) -> Any:
        return carry + outcomes(*batch), None

    @jax.jit
    def scanned(x: Any, y: Any) -> Any:
        zero = metrics.ClassOutcomes.zero(outcomes(x[0], y[0]))
        return lax.scan(body, zero, (x, y))[0]

    found = scanned(x, y)
    assert type(found) is metrics.ClassOutcomes
    np.testing.assert_allclose(found, WHOLE, rtol=1e-6)
    np.testing.assert_allclose(found.accuracy(), WHOLE.accuracy(), rtol=1e-6)


def test_vmap() -> None:
    x, y = jnp.asarray(X).reshape(3, 4, 3), jnp.asarray(Y).reshape(3, 4)
    for metric in (outcomes, lambda x, y: metrics.top_k(x, y, k=2), metrics.calibration):
        found = jax.vmap(metric)(x, y)
        for i in range(3):
            one = metric(x[i], y[i])
            for own, want in zip(found, one, strict=True):
                np.testing.assert_allclose(own[i], want, rtol=1e-6)


def test_sums_over_devices() -> None:
    """Each device has its own part; sums of sums are those of the whole."""
    mesh = jax.make_mesh((len(jax.devices()),), ("batch",), axis_types=(AxisType.Auto,))
    place = PartitionSpec("batch")

    def part(x: Any, y: Any) -> Any:
        return lax.psum(outcomes(x, y), "batch")

    both = jax.shard_map(part, mesh=mesh, in_specs=(place, place), out_specs=PartitionSpec())
    found = jax.jit(both)(jnp.asarray(X), jnp.asarray(Y))
    assert type(found) is metrics.ClassOutcomes
    np.testing.assert_allclose(found, WHOLE, rtol=1e-6)


def test_gradients_do_not_flow() -> None:
    gradient = jax.grad(lambda x: outcomes(x, jnp.asarray(Y)).f1("macro"))(jnp.asarray(X))
    assert not np.any(gradient)
