"""The same loss in several libraries: the migration table of docs/dialects.md, every cell tested.

Expressions and their names are those of :mod:`wce_core.dialects.registry`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Migration:
    """One loss; a library that says it in no single expression is absent."""

    task: str
    core: str
    libraries: Mapping[str, str]


MIGRATIONS: tuple[Migration, ...] = (
    Migration(
        "class indices, item losses",
        'losses.cross_entropy(x, y, reduction="none")',
        {
            "torch": 'F.cross_entropy(x, y, reduction="none")',
            "keras": "keras.losses.sparse_categorical_crossentropy(y, x, from_logits=True)",
            "tensorflow": "tf.nn.sparse_softmax_cross_entropy_with_logits(y, x)",
            "optax": "optax.losses.softmax_cross_entropy_with_integer_labels(x, y)",
        },
    ),
    Migration(
        "class indices, mean",
        "losses.cross_entropy(x, y)",
        {
            "torch": "F.cross_entropy(x, y)",
            "keras": "keras.losses.SparseCategoricalCrossentropy(from_logits=True)(y, x)",
            "tensorflow": "v1.sparse_softmax_cross_entropy(y, x)",
            "optax": "optax.losses.softmax_cross_entropy_with_integer_labels(x, y).mean()",
        },
    ),
    Migration(
        "class weights, Σ w_y ℓ / Σ w_y",
        'losses.cross_entropy(x, y, class_weight=w, reduction="weighted_mean")',
        {
            "torch": "F.cross_entropy(x, y, weight=w)",
            "keras": "keras.losses.SparseCategoricalCrossentropy(from_logits=True, "
            'reduction="mean_with_sample_weight")(y, x, sample_weight=w[y])',
            "tensorflow": "v1.sparse_softmax_cross_entropy(y, x, tf.gather(w, y), "
            "reduction=v1.Reduction.MEAN)",
            "optax": "(w[y] * optax.losses.softmax_cross_entropy_with_integer_labels(x, y)).sum() "
            "/ w[y].sum()",
        },
    ),
    Migration(
        "class weights, Σ w_y ℓ / N",
        "losses.cross_entropy(x, y, class_weight=w)",
        {
            "torch": 'F.cross_entropy(x, y, weight=w, reduction="none").mean()',
            "keras": "keras.losses.SparseCategoricalCrossentropy(from_logits=True)("
            "y, x, sample_weight=w[y])",
            "tensorflow": "v1.sparse_softmax_cross_entropy(y, x, tf.gather(w, y), "
            "reduction=v1.Reduction.SUM_OVER_BATCH_SIZE)",
            "optax": "(w[y] * optax.losses.softmax_cross_entropy_with_integer_labels(x, y)).mean()",
        },
    ),
    Migration(
        "sample weights, Σ s ℓ / Σ s",
        'losses.cross_entropy(x, y, sample_weight=s, reduction="weighted_mean")',
        {
            "torch": '(s * F.cross_entropy(x, y, reduction="none")).sum() / s.sum()',
            "keras": "keras.losses.SparseCategoricalCrossentropy(from_logits=True, "
            'reduction="mean_with_sample_weight")(y, x, sample_weight=s)',
            "tensorflow": "v1.sparse_softmax_cross_entropy(y, x, s, reduction=v1.Reduction.MEAN)",
            "optax": "(s * optax.losses.softmax_cross_entropy_with_integer_labels(x, y)).sum() "
            "/ s.sum()",
            "sklearn": "sklearn._loss.HalfMultinomialLoss(n_classes=3)(y.astype(float), x, s)",
        },
    ),
    Migration(
        "sample weights, Σ s ℓ / #(s ≠ 0)",
        'losses.cross_entropy(x, y, sample_weight=s, reduction="nonzero_mean")',
        {
            "torch": '(s * F.cross_entropy(x, y, reduction="none")).sum() / (s != 0).sum()',
            "tensorflow": "v1.sparse_softmax_cross_entropy(y, x, s)",
            "optax": "(s * optax.losses.softmax_cross_entropy_with_integer_labels(x, y)).sum() "
            "/ (s != 0).sum()",
        },
    ),
    Migration(
        "label 0 ignored, mean of the others",
        "losses.cross_entropy(x, y, ignore_index=0)",
        {
            "torch": "F.cross_entropy(x, y, ignore_index=0)",
            "keras": "keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=0)("
            "y, x)",
            "tensorflow": "v1.sparse_softmax_cross_entropy(y, x, tf.cast(y != 0, x.dtype))",
            "optax": "optax.losses.softmax_cross_entropy_with_integer_labels(x, y, where=y != 0)"
            ".sum() / (y != 0).sum()",
            "onnx": 'onnx("SoftmaxCrossEntropyLoss", x, y, ignore_index=0)',
        },
    ),
    Migration(
        "rows of targets, label smoothing, mean",
        "losses.cross_entropy(x, q, label_smoothing=0.1)",
        {
            "torch": "F.cross_entropy(x, q, label_smoothing=0.1)",
            "keras": "keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)("
            "q, x)",
            "tensorflow": "v1.softmax_cross_entropy(q, x, label_smoothing=0.1)",
            "optax": "optax.losses.softmax_cross_entropy(x, optax.losses.smooth_labels(q, 0.1))"
            ".mean()",
        },
    ),
    Migration(
        "binary or multi-label from logits, mean",
        "losses.binary_cross_entropy(x, t)",
        {
            "torch": "F.binary_cross_entropy_with_logits(x, t)",
            "keras": "keras.losses.BinaryCrossentropy(from_logits=True)(t, x)",
            "tensorflow": "v1.sigmoid_cross_entropy(t, x)",
            "optax": "optax.losses.sigmoid_binary_cross_entropy(x, t).mean()",
        },
    ),
    Migration(
        "a weight for the positives of each label, mean",
        "losses.binary_cross_entropy(x, t, pos_weight=w)",
        {
            "torch": "F.binary_cross_entropy_with_logits(x, t, pos_weight=w)",
            "tensorflow": "tf.reduce_mean(tf.nn.weighted_cross_entropy_with_logits(t, x, w))",
            "optax": "(optax.losses.sigmoid_binary_cross_entropy(x, t) * (1 + (w - 1) * t)).mean()",
        },
    ),
    Migration(
        "binary from probabilities, mean",
        'losses.binary_cross_entropy(p, t, form="probabilities")',
        {
            "torch": "F.binary_cross_entropy(p, t)",
            "keras": "keras.losses.BinaryCrossentropy()(t, p)",
            "tensorflow": "v1.log_loss(t, p, epsilon=0.0)",
        },
    ),
    Migration(
        "class indices from probabilities, mean",
        'losses.cross_entropy(p, y, form="probabilities")',
        {
            "torch": "F.nll_loss(log(p), y)",
            "keras": "keras.losses.SparseCategoricalCrossentropy()(y, p)",
            "onnx": 'onnx("NegativeLogLikelihoodLoss", log(p), y)',
            "sklearn": "sklearn.metrics.log_loss(y, p, labels=[0, 1, 2])",
        },
    ),
)
