"""Where a library differs from its dialect: what it gives, beside what is right, name by name."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import torch
import torch.nn.functional as F
from dialects_support import measured
from test_onnx import evaluated

from wce_conformance.adapters import adapter
from wce_core import dialects

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import keras
    import tf_keras

adapter("tensorflow")
import tensorflow as tf  # noqa: E402  # after the adapter has quietened it

FAULT_TESTS: dict[str, Callable[[], None]] = {}


def shows(name: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    def registered(function: Callable[[], None]) -> Callable[[], None]:
        FAULT_TESTS[name] = function
        return function

    return registered


def close(value: Any, expected: Any, **options: Any) -> None:
    value = value.detach() if isinstance(value, torch.Tensor) else value
    np.testing.assert_allclose(np.asarray(value), expected, **{"rtol": 1e-5, **options})


@shows("torch-bound-gradient")
def _() -> None:
    p = torch.tensor([0.0, 1.0, 0.0], dtype=torch.float64, requires_grad=True)
    y = torch.tensor([1.0, 0.0, 0.0], dtype=torch.float64)
    F.binary_cross_entropy(p, y, reduction="sum").backward()
    close(p.grad, [-1e12, 1e12, 0])
    _, slope = measured(
        "torch",
        lambda x, y: dialects.torch.binary_cross_entropy(x, y, reduction="sum"),
        np.array([0.0, 1.0, 0.0]),
        {"y": y.numpy()},
    )
    close(slope, [0, 0, 1])


@shows("torch-soft-margin-overflow")
def _() -> None:
    x, y = torch.tensor([-100.0]), torch.tensor([1.0])
    assert torch.isinf(F.soft_margin_loss(x, y))
    close(dialects.torch.soft_margin_loss(x, y), 100)


@shows("torch-ignored-nan")
def _() -> None:
    x = torch.tensor([[0.0, 1.0], [torch.nan, 0.0]], requires_grad=True)
    F.cross_entropy(x, torch.tensor([0, -100])).backward()
    assert torch.isnan(x.grad[1]).all()
    _, slope = measured(
        "torch", dialects.torch.cross_entropy, x.detach().numpy(), {"target": np.array([0, -100])}
    )
    assert (slope[1] == 0).all()
    assert np.isfinite(slope).all()


@shows("torch-impossible-class")
def _() -> None:
    x, q = torch.tensor([[0.0, 1.0, -torch.inf]]), torch.tensor([[0.5, 0.5, 0.0]])
    assert torch.isnan(F.cross_entropy(x, q))
    close(dialects.torch.cross_entropy(x, q), 0.8132617)


@shows("torch-easy-negatives")
def _() -> None:
    x, y = torch.tensor([-20.0]), torch.tensor([0.0])
    assert F.binary_cross_entropy_with_logits(x, y) == 0
    close(dialects.torch.binary_cross_entropy_with_logits(x, y), 2.0611537e-9)


@shows("torch-unchecked-targets")
def _() -> None:
    x, y = torch.tensor([1.0]), torch.tensor([2.0])
    close(F.binary_cross_entropy_with_logits(x, y), 1.3132617 - 2)
    with pytest.raises(ValueError, match="target is 2"):
        dialects.torch.binary_cross_entropy_with_logits(x, y)
    with pytest.raises(ValueError, match="probability"):
        dialects.torch.cross_entropy(torch.zeros(1, 2), torch.tensor([[-1.0, 2.0]]))


@shows("torch-weights-of-0")
def _() -> None:
    x = torch.zeros((1, 2), requires_grad=True)
    y, w = torch.tensor([0]), torch.tensor([0.0, 1.0])
    F.cross_entropy(x, y, weight=w).backward()
    assert torch.isnan(x.grad).all()
    value, slope = measured(
        "torch",
        dialects.torch.cross_entropy,
        np.zeros((1, 2), np.float32),
        {"target": y.numpy(), "weight": w.numpy()},
    )
    assert np.isnan(value)
    assert (slope == 0).all()


ON_TENSORFLOW = """
import json, warnings
warnings.simplefilter("ignore")
import numpy as np, keras, tensorflow as tf
x = tf.constant([[1.0, 2.0, 3.0]])
with tf.GradientTape() as tape:
    tape.watch(x)
    loss = keras.losses.categorical_crossentropy(tf.constant([[5.0, 0.0, 0.0]]), x, True)
gradient = tape.gradient(loss, x).numpy().tolist()
p = np.array([[0.0, 2.0, 2.0]], "float32")
sparse = keras.losses.sparse_categorical_crossentropy(np.array([1]), p)
print(json.dumps([gradient, float(sparse[0])]))
"""


def keras_on_tensorflow() -> Any:
    done = subprocess.run(
        [sys.executable, "-c", ON_TENSORFLOW],
        env={**os.environ, "KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return json.loads(done.stdout.splitlines()[-1])


RIGHT = [[-4.549847, 1.223642, 3.326205]]


def right_gradient(ours: Any) -> None:
    x, q = np.array([[1.0, 2.0, 3.0]]), np.array([[5.0, 0.0, 0.0]])
    _, slope = measured("tensorflow", lambda x, q: ours(q, x), x, {"q": q})
    close(slope, RIGHT)


@shows("keras-mass-gradient")
def _() -> None:
    gradient, _ = keras_on_tensorflow()
    close(gradient, [[-4.909969, 0.244728, 0.665241]])
    right_gradient(lambda q, x: dialects.keras.categorical_crossentropy(q, x, from_logits=True))


@shows("keras-sparse-on-tensorflow")
def _() -> None:
    _, value = keras_on_tensorflow()
    p, y = np.array([[0.0, 2.0, 2.0]], np.float32), np.array([1])
    close(dialects.keras.sparse_categorical_crossentropy(y, p), [np.log(2)])
    close(dialects.keras2.sparse_categorical_crossentropy(y, p), [value], atol=1e-6)
    two = np.array([[0.5, 2.0, 2.0]], np.float32)
    close(keras.losses.sparse_categorical_crossentropy(y, two), [np.log(2.25)])
    close(tf_keras.losses.sparse_categorical_crossentropy(y, two), [np.log(2.5)], atol=1e-6)


@shows("keras-smoothing-axis")
def _() -> None:
    q, p = np.zeros((1, 2, 4), np.float32), np.full((1, 2, 4), 0.5, np.float32)
    q[:, 0] = 1
    options = {"label_smoothing": 0.5, "axis": 1}
    close(keras.losses.categorical_crossentropy(q, p, **options), np.full((1, 4), 0.51986))
    close(dialects.keras.categorical_crossentropy(q, p, **options), np.full((1, 4), np.log(2)))


@shows("keras-weights-not-broadcast")
def _() -> None:
    y, x = np.zeros((3, 2), np.float32), np.zeros((3, 2), np.float32)
    options: Any = {"from_logits": True, "reduction": "mean_with_sample_weight"}
    close(keras.losses.BinaryCrossentropy(**options)(y, x, sample_weight=2.0), 3 * np.log(2))
    close(dialects.keras.BinaryCrossentropy(**options)(y, x, sample_weight=2.0), np.log(2))


@shows("keras-float32-means")
def _() -> None:
    y, x = np.array([[1.0, 0.0, 1.0]]), np.array([[0.1, 0.2, 0.3]])
    exact = np.mean([np.log1p(np.exp(-0.1)), np.log1p(np.exp(0.2)), np.log1p(np.exp(-0.3))])
    theirs = np.asarray(keras.losses.binary_crossentropy(y, x, from_logits=True)[0])
    assert 1e-10 < abs(float(theirs) - exact) < 1e-6
    close(dialects.keras.binary_crossentropy(y, x, from_logits=True), [exact], rtol=1e-15)


@shows("keras-rounded-bound")
def _() -> None:
    y, p = np.zeros((1, 1), np.float32), np.ones((1, 1), np.float32)
    close(keras.losses.binary_crossentropy(y, p), [15.942385])
    close(dialects.keras.binary_crossentropy(y, p), [16.118095])


@shows("keras2-rounded-bound")
def _() -> None:
    y, p = np.zeros((1, 1), np.float32), np.ones((1, 1), np.float32)
    close(tf_keras.losses.binary_crossentropy(y, p), [15.333239])
    close(dialects.keras2.binary_crossentropy(y, p), [15.424948])


def masked(y_pred: Any, mask: Any) -> Any:
    y_pred = keras.ops.convert_to_tensor(y_pred)
    keras.src.backend.set_keras_mask(y_pred, keras.ops.convert_to_tensor(mask))
    return y_pred


@shows("keras-scalar-weight")
def _() -> None:
    y, x = np.zeros((2, 2), np.float32), np.zeros((2, 2), np.float32)
    mask, loss = np.array([True, False]), keras.losses.BinaryCrossentropy(from_logits=True)
    with pytest.raises(RuntimeError, match="broadcast"):
        loss(y, masked(x, mask), sample_weight=2.0)
    ours = dialects.keras.BinaryCrossentropy(from_logits=True)
    close(ours(y, x, sample_weight=2.0, mask=mask), 2 * np.log(2))


@shows("keras-masked-infinity")
def _() -> None:
    y = np.array([[1.0, 0.0], [1.0, 0.0]], np.float32)
    x = np.array([[0.0, 0.0], [-np.inf, 0.0]], np.float32)
    mask = np.array([True, False])
    theirs = keras.losses.CategoricalCrossentropy(from_logits=True)(y, masked(x, mask))
    assert np.isnan(np.asarray(theirs))
    ours = dialects.keras.CategoricalCrossentropy(from_logits=True)
    close(ours(y, x, mask=mask), np.log(2))


@shows("keras-column-of-weights")
def _() -> None:
    y, x, s = np.zeros((2, 2)), np.zeros((2, 2)), np.ones((2, 1))
    options: Any = {"from_logits": True, "reduction": "none"}
    assert keras.losses.BinaryCrossentropy(**options)(y, x, sample_weight=s).shape == (2, 1)
    assert dialects.keras.BinaryCrossentropy(**options)(y, x, sample_weight=s).shape == (2,)


@shows("keras-class-weight-rank")
def _() -> None:
    from keras.src.trainers.data_adapters.data_adapter_utils import class_weight_to_sample_weights

    rows = np.eye(2)[np.array([[0, 1], [1, 1]])]
    with pytest.raises(TypeError):
        class_weight_to_sample_weights(rows, {1: 2.0})
    weights = dialects.keras.sample_weight_from_class_weight(rows, {1: 2.0})
    assert weights.tolist() == [[1, 2], [2, 2]]


def tape_gradient(function: Callable[[Any], Any], x: Any) -> np.ndarray:
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = function(x)
    return np.asarray(tape.gradient(value, x))


@shows("keras2-mass-gradient")
def _() -> None:
    q = np.array([[5.0, 0.0, 0.0]])
    gradient = tape_gradient(
        lambda x: tf_keras.losses.categorical_crossentropy(q, x, from_logits=True),
        np.array([[1.0, 2.0, 3.0]]),
    )
    close(gradient, [[-4.909969, 0.244728, 0.665241]])
    right_gradient(lambda q, x: dialects.keras2.categorical_crossentropy(q, x, from_logits=True))


@shows("tensorflow-mass-gradient")
def _() -> None:
    q = np.array([[5.0, 0.0, 0.0]])
    gradient = tape_gradient(
        lambda x: tf.nn.softmax_cross_entropy_with_logits(q, x), np.array([[1.0, 2.0, 3.0]])
    )
    close(gradient, [[-4.909969, 0.244728, 0.665241]])
    right_gradient(dialects.tf.nn.softmax_cross_entropy_with_logits)
    right_gradient(dialects.tf.compat.v1.losses.softmax_cross_entropy)


@shows("tensorflow-logit-of-0")
def _() -> None:
    x, y = np.array([0.0]), np.array([1.0])
    gradient = tape_gradient(lambda x: tf.nn.weighted_cross_entropy_with_logits(y, x, 3.0), x)
    close(gradient, [0.0])
    _, slope = measured(
        "tensorflow",
        lambda x, y: dialects.tf.nn.weighted_cross_entropy_with_logits(y, x, 3.0),
        x,
        {"y": y},
    )
    close(slope, [-1.5])


@shows("tensorflow-float32-reductions")
def _() -> None:
    third = np.array([1 / 3])
    theirs = tf.compat.v1.losses.compute_weighted_loss(tf.constant(third))
    assert float(theirs) == float(np.float32(1 / 3)) != 1 / 3
    assert dialects.tf.compat.v1.losses.compute_weighted_loss(third) == 1 / 3


@shows("tensorflow-impossible-class")
def _() -> None:
    x, q = tf.constant([[0.0, 1.0, -np.inf]]), tf.constant([[0.5, 0.5, 0.0]])
    assert np.isnan(tf.nn.softmax_cross_entropy_with_logits(q, x).numpy()).all()
    close(dialects.tf.nn.softmax_cross_entropy_with_logits(q, x), [0.8132617])


@shows("optax-label-of-minus-1")
def _() -> None:
    x = jnp.array([[0.0, 1.0, 5.0]])
    theirs = optax.losses.softmax_cross_entropy_with_integer_labels
    assert theirs(x, jnp.array([-1])) == theirs(x, jnp.array([2]))
    ours = dialects.optax.softmax_cross_entropy_with_integer_labels
    with pytest.raises(ValueError, match="class index"):
        ours(x, jnp.array([-1]))
    assert jnp.isnan(jax.jit(ours)(x, jnp.array([-1]))).all()


@shows("optax-offset")
def _() -> None:
    x, y = jnp.full((1, 3), 1e8, jnp.float32), jnp.array([0])
    assert optax.losses.softmax_cross_entropy_with_integer_labels(x, y) == 0
    close(dialects.optax.softmax_cross_entropy_with_integer_labels(x, y), [np.log(3)])


@shows("optax-excluded-label")
def _() -> None:
    x, y, where = jnp.array([[5.0, 1.0]]), jnp.array([0]), jnp.array([[False, True]])
    theirs = optax.losses.softmax_cross_entropy_with_integer_labels(x, y, where=where)
    close(theirs, [-4.0])
    ours = dialects.optax.softmax_cross_entropy_with_integer_labels(x, y, where=where)
    assert jnp.isposinf(ours).all()


@shows("optax-impossible-class")
def _() -> None:
    x, q = jnp.array([[0.0, 1.0, -jnp.inf]]), jnp.array([[0.5, 0.5, 0.0]])
    assert jnp.isnan(optax.losses.softmax_cross_entropy(x, q)).all()
    close(dialects.optax.softmax_cross_entropy(x, q), [0.8132617])


@shows("onnx-ignored-minus-1")
def _() -> None:
    x, y = np.array([[-1.0, -2.0], [-3.0, -4.0]]), np.array([0, -1])
    arrays = {"x": x, "y": y}
    (theirs,) = evaluated("NegativeLogLikelihoodLoss", arrays, 1, ignore_index=-1)
    close(theirs, 0.5)
    close(dialects.onnx.negative_log_likelihood_loss(x, y, ignore_index=-1), 1.0)


@shows("onnx-log-of-softmax")
def _() -> None:
    x, y = np.array([[0.0, 200.0]], np.float32), np.array([0])
    with np.errstate(divide="ignore"):
        (theirs,) = evaluated("SoftmaxCrossEntropyLoss", {"x": x, "y": y}, 1)
    assert np.isposinf(theirs)
    close(dialects.onnx.softmax_cross_entropy_loss(x, y), 200.0)


@shows("sklearn-remembered-labels")
def _() -> None:
    from sklearn._loss.loss import HalfMultinomialLossArrayAPI

    x = np.array([[2.0, 0.0, -1.0], [1.0, 1.0, 3.0]])
    first, second = np.array([0.0, 0.0]), np.array([2.0, 2.0])
    theirs = HalfMultinomialLossArrayAPI(n_classes=3, xp=np, device=None)
    before = np.asarray(theirs.loss(first, x))
    assert (np.asarray(theirs.loss(second, x)) == before).all()
    ours = dialects.sklearn.HalfMultinomialLoss(n_classes=3)
    assert (ours.loss(second, x) != ours.loss(first, x)).all()


@pytest.mark.parametrize("name", FAULT_TESTS)
def test_fault(name: str) -> None:
    FAULT_TESTS[name]()
