"""What the tables of weightings say of other libraries holds in the versions installed here."""

from __future__ import annotations

import os
import warnings
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from wce_core import losses

os.environ.setdefault("KERAS_BACKEND", "jax" if find_spec("jax") else "torch")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

RANDOM = np.random.default_rng(7)
ITEMS, CLASSES, LABELS = 6, 4, 3
X = RANDOM.normal(size=(ITEMS, CLASSES)).astype(np.float32)
INDEX = np.array([0, 3, 1, 2, 2, 1])
ROWS = np.eye(CLASSES, dtype=np.float32)[INDEX]
SOFT = RANDOM.dirichlet(np.ones(CLASSES), ITEMS).astype(np.float32)
W = np.array([0.5, 1.0, 2.0, 3.0], np.float32)
S = np.array([0.3, 1.0, 0.0, 2.0, 0.7, 1.5], np.float32)
Z = RANDOM.normal(size=(ITEMS, LABELS)).astype(np.float32)
Y = RANDOM.integers(0, 2, size=(ITEMS, LABELS)).astype(np.float32)
POSITIVE = np.array([1.0, 2.0, 5.0], np.float32)
PAIRS = np.array([[1.0, 2.0], [0.5, 3.0], [2.0, 1.0]], np.float32)

Library = SimpleNamespace


@pytest.fixture(scope="module")
def torch() -> Library:
    import torch
    from torch.nn import functional

    def call(name: str, *arrays: Any, **options: Any) -> np.ndarray:
        tensors = [torch.asarray(array) for array in arrays]
        for key, value in options.items():
            if isinstance(value, np.ndarray):
                options[key] = torch.asarray(value)
        return getattr(functional, name)(*tensors, **options).numpy()

    return Library(call=call, log_softmax=lambda x: torch.log_softmax(torch.asarray(x), -1).numpy())


@pytest.fixture(scope="module")
def tf() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import tensorflow
    return tensorflow


@pytest.fixture(scope="module")
def keras() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import keras
    return keras


def same(own: Any, other: Any) -> None:
    np.testing.assert_allclose(np.asarray(own), np.asarray(other), rtol=2e-6)


class TestTorch:
    def test_unweighted(self, torch: Library) -> None:
        same(losses.cross_entropy(X, INDEX), torch.call("cross_entropy", X, INDEX))
        theirs = torch.call("binary_cross_entropy_with_logits", Z, Y)
        same(losses.binary_cross_entropy(Z, Y), theirs)

    def test_class_weight(self, torch: Library) -> None:
        own = losses.cross_entropy(X, INDEX, class_weight=W, reduction="weighted_mean")
        same(own, torch.call("cross_entropy", X, INDEX, weight=W))

    def test_class_weight_per_label(self, torch: Library) -> None:
        w0, w1 = PAIRS[:, 0].copy(), PAIRS[:, 1].copy()
        theirs = torch.call("binary_cross_entropy_with_logits", Z, Y, weight=w0, pos_weight=w1 / w0)
        same(losses.binary_cross_entropy(Z, Y, class_weight=PAIRS), theirs)

    def test_class_weight_with_soft_targets_is_per_class(self, torch: Library) -> None:
        own = losses.cross_entropy(X, SOFT, class_weight=W)
        same(own, torch.call("cross_entropy", X, SOFT, weight=W))

    def test_pos_weight(self, torch: Library) -> None:
        theirs = torch.call("binary_cross_entropy_with_logits", Z, Y, pos_weight=POSITIVE)
        same(losses.binary_cross_entropy(Z, Y, pos_weight=POSITIVE), theirs)

    def test_sample_weight(self, torch: Library) -> None:
        theirs = torch.call("binary_cross_entropy_with_logits", Z, Y, weight=S[:, None])
        same(losses.binary_cross_entropy(Z, Y, sample_weight=S), theirs)

    def test_ignore_index(self, torch: Library) -> None:
        own = losses.cross_entropy(X, INDEX, ignore_index=2)
        same(own, torch.call("cross_entropy", X, INDEX, ignore_index=2))

    def test_label_smoothing(self, torch: Library) -> None:
        own = losses.cross_entropy(X, INDEX, label_smoothing=0.1)
        same(own, torch.call("cross_entropy", X, INDEX, label_smoothing=0.1))

    def test_mean_over_all(self, torch: Library) -> None:
        own = losses.cross_entropy(X, INDEX, ignore_index=2, reduction="mean_over_all")
        same(own, torch.call("cross_entropy", X, INDEX, ignore_index=2, reduction="none").mean())

    def test_batch_mean(self, torch: Library) -> None:
        own = losses.cross_entropy(X, ROWS, reduction="batch_mean")
        same(own, torch.call("kl_div", torch.log_softmax(X), ROWS, reduction="batchmean"))


class TestKeras:
    def test_unweighted(self, keras: Any) -> None:
        theirs = keras.losses.CategoricalCrossentropy(from_logits=True)(ROWS, X)
        same(losses.cross_entropy(X, ROWS), theirs)
        same(losses.binary_cross_entropy(Z, Y), keras.losses.BinaryCrossentropy(True)(Y, Z))

    @pytest.mark.parametrize(
        ("own", "theirs"),
        [
            ("mean", "sum_over_batch_size"),
            ("weighted_mean", "mean_with_sample_weight"),
            ("sum", "sum"),
        ],
    )
    def test_sample_weight(self, keras: Any, own: Any, theirs: str) -> None:
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction=theirs)
        ours = losses.cross_entropy(X, INDEX, sample_weight=S, reduction=own)
        same(ours, loss(INDEX, X, sample_weight=S))

    def test_ignore_class(self, keras: Any) -> None:
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=2)
        same(losses.cross_entropy(X, INDEX, ignore_index=2), loss(INDEX, X))

    def test_label_smoothing(self, keras: Any) -> None:
        loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)
        same(losses.cross_entropy(X, ROWS, label_smoothing=0.1), loss(ROWS, X))
        loss = keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.1)
        same(losses.binary_cross_entropy(Z, Y, label_smoothing=0.1), loss(Y, Z))

    def test_mask(self, keras: Any) -> None:
        mask = np.array([True, True, False, True, True, False])
        x = keras.ops.convert_to_tensor(X)
        x._keras_mask = keras.ops.convert_to_tensor(mask)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        same(losses.cross_entropy(X, INDEX, mask=mask), loss(INDEX, x))

    def test_class_weight_of_fit(self, keras: Any) -> None:
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        theirs = self._fit(keras, loss, X, INDEX, dict(enumerate(W.tolist())))
        same(losses.cross_entropy(X, INDEX, class_weight=W), theirs)

    def test_class_weight_of_fit_for_one_output(self, keras: Any) -> None:
        loss = keras.losses.BinaryCrossentropy(from_logits=True)
        weights = {0: 0.5, 1: 4.0}
        theirs = self._fit(keras, loss, Z[:, :1], Y[:, :1], weights)
        same(losses.binary_cross_entropy(Z[:, :1], Y[:, :1], class_weight=weights), theirs)

    def test_class_weight_of_fit_with_rows_is_hard(self, keras: Any) -> None:
        loss = keras.losses.CategoricalCrossentropy(from_logits=True)
        theirs = self._fit(keras, loss, X, SOFT, dict(enumerate(W.tolist())))
        same(losses.cross_entropy(X, SOFT, class_weight=W, soft_weighting="hard"), theirs)

    @staticmethod
    def _fit(keras: Any, loss: Any, x: Any, y: Any, class_weight: Any) -> float:
        """The loss of a model that is the identity, in the only step of an epoch."""
        layer = keras.layers.Dense(x.shape[1], use_bias=False, kernel_initializer="identity")
        model = keras.Sequential([keras.Input((x.shape[1],)), layer])
        model.compile(optimizer=keras.optimizers.SGD(0.0), loss=loss)
        return model.fit(x, y, batch_size=len(x), class_weight=class_weight, verbose=0).history[
            "loss"
        ][0]


class TestTensorFlow:
    def test_unweighted(self, tf: Any) -> None:
        own = losses.cross_entropy(X, ROWS, reduction="none")
        same(own, tf.nn.softmax_cross_entropy_with_logits(ROWS, X))
        own = losses.binary_cross_entropy(Z, Y, reduction="none")
        same(own, tf.nn.sigmoid_cross_entropy_with_logits(Y, Z))

    def test_pos_weight(self, tf: Any) -> None:
        own = losses.binary_cross_entropy(Z, Y, pos_weight=POSITIVE, reduction="none")
        same(own, tf.nn.weighted_cross_entropy_with_logits(Y, Z, POSITIVE))

    @pytest.mark.parametrize(
        ("own", "theirs"),
        [
            ("mean", "SUM_OVER_BATCH_SIZE"),
            ("weighted_mean", "MEAN"),
            ("nonzero_mean", "SUM_BY_NONZERO_WEIGHTS"),
            ("sum", "SUM"),
        ],
    )
    def test_weights(self, tf: Any, own: Any, theirs: str) -> None:
        old = tf.compat.v1.losses
        reduction = getattr(old.Reduction, theirs)
        loss = old.sparse_softmax_cross_entropy(INDEX, X, weights=S, reduction=reduction)
        same(losses.cross_entropy(X, INDEX, sample_weight=S, reduction=own), loss)

    def test_label_smoothing(self, tf: Any) -> None:
        old = tf.compat.v1.losses
        own = losses.cross_entropy(X, ROWS, label_smoothing=0.1)
        same(own, old.softmax_cross_entropy(ROWS, X, label_smoothing=0.1))
        own = losses.binary_cross_entropy(Z, Y, label_smoothing=0.1)
        same(own, old.sigmoid_cross_entropy(Y, Z, label_smoothing=0.1))


def test_optax() -> None:
    import optax

    own = losses.cross_entropy(X, ROWS, reduction="none", label_smoothing=0.1)
    same(own, optax.softmax_cross_entropy(X, optax.smooth_labels(ROWS, 0.1)))
    own = losses.binary_cross_entropy(Z, Y, reduction="none")
    same(own, optax.sigmoid_binary_cross_entropy(Z, Y))


def test_scikit_learn() -> None:
    from sklearn.metrics import log_loss

    p = SOFT.astype(np.float64)
    p /= p.sum(axis=1, keepdims=True)
    own = losses.cross_entropy(
        p, INDEX, form="probabilities", sample_weight=S, reduction="weighted_mean"
    )
    same(own, log_loss(INDEX, p, sample_weight=S, labels=range(CLASSES)))
