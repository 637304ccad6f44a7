"""Cross-entropy of a linear layer in TensorFlow: eager, in graphs of unknown length, by XLA."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from wce_backends.tensorflow import backend
from wce_core.losses import cross_entropy, linear_cross_entropy

ITEMS, WIDTH, CLASSES = (3, 7), 5, 11
RNG = np.random.default_rng(0)
SHAPES = ((*ITEMS, WIDTH), (CLASSES, WIDTH), (CLASSES,), (CLASSES,), ITEMS)
OWN = tuple(tf.constant(RNG.random(size=shape) - 0.2, tf.float32) for shape in SHAPES[:3])
WEIGHTS = tuple(tf.constant(RNG.random(size=shape), tf.float32) for shape in SHAPES[3:])
LABELS = tf.constant(np.arange(21).reshape(ITEMS) % CLASSES)
MASS = tf.constant(RNG.random((*ITEMS, CLASSES)), tf.float32)
FACTORS = tf.reshape(tf.range(21.0), ITEMS)


def number(loss: Any) -> Any:
    if isinstance(loss, tuple):
        return loss.weighted_mean() * 3.0
    return tf.reduce_sum(loss * FACTORS) if loss.shape.rank else loss * 2.0


def gradients(loss: Any, targets: Any, own: Any, weights: Any, **options: Any) -> Any:
    watched = [*own, *weights, *([targets] if targets.dtype.is_floating else [])]
    with tf.GradientTape() as tape:
        tape.watch(watched)
        given = {"class_weight": weights[0], "sample_weight": weights[1], **options}
        value = number(loss(*own, targets, **given))
    return [value, *tape.gradient(value, watched)]


def of_logits(hidden: Any, weight: Any, bias: Any, targets: Any, **options: Any) -> Any:
    return cross_entropy(tf.einsum("btd,vd->btv", hidden, weight) + bias, targets, **options)


def in_chunks(hidden: Any, weight: Any, bias: Any, targets: Any, **options: Any) -> Any:
    return linear_cross_entropy(hidden, weight, targets, bias=bias, chunk_bytes=300, **options)


def open_items(array: Any) -> Any:
    """A tensor of which tracing knows the rank and the width."""
    shape = array.shape.as_list()
    open_ones = shape[:2] == list(ITEMS)
    return tf.TensorSpec([None, None, *shape[2:]] if open_ones else shape, array.dtype)


@pytest.mark.parametrize(
    ("mode", "dense", "reductions"),
    [
        ("eager", False, ("weighted_mean", "none", "parts")),
        ("eager", True, ("none",)),
        ("open", False, ("weighted_mean",)),
        ("open", True, ("none",)),
        ("graph by XLA", False, ("parts",)),
        ("jit", False, ("none",)),
    ],
)
def test_gradients_of_all_inputs(
    mode: str, dense: bool, reductions: tuple[str, ...], monkeypatch: Any
) -> None:
    targets = MASS if dense else LABELS
    if mode == "graph by XLA":
        monkeypatch.setattr(backend, "LARGE", 0)
    for reduction in reductions:

        def loss(targets: Any, own: Any, weights: Any, reduction: str = reduction) -> Any:
            return gradients(in_chunks, targets, own, weights, reduction=reduction)

        arguments = (targets, OWN, WEIGHTS)
        if mode == "open":
            signature = tf.nest.map_structure(open_items, arguments)
            loss = tf.function(loss, input_signature=signature)
        elif mode != "eager":
            loss = tf.function(loss, jit_compile=mode == "jit")
        expected = gradients(of_logits, *arguments, reduction=reduction)
        for found, other in zip(loss(*arguments), expected, strict=True):
            scale = float(tf.reduce_max(tf.abs(other)))
            assert float(tf.reduce_max(tf.abs(found - other))) <= 4e-6 * scale


def test_second_derivatives_are_refused_in_words() -> None:
    hidden = OWN[0]
    with tf.GradientTape() as outer:
        outer.watch(hidden)
        with tf.GradientTape() as inner:
            inner.watch(hidden)
            loss = linear_cross_entropy(hidden, OWN[1], LABELS)
        slopes = inner.gradient(loss, hidden)
    with pytest.raises(NotImplementedError, match="use cross_entropy of all logits"):  # no silent 0
        outer.gradient(slopes, hidden)


def test_a_nan_in_an_excluded_row_reaches_nothing() -> None:
    mask = tf.constant(np.arange(21).reshape(ITEMS) % 4 > 0)
    hidden = tf.where(mask[..., None], OWN[0], np.nan)
    for options in ({}, {"label_smoothing": 0.1}, {"reduction": "none"}):
        for run in (gradients, tf.function(gradients, autograph=False)):
            loss = in_chunks
            found = run(loss, LABELS, (hidden, *OWN[1:]), WEIGHTS, mask=mask, **options)
            assert all(bool(tf.reduce_all(tf.math.is_finite(each))) for each in found)
