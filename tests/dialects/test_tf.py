"""``dialects.tf`` beside TensorFlow."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
from dialects_support import DTYPES, EPS, FRAMEWORKS, agree, drawn, measured, signature
from hypothesis import given
from hypothesis import strategies as st

from wce_conformance.adapters import adapter
from wce_core import dialects

adapter("tensorflow")
import tensorflow as tf  # noqa: E402  # after the adapter has quietened it

own = dialects.tf
v1 = tf.compat.v1.losses

SEEDS = st.integers(0, 2**20)
SHAPES = st.sampled_from([(3,), (4, 3), (2, 3, 2)])
SCALES = st.sampled_from([0.5, 3.0, 20.0])
REDUCTIONS = st.sampled_from(own.compat.v1.losses.Reduction.all())
NN = [
    "weighted_cross_entropy_with_logits",
    "sigmoid_cross_entropy_with_logits",
    "softmax_cross_entropy_with_logits",
    "sparse_softmax_cross_entropy_with_logits",
]
V1 = [
    "compute_weighted_loss",
    "sigmoid_cross_entropy",
    "softmax_cross_entropy",
    "sparse_softmax_cross_entropy",
    "log_loss",
]


@pytest.mark.parametrize("name", NN)
def test_arguments_are_those_of_tf_nn(name: str) -> None:
    assert signature(getattr(own.nn, name)) == signature(getattr(tf.nn, name))


@pytest.mark.parametrize("name", V1)
def test_arguments_are_those_of_v1_losses(name: str) -> None:
    ours, theirs = getattr(own.compat.v1.losses, name), getattr(v1, name)
    assert signature(ours) == signature(theirs)


def test_reductions_are_those_of_v1_losses() -> None:
    ours = own.compat.v1.losses.Reduction
    assert set(ours.all()) == set(v1.Reduction.all())
    for name in ("NONE", "SUM", "MEAN", "SUM_OVER_BATCH_SIZE", "SUM_BY_NONZERO_WEIGHTS"):
        assert getattr(ours, name) == getattr(v1.Reduction, name)
    assert ours.SUM_OVER_NONZERO_WEIGHTS == v1.Reduction.SUM_OVER_NONZERO_WEIGHTS
    with pytest.raises(ValueError, match="Invalid Reduction Key"):
        ours.validate("mean")


def logits(rng: np.random.Generator, shape: Any, scale: float, dtype: str) -> np.ndarray:
    return (rng.normal(size=shape) * scale).astype(dtype)


def unit_rows(rng: np.random.Generator, shape: Any, axis: int, dtype: str) -> np.ndarray:
    """TensorFlow's gradient is right for these alone: a fault that is listed."""
    q = rng.uniform(0.05, 1, shape)
    return (q / q.sum(axis=axis, keepdims=True)).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@given(
    seed=SEEDS,
    shape=SHAPES,
    scale=SCALES,
    weights=st.sampled_from(["scalar", "last", "whole", "first"]),
)
@drawn
def test_weighted_cross_entropy_with_logits(dtype, seed, shape, scale, weights) -> None:
    rng = np.random.default_rng(seed)
    shapes = {
        "scalar": (),
        "last": shape[-1:],
        "whole": shape,
        "first": (shape[0], *(1,) * (len(shape) - 1)),
    }
    agree(
        lambda x, y, w: own.nn.weighted_cross_entropy_with_logits(y, x, w),
        lambda x, y, w: tf.nn.weighted_cross_entropy_with_logits(y, x, w),
        logits(rng, shape, scale, dtype),
        {
            "y": rng.uniform(0, 1, shape).astype(dtype),
            "w": np.asarray(rng.uniform(-0.5, 4, shapes[weights])).astype(dtype),
        },
        library="tensorflow",
        condition=20.0,
    )


@pytest.mark.parametrize("dtype", DTYPES)
@given(seed=SEEDS, shape=SHAPES, scale=SCALES)
@drawn
def test_sigmoid_cross_entropy_with_logits(dtype, seed, shape, scale) -> None:
    rng = np.random.default_rng(seed)
    agree(
        lambda x, y: own.nn.sigmoid_cross_entropy_with_logits(y, x),
        lambda x, y: tf.nn.sigmoid_cross_entropy_with_logits(y, x),
        logits(rng, shape, scale, dtype),
        {"y": rng.uniform(0, 1, shape).astype(dtype)},
        library="tensorflow",
        condition=20.0,
    )


@pytest.mark.parametrize("dtype", DTYPES)
@given(seed=SEEDS, shape=SHAPES, scale=SCALES, axis=st.sampled_from([-1, 0]))
@drawn
def test_softmax_cross_entropy_with_logits(dtype, seed, shape, scale, axis) -> None:
    rng = np.random.default_rng(seed)
    agree(
        lambda x, y: own.nn.softmax_cross_entropy_with_logits(y, x, axis),
        lambda x, y: tf.nn.softmax_cross_entropy_with_logits(y, x, axis),
        logits(rng, shape, scale, dtype),
        {"y": unit_rows(rng, shape, axis, dtype)},
        library="tensorflow",
        condition=20.0,
    )


@pytest.mark.parametrize("dtype", DTYPES)
@given(seed=SEEDS, shape=SHAPES, scale=SCALES)
@drawn
def test_sparse_softmax_cross_entropy_with_logits(dtype, seed, shape, scale) -> None:
    rng = np.random.default_rng(seed)
    agree(
        lambda x, y: own.nn.sparse_softmax_cross_entropy_with_logits(y, x),
        lambda x, y: tf.nn.sparse_softmax_cross_entropy_with_logits(y, x),
        logits(rng, shape, scale, dtype),
        {"y": rng.integers(0, shape[-1], shape[:-1])},
        library="tensorflow",
        condition=20.0,
    )


def weights_for(
    rng: np.random.Generator, kind: str, items: tuple[int, ...], dtype: str
) -> np.ndarray:
    shapes = {"scalar": (), "whole": items, "first": (*items[:1], *(1,) * (len(items) - 1))}
    weights = np.asarray(rng.choice([0.0, 0.5, 2.0], shapes[kind])).astype(dtype)
    if kind != "scalar":
        weights.flat[0] = 2.0
    return weights


V1_SHAPES = st.sampled_from([(4, 3), (2, 3, 2)])
WEIGHTS = st.sampled_from(["scalar", "whole", "first"])


@pytest.mark.parametrize("dtype", DTYPES)
@given(seed=SEEDS, shape=V1_SHAPES, weights=WEIGHTS, reduction=REDUCTIONS)
@drawn
def test_compute_weighted_loss(dtype, seed, shape, weights, reduction) -> None:
    """Of item losses; on NumPy those of this library, whose gradient is known."""
    rng = np.random.default_rng(seed)

    def losses(x: Any, y: Any) -> Any:
        return own.nn.sigmoid_cross_entropy_with_logits(y, x)

    agree(
        lambda x, y, w: own.compat.v1.losses.compute_weighted_loss(
            losses(x, y), w, reduction=reduction
        ),
        lambda x, y, w: v1.compute_weighted_loss(losses(x, y), w, reduction=reduction),
        logits(rng, shape, 3.0, dtype),
        {
            "y": rng.uniform(0, 1, shape).astype(dtype),
            "w": weights_for(rng, weights, shape, dtype),
        },
        library="tensorflow",
        condition=10.0,
        library_eps=EPS["float32"],
    )


@pytest.mark.parametrize("dtype", DTYPES)
@given(
    seed=SEEDS,
    shape=V1_SHAPES,
    weights=WEIGHTS,
    reduction=REDUCTIONS,
    smoothing=st.sampled_from([0, 0.1]),
)
@drawn
def test_sigmoid_cross_entropy(dtype, seed, shape, weights, reduction, smoothing) -> None:
    rng = np.random.default_rng(seed)
    options = {"label_smoothing": smoothing, "reduction": reduction}
    agree(
        lambda x, y, w: own.compat.v1.losses.sigmoid_cross_entropy(y, x, w, **options),
        lambda x, y, w: v1.sigmoid_cross_entropy(y, x, w, **options),
        logits(rng, shape, 3.0, dtype),
        {
            "y": rng.uniform(0, 1, shape).astype(dtype),
            "w": weights_for(rng, weights, shape, dtype),
        },
        library="tensorflow",
        condition=10.0,
        library_eps=EPS["float32"],
    )


@pytest.mark.parametrize("dtype", DTYPES)
@given(
    seed=SEEDS,
    shape=V1_SHAPES,
    weights=WEIGHTS,
    reduction=REDUCTIONS,
    smoothing=st.sampled_from([0, 0.1]),
)
@drawn
def test_softmax_cross_entropy(dtype, seed, shape, weights, reduction, smoothing) -> None:
    rng = np.random.default_rng(seed)
    options = {"label_smoothing": smoothing, "reduction": reduction}
    agree(
        lambda x, y, w: own.compat.v1.losses.softmax_cross_entropy(y, x, w, **options),
        lambda x, y, w: v1.softmax_cross_entropy(y, x, w, **options),
        logits(rng, shape, 3.0, dtype),
        {
            "y": unit_rows(rng, shape, -1, dtype),
            "w": weights_for(rng, weights, shape[:-1], dtype),
        },
        library="tensorflow",
        condition=10.0,
        library_eps=EPS["float32"],
    )


@pytest.mark.parametrize("dtype", DTYPES)
@given(seed=SEEDS, shape=V1_SHAPES, weights=WEIGHTS, reduction=REDUCTIONS, column=st.booleans())
@drawn
def test_sparse_softmax_cross_entropy(dtype, seed, shape, weights, reduction, column) -> None:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, shape[-1], shape[:-1])
    w = weights_for(rng, weights, shape[:-1], dtype)
    if column:
        y, w = y[..., None], (w[..., None] if w.ndim else w)
    agree(
        lambda x, y, w: own.compat.v1.losses.sparse_softmax_cross_entropy(
            y, x, w, reduction=reduction
        ),
        lambda x, y, w: v1.sparse_softmax_cross_entropy(y, x, w, reduction=reduction),
        logits(rng, shape, 3.0, dtype),
        {"y": y, "w": w},
        library="tensorflow",
        condition=10.0,
        library_eps=EPS["float32"],
    )


@pytest.mark.parametrize("dtype", DTYPES)
@given(
    seed=SEEDS,
    shape=V1_SHAPES,
    weights=WEIGHTS,
    reduction=REDUCTIONS,
    epsilon=st.sampled_from([1e-7, 1e-3, 0.0]),
)
@drawn
def test_log_loss(dtype, seed, shape, weights, reduction, epsilon) -> None:
    rng = np.random.default_rng(seed)
    p = rng.uniform(0.05, 0.95, shape)
    if epsilon > 1e-5:
        p = np.where(rng.random(shape) < 0.2, 0.0, p)
    options = {"epsilon": epsilon, "reduction": reduction}
    agree(
        lambda x, y, w: own.compat.v1.losses.log_loss(y, x, w, **options),
        lambda x, y, w: v1.log_loss(y, x, w, **options),
        p.astype(dtype),
        {
            "y": rng.uniform(0, 1, shape).astype(dtype),
            "w": weights_for(rng, weights, shape, dtype),
        },
        library="tensorflow",
        condition=20.0,
        library_eps=EPS["float32"],
    )


def _unweighted(reduction: str, x: Any, y: Any) -> Any:
    return own.compat.v1.losses.sigmoid_cross_entropy(y, x, 0.0, reduction=reduction)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_no_weight_costs_nothing(framework: str) -> None:
    losses = own.compat.v1.losses
    for reduction in losses.Reduction.all():
        value, gradient = measured(
            framework,
            partial(_unweighted, reduction),
            np.ones((2, 2)),
            {"y": np.ones((2, 2))},
        )
        assert (np.asarray(value) == 0).all()
        assert (gradient == 0).all()


def test_weights_of_other_shapes_are_refused() -> None:
    x = np.zeros((2, 3))
    for shape in ((3,), (2,), (1, 2), (1, 1, 1)):
        with pytest.raises(ValueError, match="weights has shape"):
            own.compat.v1.losses.sigmoid_cross_entropy(x, x, np.ones(shape))
        with pytest.raises((ValueError, tf.errors.InvalidArgumentError)):
            v1.sigmoid_cross_entropy(x, x, np.ones(shape))


@pytest.mark.parametrize("library", FRAMEWORKS)
def test_log_loss_of_certain_mistakes(library: str) -> None:
    """1 − p + epsilon is not rounded, however small epsilon is."""
    framework = adapter(library)
    p, y = np.float32([1.0, 0.0]), np.float32([0.0, 1.0])
    for options in ({}, {"epsilon": 1e-8}, {"epsilon": 1e-17}):
        loss = own.compat.v1.losses.log_loss(framework.array(y), framework.array(p), **options)
        expected = -np.log(options.get("epsilon", 1e-7))
        np.testing.assert_allclose(framework.numpy(loss), expected, rtol=3e-7)
