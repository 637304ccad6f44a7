"""``dialects.optax`` beside optax."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
import optax
import pytest
from dialects_support import DTYPES, FRAMEWORKS, agree, drawn, measured, signature
from hypothesis import given
from hypothesis import strategies as st

from wce_conformance.adapters import adapter
from wce_core import dialects

own = dialects.optax

SEEDS = st.integers(0, 2**20)
SCALES = st.sampled_from([0.5, 3.0, 20.0])
SHAPES_AND_AXES = st.sampled_from([((4, 3), -1), ((2, 3, 2), 1), ((2, 3, 2), (2, 1))])
WHERE = st.sampled_from(["none", "classes", "items"])
FUNCTIONS = [
    "softmax_cross_entropy",
    "softmax_cross_entropy_with_integer_labels",
    "safe_softmax_cross_entropy",
    "sigmoid_binary_cross_entropy",
    "smooth_labels",
]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_arguments_are_those_of_optax(name: str) -> None:
    assert signature(getattr(own, name)) == signature(getattr(optax.losses, name))


def logits(rng: np.random.Generator, shape: Any, scale: float, dtype: str) -> np.ndarray:
    return (rng.normal(size=shape) * scale).astype(dtype)


def class_axes(axis: Any, rank: int) -> tuple[int, ...]:
    return tuple(a % rank for a in (axis if isinstance(axis, tuple) else (axis,)))


def kept(rng: np.random.Generator, kind: str, shape: Any, axis: Any) -> dict[str, np.ndarray]:
    """No row loses all of its classes, but items may go."""
    if kind == "none":
        return {}
    axes = class_axes(axis, len(shape))
    if kind == "items":
        # optax puts back one axis only
        return {"where": rng.random(np.delete(shape, axes)) < 0.7}
    where = rng.random(shape) < 0.7
    first = tuple(slice(0, 1) if i in axes else slice(None) for i in range(len(shape)))
    where[first] = True
    return {"where": where}


@pytest.mark.parametrize("dtype", DTYPES)
@given(seed=SEEDS, layout=SHAPES_AND_AXES, scale=SCALES, where=WHERE, unit=st.booleans())
@drawn
def test_softmax_cross_entropy(dtype, seed, layout, scale, where, unit) -> None:
    rng = np.random.default_rng(seed)
    shape, axis = layout
    q = rng.uniform(0, 1, shape)
    if unit:
        q = q / q.sum(axis=axis, keepdims=True)
    agree(
        lambda x, y, where=None: own.softmax_cross_entropy(x, y, axis, where),
        lambda x, y, where=None: optax.losses.softmax_cross_entropy(x, y, axis, where),
        logits(rng, shape, scale, dtype),
        {"y": q.astype(dtype), **kept(rng, where, shape, axis)},
        library="jax",
        condition=30.0,
    )


@pytest.mark.parametrize("dtype", DTYPES)
@given(seed=SEEDS, layout=SHAPES_AND_AXES, scale=SCALES, where=WHERE)
@drawn
def test_softmax_cross_entropy_with_integer_labels(dtype, seed, layout, scale, where) -> None:
    rng = np.random.default_rng(seed)
    shape, axis = layout
    axes = class_axes(axis, len(shape))
    if where == "items" and isinstance(axis, tuple):
        where = "classes"
    count = int(np.prod([shape[a] for a in axes]))
    labels = rng.integers(0, 1 if where == "classes" else count, np.delete(shape, axes))
    agree(
        lambda x, y, where=None: own.softmax_cross_entropy_with_integer_labels(x, y, axis, where),
        lambda x, y, where=None: optax.losses.softmax_cross_entropy_with_integer_labels(
            x, y, axis, where
        ),
        logits(rng, shape, scale, dtype),
        {"y": labels, **kept(rng, where, shape, axis)},
        library="jax",
        condition=30.0,
    )


@pytest.mark.parametrize("dtype", DTYPES)
@given(seed=SEEDS, scale=SCALES, impossible=st.booleans(), row=st.booleans())
@drawn
def test_safe_softmax_cross_entropy(dtype, seed, scale, impossible, row) -> None:
    rng = np.random.default_rng(seed)
    x, q = logits(rng, (4, 3), scale, dtype), rng.dirichlet(np.ones(3), 4)
    if impossible:
        x[:, 1], q[:, 1] = -np.inf, 0.0
    agree(
        own.safe_softmax_cross_entropy,
        optax.losses.safe_softmax_cross_entropy,
        x,
        {"labels": (q[0] if row else q).astype(dtype)},
        library="jax",
        condition=30.0,
    )


@pytest.mark.parametrize("dtype", DTYPES)
@given(seed=SEEDS, scale=SCALES, shape=st.sampled_from([(3,), (4, 3)]), row=st.booleans())
@drawn
def test_sigmoid_binary_cross_entropy(dtype, seed, scale, shape, row) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.uniform(0, 1, shape[-1:] if row else shape)
    agree(
        own.sigmoid_binary_cross_entropy,
        optax.losses.sigmoid_binary_cross_entropy,
        logits(rng, shape, scale, dtype),
        {"labels": labels.astype(dtype)},
        library="jax",
        condition=20.0,
    )


@given(seed=SEEDS, layout=SHAPES_AND_AXES, where=st.sampled_from(["none", "classes"]))
@drawn
def test_smooth_labels(seed, layout, where) -> None:
    rng = np.random.default_rng(seed)
    shape, axis = layout
    labels = rng.uniform(0, 1, shape).astype(np.float32)
    chosen = kept(rng, where, shape, axis)
    theirs = optax.losses.smooth_labels(
        jnp.asarray(labels), 0.2, axis=axis, **{k: jnp.asarray(v) for k, v in chosen.items()}
    )
    for name in FRAMEWORKS:
        arrays = {k: adapter(name).array(v) for k, v in chosen.items()}
        value = own.smooth_labels(adapter(name).array(labels), 0.2, axis=axis, **arrays)
        np.testing.assert_allclose(adapter(name).numpy(value), theirs, rtol=3e-7)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_class_without_part_has_no_gradient(framework: str) -> None:
    x, where = np.array([[np.nan, 1.0, 2.0]]), np.array([[False, True, True]])
    value, gradient = measured(
        framework,
        lambda x, y, where: own.softmax_cross_entropy(x, y, where=where),
        x,
        {"y": np.array([[0.5, 0.5, 0.0]]), "where": where},
    )
    np.testing.assert_allclose(value, [0.5 * np.log1p(np.e)])
    assert gradient[0, 0] == 0
    assert np.isfinite(gradient).all()


def test_other_axes_are_refused() -> None:
    with pytest.raises(ValueError, match="axis"):
        own.softmax_cross_entropy_with_integer_labels(np.zeros((2, 3)), [0, 1], axis="last")
    with pytest.raises(ValueError, match="dtype"):
        own.smooth_labels(np.array([0, 1]), 0.1)
