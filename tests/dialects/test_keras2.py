"""``dialects.keras2`` beside tf-keras; ``weighted`` beside its formula in Keras 2.2.4."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from dialects_support import DTYPES, FRAMEWORKS, agree, drawn, everywhere, measured, signature
from hypothesis import given
from hypothesis import strategies as st

from wce_conformance.adapters import adapter
from wce_core import dialects

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import tf_keras

own = dialects.keras2

SEEDS = st.integers(0, 2**20)
SHAPES = st.sampled_from([(4, 3), (2, 3, 2)])
FUNCTIONS = ["binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_arguments_are_those_of_keras(name: str) -> None:
    theirs = getattr(tf_keras.losses, name)
    assert signature(getattr(own, name)) == signature(theirs)


def predictions(rng: np.random.Generator, shape: Any, from_logits: bool, dtype: str) -> np.ndarray:
    if from_logits:
        return (rng.normal(size=shape) * 3).astype(dtype)
    p = rng.uniform(0.05, 0.95, shape)
    zero = rng.random(shape) < 0.1
    zero[..., 0] = zero[:, 0] = False  # a row of zeros has no sum to be divided by
    return np.where(zero, 0.0, p).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@given(seed=SEEDS, shape=SHAPES, from_logits=st.booleans(), smoothing=st.sampled_from([0.0, 0.1]))
@drawn
def test_binary_crossentropy(dtype, seed, shape, from_logits, smoothing) -> None:
    rng = np.random.default_rng(seed)
    options = {"from_logits": from_logits, "label_smoothing": smoothing}
    agree(
        lambda x, y: own.binary_crossentropy(y, x, **options),
        lambda x, y: tf_keras.losses.binary_crossentropy(y, x, **options),
        predictions(rng, shape, from_logits, dtype),
        {"y": rng.uniform(0, 1, shape).astype(dtype)},
        library="tensorflow",
        condition=20.0,
    )


@pytest.mark.parametrize("dtype", DTYPES)
@given(
    seed=SEEDS,
    shape=SHAPES,
    from_logits=st.booleans(),
    smoothing=st.sampled_from([0.0, 0.1]),
    axis=st.sampled_from([-1, 1]),
)
@drawn
def test_categorical_crossentropy(dtype, seed, shape, from_logits, smoothing, axis) -> None:
    rng = np.random.default_rng(seed)
    y = rng.uniform(0, 1, shape)
    if from_logits:  # TensorFlow's gradient is wrong otherwise: a fault that is listed
        y = y / y.sum(axis=axis, keepdims=True)
    options = {"from_logits": from_logits, "label_smoothing": smoothing, "axis": axis}
    agree(
        lambda x, y: own.categorical_crossentropy(y, x, **options),
        lambda x, y: tf_keras.losses.categorical_crossentropy(y, x, **options),
        predictions(rng, shape, from_logits, dtype),
        {"y": y.astype(dtype)},
        library="tensorflow",
        condition=20.0,
    )


@pytest.mark.parametrize("dtype", DTYPES)
@given(
    seed=SEEDS,
    shape=SHAPES,
    from_logits=st.booleans(),
    ignored=st.sampled_from([None, 1, -1]),
    axis=st.sampled_from([-1, 1]),
)
@drawn
def test_sparse_categorical_crossentropy(dtype, seed, shape, from_logits, ignored, axis) -> None:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, shape[axis], np.delete(shape, axis % len(shape)))
    if ignored is not None:
        y[0] = ignored
    options = {"from_logits": from_logits, "ignore_class": ignored, "axis": axis}
    agree(
        lambda x, y: own.sparse_categorical_crossentropy(y, x, **options),
        lambda x, y: tf_keras.losses.sparse_categorical_crossentropy(y, x, **options),
        predictions(rng, shape, from_logits, dtype),
        {"y": y},
        library="tensorflow",
        condition=20.0,
    )


def by_formula(values: np.ndarray, weights: Any, mask: Any) -> np.ndarray:
    """keras/engine/training_utils.py, weighted_masked_objective, of Keras 2.2.4, line by line."""
    score = values
    if mask is not None:
        score = score * mask
        score = score / (mask.mean() + 1e-7)
    if weights is not None:
        score = score.mean(axis=tuple(range(weights.ndim, score.ndim)))
        score = score * weights
        score = score / (weights != 0).mean()
    return score.mean()


@pytest.mark.parametrize("dtype", DTYPES)
@given(
    seed=SEEDS,
    shape=SHAPES,
    masked=st.booleans(),
    weighted=st.sampled_from(["none", "rows", "items"]),
)
@drawn
def test_weighted(dtype, seed, shape, masked, weighted) -> None:
    rng = np.random.default_rng(seed)
    x, y = predictions(rng, shape, False, dtype), rng.uniform(0, 1, shape).astype(dtype)
    shapes = {"none": None, "rows": shape[:1], "items": shape[:-1]}
    weights = None
    if shapes[weighted] is not None:
        weights = rng.choice([0.0, 0.5, 2.0], shapes[weighted]).astype(dtype)
        weights.flat[0] = 2.0
    mask = (rng.random(shape[:-1]) < 0.6).astype(dtype) if masked else None
    if mask is not None:
        mask.flat[0] = 1.0
    loss = own.weighted(own.binary_crossentropy)
    given_ones = {"weights": weights, "mask": mask}
    arrays = {"y": y, **{k: v for k, v in given_ones.items() if v is not None}}

    def ours(x: Any, y: Any, weights: Any = None, mask: Any = None) -> Any:
        return loss(y, x, weights, mask)

    values = np.asarray(own.binary_crossentropy(y.astype(float), x.astype(float)))
    value, slope = measured("torch", ours, x, arrays)
    expected = by_formula(values, weights, mask)
    np.testing.assert_allclose(value, expected, rtol=1e-5 if dtype == "float32" else 1e-12)
    everywhere(ours, x, arrays, value, slope, condition=20.0)


# The docstrings of a widely copied get_loss_for_multilabels, from the time of Keras 2: weights
# {0: 1.0, 1: 2.0} for labels, and what tf.keras.losses.binary_crossentropy prints without them.
FIRST = ([1, 0, 0, 0, 0, 0], [0.6, 0.1, 0.1, 0.9, 0.1, 0.0])
SECOND = ([[0, 1], [0, 0]], [[0.6, 0.4], [0.4, 0.6]])
PUBLISHED = [
    (*FIRST, None, 0.52158177),
    (*FIRST, {0: 1.0, 1: 2.0}, 0.6067193),
    (*SECOND, None, 0.81492424),
    (*SECOND, {0: 1.0, 1: 2.0}, 1.0439969),
]


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize(("y_true", "y_pred", "weights", "expected"), PUBLISHED)
def test_published_values_in_float32(framework, y_true, y_pred, weights, expected) -> None:
    y, p = np.array(y_true, np.int32).reshape(-1, 1), np.array(y_pred, np.float32).reshape(-1, 1)
    loss = own.weighted(own.binary_crossentropy)

    def function(x: Any, y: Any) -> Any:
        sample_weight = None
        if weights is not None:
            sample_weight = dialects.keras.sample_weight_from_class_weight(y, weights)
        return loss(y, x, sample_weight)

    value, _ = measured(framework, function, p, {"y": y})
    assert np.asarray(value).dtype == np.float32
    assert abs(float(value) - expected) <= 2 * np.spacing(np.float32(expected))


@pytest.mark.parametrize("library", FRAMEWORKS)
def test_certain_predictions_by_default(library: str) -> None:
    """1 − p + 1e-7 is not rounded, nor is 1 − p of a row divided by its sum."""
    p, y = np.float32([[1.0, 0.0, 1 - 2.0**-24]]), np.float32([[0.0, 1.0, 0.0]])
    framework = adapter(library)
    x, targets = framework.array(p), framework.array(y)
    found = framework.numpy(own.binary_crossentropy(targets, x))
    np.testing.assert_allclose(found, [-np.log(2e-7)], rtol=3e-7)
    row = framework.array(np.float32([[1.0, 0.0, 0.0]]))
    label = framework.array(np.array([0]))
    found = framework.numpy(own.sparse_categorical_crossentropy(label, row))
    np.testing.assert_allclose(found, [np.log1p(2e-7 / (1 - 1e-7))], rtol=3e-7)
