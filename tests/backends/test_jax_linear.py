"""Cross-entropy of a linear layer in JAX: jitted, transformed, over devices."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from wce_core.losses import LinearCrossEntropy, cross_entropy, linear_cross_entropy

ITEMS, WIDTH, CLASSES = (3, 7), 5, 11
RNG = np.random.default_rng(0)
SHAPES = ((*ITEMS, WIDTH), (CLASSES, WIDTH), (CLASSES,))
OWN = tuple(jnp.asarray(RNG.normal(size=shape), jnp.float32) for shape in SHAPES)
TARGETS = jnp.arange(21).reshape(ITEMS) % CLASSES
MASS = jnp.asarray(RNG.random((*ITEMS, CLASSES)), jnp.float32)
WEIGHTS = jnp.asarray(RNG.random(CLASSES), jnp.float32)
MASK = jnp.arange(21).reshape(ITEMS) % 4 > 0
FACTORS = jnp.arange(21.0).reshape(ITEMS)


def number(loss: Any) -> Any:
    if isinstance(loss, tuple):
        return loss.weighted_mean() * 3.0
    return (loss * FACTORS).sum() if loss.ndim else loss * 2.0


def of_logits(hidden: Any, weight: Any, bias: Any, targets: Any = TARGETS, **options: Any) -> Any:
    hidden, weight = hidden.astype(jnp.float32), weight.astype(jnp.float32)
    return number(cross_entropy(hidden @ weight.T + bias, targets, **options))


def in_chunks(hidden: Any, weight: Any, bias: Any, targets: Any = TARGETS, **options: Any) -> Any:
    given = {"chunk_bytes": 300, **options}
    return number(linear_cross_entropy(hidden, weight, targets, bias=bias, **given))


def assert_near(found: Any, expected: Any, tolerance: float) -> None:
    pairs = zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True)
    for one, other in pairs:
        own, wanted = np.asarray(one, np.float64), np.asarray(other, np.float64)
        assert np.abs(own - wanted).max() <= tolerance * max(1e-3, np.abs(wanted).max())


@pytest.mark.parametrize(
    ("dense", "reduction", "precision"),
    [
        (False, "weighted_mean", "native"),
        (False, "none", "exact"),
        (True, "none", "native"),
        (True, "parts", "exact"),
    ],
)
def test_gradients_of_all_inputs(dense: bool, reduction: str, precision: str) -> None:
    targets = MASS if dense else TARGETS
    options = {"mask": MASK, "reduction": reduction, "precision": precision}

    def both(loss: Any) -> Any:
        def objective(own: Any, weights: Any) -> Any:
            return loss(*own, targets, class_weight=weights, **options)

        return jax.jit(jax.value_and_grad(objective, argnums=(0, 1)))(OWN, WEIGHTS)

    assert_near(both(in_chunks), both(of_logits), 4e-6)


def test_halves_are_added_up_in_float32() -> None:
    own = (OWN[0].astype(jnp.bfloat16), *OWN[1:])
    found, expected = (jax.jit(jax.grad(f, argnums=(0, 1)))(*own) for f in (in_chunks, of_logits))
    assert [each.dtype for each in found] == [jnp.bfloat16, jnp.float32]
    assert_near(found[0], expected[0], 1e-2)
    assert_near(found[1], expected[1], 4e-6)


def test_transformed() -> None:
    stacked = jnp.stack([OWN[0], -OWN[0]])
    found, expected = (
        [
            jax.hessian(loss, argnums=1)(*OWN),
            jax.jvp(loss, OWN, OWN),
            jax.vmap(loss, in_axes=(0, None, None))(stacked, *OWN[1:]),
        ]
        for loss in (in_chunks, of_logits)
    )
    assert_near(found, expected, 2e-5)


def test_a_nan_in_an_excluded_row_reaches_nothing() -> None:
    hidden = jnp.where(MASK[..., None], OWN[0], jnp.nan)
    for options in ({}, {"label_smoothing": 0.1}, {"reduction": "none"}):
        found = jax.value_and_grad(in_chunks, argnums=(0, 1, 2))(
            hidden, *OWN[1:], mask=MASK, **options
        )
        assert all(jnp.isfinite(each).all() for each in jax.tree.leaves(found))


def test_all_logits_are_nowhere_in_the_program() -> None:
    """The largest array of 4096 × 4096 logits in chunks of 2^16 bytes."""
    hidden, weight = jnp.zeros((4096, 2)), jnp.zeros((4096, 2))

    def loss(hidden: Any, weight: Any) -> Any:
        return linear_cross_entropy(hidden, weight, jnp.zeros(4096, int), chunk_bytes=2**16)

    compiled = jax.jit(jax.grad(loss, argnums=(0, 1))).lower(hidden, weight).compile()
    analysis: Any = compiled.memory_analysis()
    assert analysis.temp_size_in_bytes < 2**22


def test_is_a_pytree() -> None:
    loss = LinearCrossEntropy(class_weight=np.asarray(WEIGHTS), chunk_bytes=300)
    assert len(jax.tree.leaves(loss)) == 1
    assert jax.tree.map(lambda leaf: leaf, loss) == loss


OVER_DEVICES = """
import jax, numpy as np
import jax.numpy as jnp
from jax.sharding import Mesh, NamedSharding, PartitionSpec as P
from wce_core.losses import cross_entropy, linear_cross_entropy

rng = np.random.default_rng(0)
h, w = (jnp.asarray(rng.normal(size=s), jnp.float32) for s in ((64, 4), (10, 4)))
y = jnp.arange(64) % 10
mesh = Mesh(np.array(jax.devices()), ("d",))
loss = lambda h, w: linear_cross_entropy(h, w, y, chunk_bytes=640)
expected = jax.grad(lambda h, w: cross_entropy(h @ w.T, y), argnums=(0, 1))(h, w)
for split in (P("d"), P()), (P(), P("d")):
    own = [jax.device_put(a, NamedSharding(mesh, p)) for a, p in zip((h, w), split)]
    program = jax.jit(jax.grad(loss, argnums=(0, 1))).lower(*own).compile()
    for found, other in zip(program(*own), expected):
        np.testing.assert_allclose(found, other, atol=1e-6)
    text = program.as_text()
    assert "all-gather(" not in text and "all-to-all(" not in text, "rows or classes are moved"
parts = lambda h, y, w: linear_cross_entropy(h, w, y, reduction="parts", chunk_bytes=640)
specs = {"mesh": mesh, "in_specs": (P("d"), P("d"), P()), "out_specs": P()}
mean = jax.shard_map(lambda *a: parts(*a).psum("d").mean(), **specs)
np.testing.assert_allclose(jax.grad(mean, argnums=2)(h, y, w), expected[1], atol=1e-6)
"""


def test_over_devices() -> None:
    """Items or classes over two: neither hidden states nor layer are gathered."""
    flags = {"XLA_FLAGS": "--xla_force_host_platform_device_count=2", "JAX_PLATFORMS": "cpu"}
    import os

    subprocess.run([sys.executable, "-c", OVER_DEVICES], env={**os.environ, **flags}, check=True)
