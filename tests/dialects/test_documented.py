"""Examples and values that libraries' own documentation prints, transcribed with their source."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from dialects_support import FRAMEWORKS, measured

from wce_core import dialects

v1 = dialects.tf.compat.v1.losses


class Example(NamedTuple):
    source: str
    function: Callable[..., Any]
    """Of the predictions, then the other arrays."""
    predictions: Any
    arrays: tuple[Any, ...]
    printed: Any
    digits: float
    """What the print leaves open: half a unit of its last digit, a whole one where Keras cuts."""


KERAS = "keras 3.15.1, keras/src/losses/losses.py"
TF = "tensorflow 2.21.0, tensorflow/python/ops"
Y2, P2 = [[0.0, 1.0], [0.0, 0.0]], [[0.6, 0.4], [0.4, 0.6]]
Y3, P3 = [[0, 1, 0], [0, 0, 1]], [[0.05, 0.95, 0.0], [0.1, 0.8, 0.1]]
keras, keras2 = dialects.keras, dialects.keras2
OPTAX_X = [[1.2, -0.8, -0.5], [0.9, -1.2, 1.1]]

EXAMPLES = [
    Example(
        f"{KERAS}, binary_crossentropy",
        lambda p, y: keras.binary_crossentropy(y, p),
        P2, (Y2,), [0.916, 0.714], 1e-3,
    ),
    Example(
        f"{KERAS}, BinaryCrossentropy, from_logits",
        lambda p, y: keras.BinaryCrossentropy(from_logits=True)(y, p),
        [-18.6, 0.51, 2.94, -12.8], ([0, 1, 0, 0],), 0.865, 1e-3,
    ),
    Example(
        f"{KERAS}, BinaryCrossentropy, sample_weight",
        lambda p, y: keras.BinaryCrossentropy(from_logits=True)(y, p, sample_weight=[0.8, 0.2]),
        [[-18.6, 0.51], [2.94, -12.8]], ([[0, 1], [0, 0]],), 0.243, 1e-3,
    ),
    Example(
        f"{KERAS}, BinaryCrossentropy, reduction sum",
        lambda p, y: keras.BinaryCrossentropy(from_logits=True, reduction="sum")(y, p),
        [[-18.6, 0.51], [2.94, -12.8]], ([[0, 1], [0, 0]],), 1.730, 1e-3,
    ),
    Example(
        f"{KERAS}, BinaryCrossentropy, reduction None",
        lambda p, y: keras.BinaryCrossentropy(from_logits=True, reduction=None)(y, p),
        [[-18.6, 0.51], [2.94, -12.8]], ([[0, 1], [0, 0]],), [0.235, 1.496], 1e-3,
    ),
    Example(
        f"{KERAS}, categorical_crossentropy",
        lambda p, y: keras.categorical_crossentropy(y, p),
        P3, (Y3,), [0.0513, 2.303], 1e-3,
    ),
    Example(
        f"{KERAS}, CategoricalCrossentropy",
        lambda p, y: keras.CategoricalCrossentropy()(y, p),
        P3, (Y3,), 1.177, 1e-3,
    ),
    Example(
        f"{KERAS}, CategoricalCrossentropy, sample_weight",
        lambda p, y, s: keras.CategoricalCrossentropy()(y, p, sample_weight=s),
        P3, (Y3, [0.3, 0.7]), 0.814, 1e-3,
    ),
    Example(
        f"{KERAS}, CategoricalCrossentropy, reduction sum",
        lambda p, y: keras.CategoricalCrossentropy(reduction="sum")(y, p),
        P3, (Y3,), 2.354, 1e-3,
    ),
    Example(
        f"{KERAS}, sparse_categorical_crossentropy",
        lambda p, y: keras.sparse_categorical_crossentropy(y, p),
        P3, ([1, 2],), [0.0513, 2.303], 1e-3,
    ),
    Example(
        f"{KERAS}, SparseCategoricalCrossentropy, sample_weight",
        lambda p, y, s: keras.SparseCategoricalCrossentropy()(y, p, sample_weight=s),
        P3, ([1, 2], [0.3, 0.7]), 0.814, 1e-3,
    ),
    Example(
        "tf-keras 2.21.0, losses.py, sparse_categorical_crossentropy, ignore_class",
        lambda p, y: keras2.sparse_categorical_crossentropy(y, p, ignore_class=-1),
        [[[[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]], [[0.2, 0.5, 0.3], [0.0, 1.0, 0.0]]],
         [[[1.0, 0.0, 0.0], [0.0, 0.5, 0.5]], [[0.2, 0.5, 0.3], [0.0, 1.0, 0.0]]]],
        ([[[0, 2], [-1, -1]], [[0, 2], [-1, -1]]],),
        [[[2.3841855e-07, 2.3841855e-07], [0, 0]], [[2.3841855e-07, 6.9314730e-01], [0, 0]]], 3e-7,
    ),
    Example(
        "tf-keras 2.21.0, backend.py, categorical_crossentropy",
        lambda p, y: keras2.categorical_crossentropy(y, p),
        [[0.9, 0.05, 0.05], [0.05, 0.89, 0.06], [0.05, 0.01, 0.94]],
        (np.eye(3).tolist(),), [0.10536, 0.11653, 0.06188], 6e-6,
    ),
    Example(
        f"{TF}/nn_impl.py, weighted_cross_entropy_with_logits",
        lambda x, y: dialects.tf.nn.weighted_cross_entropy_with_logits(y, x, 1.5),
        [1.5, -0.1, -10.0], ([1.0, 0.5, 0.0],),
        [3.0211994e-01, 8.8049585e-01, 4.5776367e-05], 5e-7,
    ),
    Example(
        f"{TF}/nn_impl.py, sigmoid_cross_entropy_with_logits",
        lambda x, y: dialects.tf.nn.sigmoid_cross_entropy_with_logits(y, x),
        [1.0, -1.0, 0.0, 1.0, -1.0, 0.0, 0.0], ([0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.5],),
        [1.3132617, 0.3132617, 0.6931472, 0.3132617, 1.3132617, 0.6931472, 0.6931472], 2e-7,
    ),
    Example(
        f"{TF}/nn_ops.py, softmax_cross_entropy_with_logits",
        lambda x, q: dialects.tf.nn.softmax_cross_entropy_with_logits(q, x),
        [[4.0, 2.0, 1.0], [0.0, 5.0, 1.0]], ([[1.0, 0.0, 0.0], [0.0, 0.8, 0.2]],),
        [0.16984604, 0.82474494], 2e-7,
    ),
    Example(
        f"{TF}/nn_ops.py, sparse_softmax_cross_entropy_with_logits",
        lambda x, y: dialects.tf.nn.sparse_softmax_cross_entropy_with_logits(y, x),
        [[2.0, -5.0, 0.5, -0.1], [0.0, 0.0, 1.9, 1.4], [-100.0, 100.0, -100.0, -100.0]],
        ([0, 3, 1],), [0.29750752, 1.1448325, 0.0], 2e-7,
    ),
    Example(
        f"{TF}/losses/losses_impl.py, softmax_cross_entropy, Before & After Usage Example",
        lambda x, q, w: v1.softmax_cross_entropy(q, x, weights=w, label_smoothing=0.2),
        P3, (Y3, [0.3, 0.7]), 0.57618, 6e-6,
    ),
    Example(
        "optax 0.2.8, _classification.py, softmax_cross_entropy",
        dialects.optax.softmax_cross_entropy,
        OPTAX_X, ([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]],), [0.2761, 2.9518], 6e-5,
    ),
    Example(
        "optax 0.2.8, _classification.py, softmax_cross_entropy_with_integer_labels",
        dialects.optax.softmax_cross_entropy_with_integer_labels,
        OPTAX_X, ([0, 1],), [0.2761, 2.9518], 6e-5,
    ),
    Example(
        "optax 0.2.8, _classification.py, softmax_cross_entropy_with_integer_labels, two axes",
        lambda x, y: dialects.optax.softmax_cross_entropy_with_integer_labels(x, y, axis=(2, 3)),
        np.arange(24.0).reshape(1, 2, 3, 4).tolist(), ([[5, 11]],), [[6.4587, 0.4587]], 6e-5,
    ),
    Example(
        "ONNX 1.23, NegativeLogLikelihoodLoss-13, example 1",
        lambda x, y: dialects.onnx.negative_log_likelihood_loss(x, y, reduction="none"),
        [[[1.0, 2.0], [2.0, 2.0], [3.0, 2.0]], [[0.0, 1.0], [2.0, 2.0], [1.0, 2.0]]],
        ([[2, 1], [0, 2]],), [[-3, -2], [0, -2]], 1e-7,
    ),
    Example(
        "ONNX 1.23, NegativeLogLikelihoodLoss-13, example 2, weighted sum",
        lambda x, y, w: dialects.onnx.negative_log_likelihood_loss(x, y, w, reduction="sum"),
        [[[1.0, 2.0], [2.0, 2.0], [3.0, 2.0]], [[0.0, 1.0], [2.0, 2.0], [1.0, 2.0]]],
        ([[2, 1], [0, 2]], [0.2, 0.3, 0.1]), -1.1, 1e-6,
    ),
    Example(
        "ONNX 1.23, NegativeLogLikelihoodLoss-13, example 3, weighted mean",
        lambda x, y, w: dialects.onnx.negative_log_likelihood_loss(x, y, w, reduction="mean"),
        [[[1.0, 2.0], [2.0, 2.0], [3.0, 2.0]], [[0.0, 1.0], [2.0, 2.0], [1.0, 2.0]]],
        ([[2, 1], [0, 2]], [0.2, 0.3, 0.1]), -1.57, 6e-3,
    ),
    Example(
        "scikit-learn 1.9.1, metrics/_classification.py, log_loss",
        lambda p, y: dialects.sklearn.log_loss(y, p, labels=[0, 1]),
        [[0.1, 0.9], [0.9, 0.1], [0.8, 0.2], [0.35, 0.65]], ([1, 0, 0, 1],), 0.21616, 6e-6,
    ),
    Example(
        "torch 2.13.0, nn/modules/loss.py, BCEWithLogitsLoss: a prediction of 1.5 for 64 classes",
        dialects.torch.binary_cross_entropy_with_logits,
        [[1.5] * 64] * 10, ([[1.0] * 64] * 10,), 0.2014, 6e-5,
    ),
]  # fmt: skip


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.source)
def test_documented_value(framework: str, example: Example) -> None:
    names = [f"a{i}" for i in range(len(example.arrays))]
    arrays = dict(zip(names, map(narrow, example.arrays), strict=True))
    value, gradient = measured(
        framework,
        lambda x, **k: example.function(x, *(k[name] for name in names)),
        np.array(example.predictions, np.float32),
        arrays,
    )
    np.testing.assert_allclose(value, example.printed, rtol=0, atol=example.digits)
    assert np.isfinite(gradient).all()


def narrow(values: Any) -> np.ndarray:
    array = np.asarray(values)
    return array.astype(np.float32) if array.dtype.kind == "f" else array


def test_documented_class_weights() -> None:
    """scikit-learn 1.9.1, utils/class_weight.py."""
    y = np.array([1, 1, 1, 1, 0, 0])
    weights = dialects.sklearn.compute_class_weight("balanced", classes=np.unique(y), y=y)
    assert weights.tolist() == [1.5, 0.75]
    weights = dialects.sklearn.compute_sample_weight("balanced", y)
    assert weights.tolist() == [0.75, 0.75, 0.75, 0.75, 1.5, 1.5]
