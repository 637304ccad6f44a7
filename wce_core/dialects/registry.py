"""What each dialect says of another library: the source of docs/dialects.md, every line tested.

``theirs``, ``ours`` and ``core`` are the same loss as Python expressions: a call of the library, of
the dialect, and of :mod:`wce_core.losses`. Their names: logits ``x``, probabilities ``p`` whose
rows sum to 1, class indices ``y``, rows of targets ``q`` that sum to 1, binary targets ``t``, class
weights ``w``, weights of items ``s``; ``P`` is :class:`wce_core.losses.Probabilities`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

VERSIONS = {
    "torch": "PyTorch 2.13.0",
    "keras": "Keras 3.15.1",
    "keras2": "tf-keras 2.21.0",
    "tensorflow": "TensorFlow 2.21.0",
    "optax": "optax 0.2.8",
    "onnx": "onnx 1.23.2",
    "sklearn": "scikit-learn 1.9.1",
}
"""Libraries, and the version in which everything here was measured."""


@dataclass(frozen=True)
class Fault:
    """Where a dialect differs from its library, and why."""

    library: str
    text: str


@dataclass(frozen=True)
class Dialect:
    """One function of another library."""

    library: str
    path: str
    """Under ``wce_core.dialects``."""
    formula: str
    denominator: str
    conventions: str
    theirs: str
    ours: str
    core: str
    """Empty where the function is no loss."""
    faults: tuple[str, ...] = ()


FAULTS: Mapping[str, Fault] = {
    "torch-bound-gradient": Fault(
        "torch",
        "`binary_cross_entropy` has a gradient of (p − y)/max(p(1−p), 1e-12): ±1e12 at p = 0 and "
        "1, where the derivative of the bounded logarithm is 0.",
    ),
    "torch-soft-margin-overflow": Fault(
        "torch", "`soft_margin_loss` overflows: +∞ for x = −100, y = 1 in float32; it is 100."
    ),
    "torch-ignored-nan": Fault(
        "torch", "A NaN logit in an ignored item makes its gradient NaN; it is 0."
    ),
    "torch-impossible-class": Fault(
        "torch", "Probability 0 on a logit of −∞ makes the loss NaN; 0·log 0 is 0."
    ),
    "torch-easy-negatives": Fault(
        "torch",
        "`binary_cross_entropy_with_logits` of x = −20, y = 0 is 0 in float32; it is 2.06e-9.",
    ),
    "torch-unchecked-targets": Fault(
        "torch",
        "Binary targets outside [0, 1] and negative probabilities are computed with. They are "
        "refused here, or NaN where they cannot be read.",
    ),
    "torch-weights-of-0": Fault(
        "torch", "Where Σ w_y = 0 the gradient is NaN, beside a loss of NaN; it is 0."
    ),
    "keras-mass-gradient": Fault(
        "keras",
        "`categorical_crossentropy(from_logits=True)` on TensorFlow has the gradient p − q, wrong "
        "unless q sums to 1; on JAX and PyTorch it is right.",
    ),
    "keras-smoothing-axis": Fault(
        "keras",
        "With `axis` other than the last, `label_smoothing` divides by the length of the last "
        "axis.",
    ),
    "keras-weights-not-broadcast": Fault(
        "keras",
        "`mean_with_sample_weight` divides by the sum of weights that it has not broadcast: a "
        "scalar weight of 2 multiplies a mean over 3 values by 3.",
    ),
    "keras-float32-means": Fault(
        "keras", "On PyTorch the mean of float64 losses is computed in float32."
    ),
    "keras-rounded-bound": Fault(
        "keras",
        "1 − 1e-7 is rounded in float32, so a certain mistake of the binary loss costs 15.942; "
        "−log 1e-7 is 16.118.",
    ),
    "keras-scalar-weight": Fault(
        "keras", "On PyTorch a scalar `sample_weight` beside a mask fails."
    ),
    "keras-masked-infinity": Fault(
        "keras", "The mask is multiplied: an infinite loss that it excludes becomes NaN."
    ),
    "keras-column-of-weights": Fault(
        "keras",
        'With `reduction="none"` an (N, 1) `sample_weight` makes (N, 1) of (N,) values; here the '
        "values keep their shape.",
    ),
    "keras-class-weight-rank": Fault(
        "keras", "`fit(class_weight=…)` fails for arrays of targets of rank 3 and more."
    ),
    "keras-sparse-on-tensorflow": Fault(
        "keras",
        "`sparse_categorical_crossentropy` of probabilities on TensorFlow bounds them before it "
        "divides by the sum, elsewhere after it.",
    ),
    "keras2-rounded-bound": Fault(
        "keras2",
        "1 − 1e-7 is rounded in float32, so a certain mistake costs 15.3332; −log 2e-7 is 15.4249.",
    ),
    "keras2-mass-gradient": Fault(
        "keras2",
        "`categorical_crossentropy(from_logits=True)` has TensorFlow's gradient p − q, wrong "
        "unless q sums to 1.",
    ),
    "tensorflow-mass-gradient": Fault(
        "tensorflow",
        "`softmax_cross_entropy_with_logits` has the gradient p − q; it is (Σ q)·p − q.",
    ),
    "tensorflow-logit-of-0": Fault(
        "tensorflow",
        "`weighted_cross_entropy_with_logits` has a wrong gradient at a logit of 0: 0 for y = 1 "
        "with pos_weight = 3; it is −1.5.",
    ),
    "tensorflow-float32-reductions": Fault(
        "tensorflow", "`compat.v1.losses` compute their reductions in float32 whatever the dtype."
    ),
    "tensorflow-impossible-class": Fault(
        "tensorflow", "Mass 0 on a logit of −∞ makes the dense loss NaN; 0·log 0 is 0."
    ),
    "optax-label-of-minus-1": Fault(
        "optax", "The label −1 is the last class; here it is refused, or NaN where it is not read."
    ),
    "optax-offset": Fault(
        "optax",
        "`softmax_cross_entropy_with_integer_labels` loses a shared offset: logits 1e8 cost 0 for "
        "three classes in float32; it is log 3.",
    ),
    "optax-excluded-label": Fault(
        "optax",
        "A label whose class `where` excludes costs logsumexp − x of that class, which may be "
        "negative; here +∞.",
    ),
    "optax-impossible-class": Fault(
        "optax",
        "Mass 0 on a logit of −∞ makes `softmax_cross_entropy` NaN; `safe_softmax_cross_entropy` "
        "is right.",
    ),
    "onnx-ignored-minus-1": Fault(
        "onnx",
        "The reference evaluator's `NegativeLogLikelihoodLoss` without weights counts labels equal "
        "to `ignore_index=-1` in the mean.",
    ),
    "onnx-log-of-softmax": Fault(
        "onnx", "The reference evaluator takes log(softmax): +∞ for logits (0, 200); it is 200."
    ),
    "sklearn-remembered-labels": Fault(
        "sklearn",
        "`HalfMultinomialLossArrayAPI` keeps the labels of its first call for every later one.",
    ),
}
"""The one list of differences between a dialect and its library, by name."""


_TORCH = (
    Dialect(
        "torch",
        "torch.cross_entropy",
        "indices: −(1−ε)·w_y log p_y − (ε/C)·Σ_k w_k log p_k; rows: −Σ_k w_k q_k log p_k with "
        "q ← (1−ε)q + ε/C",
        "indices: Σ w_y of labels that are not ignored, unsmoothed; rows: N",
        "classes along axis 1; a mean of nothing is NaN with gradient 0; negative weights",
        "F.cross_entropy(x, y, weight=w)",
        "dialects.torch.cross_entropy(x, y, weight=w)",
        "losses.cross_entropy(x, y, class_weight=w, axis=1, "
        'reduction="weighted_mean", empty="nan")',
        (
            "torch-ignored-nan",
            "torch-impossible-class",
            "torch-weights-of-0",
            "torch-unchecked-targets",
        ),
    ),
    Dialect(
        "torch",
        "torch.nll_loss",
        "−w_y x_y of log-probabilities x",
        "Σ w_y of labels that are not ignored",
        "as cross_entropy of indices; x is not checked",
        "F.nll_loss(log(p), y, weight=w)",
        "dialects.torch.nll_loss(log(p), y, weight=w)",
        'losses.cross_entropy(log(p), y, class_weight=w, axis=1, form="log_probabilities", '
        'reduction="weighted_mean", empty="nan")',
    ),
    Dialect(
        "torch",
        "torch.binary_cross_entropy",
        "−w·(y max(log p, −100) + (1−y) max(log(1−p), −100))",
        "number of elements",
        "w is broadcast from the right; logarithms ≥ −100",
        "F.binary_cross_entropy(p, t, weight=w)",
        "dialects.torch.binary_cross_entropy(p, t, weight=w)",
        "losses.binary_cross_entropy(p, t, sample_weight=w[None, :], form=P(floor=-100.0))",
        ("torch-bound-gradient", "torch-unchecked-targets"),
    ),
    Dialect(
        "torch",
        "torch.binary_cross_entropy_with_logits",
        "w·(pos_weight·y·softplus(−x) + (1−y)·softplus(x))",
        "number of elements",
        "weight and pos_weight are broadcast from the right",
        "F.binary_cross_entropy_with_logits(x, t, pos_weight=w)",
        "dialects.torch.binary_cross_entropy_with_logits(x, t, pos_weight=w)",
        "losses.binary_cross_entropy(x, t, pos_weight=w)",
        ("torch-easy-negatives", "torch-unchecked-targets"),
    ),
    Dialect(
        "torch",
        "torch.multilabel_soft_margin_loss",
        "(1/C) Σ_c w_c (y_c softplus(−x_c) + (1−y_c) softplus(x_c))",
        "number of rows",
        "labels along the last axis; w is broadcast from the right",
        "F.multilabel_soft_margin_loss(x, t, weight=w)",
        "dialects.torch.multilabel_soft_margin_loss(x, t, weight=w)",
        "losses.binary_cross_entropy(x, t, sample_weight=w[None, :])",
        ("torch-unchecked-targets",),
    ),
    Dialect(
        "torch",
        "torch.soft_margin_loss",
        "log(1 + exp(−y x)), y = ±1",
        "number of elements",
        "other targets are refused",
        "F.soft_margin_loss(x, 2 * t - 1)",
        "dialects.torch.soft_margin_loss(x, 2 * t - 1)",
        "losses.binary_cross_entropy(x, t)",
        ("torch-soft-margin-overflow",),
    ),
)

_KERAS = (
    Dialect(
        "keras",
        "keras.binary_crossentropy",
        "mean along axis of −y log p − (1−y) log(1−p), y ← (1−ε)y + ε/2",
        "none: a value per row",
        "p bounded to [1e-7, 1 − 1e-7], gradient 0 beyond",
        "keras.losses.binary_crossentropy(t, p)",
        "dialects.keras.binary_crossentropy(t, p)",
        'losses.binary_cross_entropy(p, t, clip=1e-7, reduction="none", form="probabilities")'
        ".mean(-1)",
        ("keras-float32-means", "keras-rounded-bound"),
    ),
    Dialect(
        "keras",
        "keras.categorical_crossentropy",
        "−Σ_k q_k log p_k, q ← (1−ε)q + ε/C",
        "none: a value per row",
        "p divided by its sum, then bounded to [1e-7, 1 − 1e-7]",
        "keras.losses.categorical_crossentropy(q, p)",
        "dialects.keras.categorical_crossentropy(q, p)",
        'losses.cross_entropy(p, q, form=P(clip=1e-7, normalize="before"), reduction="none")',
        ("keras-mass-gradient", "keras-smoothing-axis"),
    ),
    Dialect(
        "keras",
        "keras.sparse_categorical_crossentropy",
        "−log p_y; 0 where y = ignore_class",
        "none: a value per label",
        "as categorical_crossentropy; labels may be floats, with a last axis of length 1",
        "keras.losses.sparse_categorical_crossentropy(y, p)",
        "dialects.keras.sparse_categorical_crossentropy(y, p)",
        'losses.cross_entropy(p, y, form=P(clip=1e-7, normalize="before"), reduction="none")',
        ("keras-sparse-on-tensorflow",),
    ),
    Dialect(
        "keras",
        "keras.BinaryCrossentropy",
        "s·v of the values v of binary_crossentropy",
        "number of values that the mask keeps, whatever s is; mean_with_sample_weight: Σ s",
        "a mean of nothing is 0",
        "keras.losses.BinaryCrossentropy()(t, p, sample_weight=s)",
        "dialects.keras.BinaryCrossentropy()(t, p, sample_weight=s)",
        'losses.binary_cross_entropy(p, t, sample_weight=s, form="probabilities", clip=1e-7)',
        (
            "keras-weights-not-broadcast",
            "keras-scalar-weight",
            "keras-masked-infinity",
            "keras-column-of-weights",
        ),
    ),
    Dialect(
        "keras",
        "keras.CategoricalCrossentropy",
        "s·v of the values v of categorical_crossentropy",
        "as BinaryCrossentropy",
        "as BinaryCrossentropy",
        "keras.losses.CategoricalCrossentropy(from_logits=True)(q, x, sample_weight=s)",
        "dialects.keras.CategoricalCrossentropy(from_logits=True)(q, x, sample_weight=s)",
        "losses.cross_entropy(x, q, sample_weight=s)",
        ("keras-mass-gradient", "keras-masked-infinity"),
    ),
    Dialect(
        "keras",
        "keras.SparseCategoricalCrossentropy",
        "s·v of the values v of sparse_categorical_crossentropy",
        "as BinaryCrossentropy; labels of ignore_class are masked",
        "as BinaryCrossentropy",
        "keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=0)(y, x)",
        "dialects.keras.SparseCategoricalCrossentropy(from_logits=True, ignore_class=0)(y, x)",
        "losses.cross_entropy(x, y, ignore_index=0)",
        ("keras-sparse-on-tensorflow", "keras-masked-infinity"),
    ),
    Dialect(
        "keras",
        "keras.sample_weight_from_class_weight",
        "the weight of the class of each item, 1 if it is not named",
        "none",
        "rows count as their largest entry, floats are rounded, of any rank",
        "class_weight_to_sample_weights(y, {0: 2.0})",
        "dialects.keras.sample_weight_from_class_weight(y, {0: 2.0})",
        "",
        ("keras-class-weight-rank",),
    ),
)

_KERAS2 = (
    Dialect(
        "keras2",
        "keras2.binary_crossentropy",
        "mean along axis of −y log(p + 1e-7) − (1−y) log(1 − p + 1e-7), y ← (1−ε)y + ε/2",
        "none: a value per row",
        "p bounded to [1e-7, 1 − 1e-7] first: both",
        "tf_keras.losses.binary_crossentropy(t, p)",
        "dialects.keras2.binary_crossentropy(t, p)",
        'losses.binary_cross_entropy(p, t, form=P(clip=1e-7, offset=1e-7), reduction="none")'
        ".mean(-1)",
        ("keras2-rounded-bound",),
    ),
    Dialect(
        "keras2",
        "keras2.categorical_crossentropy",
        "−Σ_k q_k log p_k, q ← (1−ε)q + ε/C",
        "none: a value per row",
        "p divided by its sum, then bounded to [1e-7, 1 − 1e-7]; nothing added",
        "tf_keras.losses.categorical_crossentropy(q, p)",
        "dialects.keras2.categorical_crossentropy(q, p)",
        'losses.cross_entropy(p, q, form=P(clip=1e-7, normalize="before"), reduction="none")',
        ("keras2-mass-gradient",),
    ),
    Dialect(
        "keras2",
        "keras2.sparse_categorical_crossentropy",
        "−log p_y; 0 where y = ignore_class",
        "none: a value per label",
        "p bounded to [1e-7, 1 − 1e-7], then divided by its sum",
        "tf_keras.losses.sparse_categorical_crossentropy(y, p)",
        "dialects.keras2.sparse_categorical_crossentropy(y, p)",
        'losses.cross_entropy(p, y, form=P(clip=1e-7, normalize="after"), reduction="none")',
    ),
    Dialect(
        "keras2",
        "keras2.weighted",
        "w·v·m of item losses v",
        "number of w ≠ 0; with a mask times mean(m) + 1e-7",
        "weights and a mask divide twice; all weights 0 is NaN",
        "weighted_masked_objective(tf_keras.losses.binary_crossentropy)(t, p, s)",
        "dialects.keras2.weighted(dialects.keras2.binary_crossentropy)(t, p, s)",
        "losses.binary_cross_entropy(p, t, sample_weight=s, form=P(clip=1e-7, offset=1e-7), "
        'reduction="nonzero_mean")',
    ),
)

_TENSORFLOW = (
    Dialect(
        "tensorflow",
        "tf.nn.weighted_cross_entropy_with_logits",
        "pos_weight·y·softplus(−x) + (1−y)·softplus(x)",
        "none: item losses",
        "pos_weight is broadcast from the right",
        "tf.nn.weighted_cross_entropy_with_logits(t, x, w)",
        "dialects.tf.nn.weighted_cross_entropy_with_logits(t, x, w)",
        'losses.binary_cross_entropy(x, t, pos_weight=w, reduction="none")',
        ("tensorflow-logit-of-0",),
    ),
    Dialect(
        "tensorflow",
        "tf.nn.sigmoid_cross_entropy_with_logits",
        "y·softplus(−x) + (1−y)·softplus(x)",
        "none: item losses",
        "",
        "tf.nn.sigmoid_cross_entropy_with_logits(t, x)",
        "dialects.tf.nn.sigmoid_cross_entropy_with_logits(t, x)",
        'losses.binary_cross_entropy(x, t, reduction="none")',
    ),
    Dialect(
        "tensorflow",
        "tf.nn.softmax_cross_entropy_with_logits",
        "−Σ_k q_k log p_k",
        "none: item losses",
        "rows of any sum",
        "tf.nn.softmax_cross_entropy_with_logits(q, x)",
        "dialects.tf.nn.softmax_cross_entropy_with_logits(q, x)",
        'losses.cross_entropy(x, q, reduction="none")',
        ("tensorflow-mass-gradient", "tensorflow-impossible-class"),
    ),
    Dialect(
        "tensorflow",
        "tf.nn.sparse_softmax_cross_entropy_with_logits",
        "−log p_y",
        "none: item losses",
        "classes along the last axis",
        "tf.nn.sparse_softmax_cross_entropy_with_logits(y, x)",
        "dialects.tf.nn.sparse_softmax_cross_entropy_with_logits(y, x)",
        'losses.cross_entropy(x, y, reduction="none")',
    ),
    Dialect(
        "tensorflow",
        "tf.compat.v1.losses.sigmoid_cross_entropy",
        "w·(y·softplus(−x) + (1−y)·softplus(x)), y ← (1−ε)y + ε/2",
        "number of w ≠ 0, w broadcast; or by `reduction`",
        "w scalar, or of the items' rank; 0 over 0 is 0",
        "v1.sigmoid_cross_entropy(t, x, s[:, None])",
        "dialects.tf.compat.v1.losses.sigmoid_cross_entropy(t, x, s[:, None])",
        'losses.binary_cross_entropy(x, t, sample_weight=s, reduction="nonzero_mean")',
        ("tensorflow-float32-reductions",),
    ),
    Dialect(
        "tensorflow",
        "tf.compat.v1.losses.softmax_cross_entropy",
        "−w·Σ_k q_k log p_k, q ← (1−ε)q + ε/C",
        "number of w ≠ 0, or by `reduction`",
        "no gradient to the labels",
        "v1.softmax_cross_entropy(q, x, s)",
        "dialects.tf.compat.v1.losses.softmax_cross_entropy(q, x, s)",
        'losses.cross_entropy(x, q, sample_weight=s, reduction="nonzero_mean")',
        ("tensorflow-mass-gradient", "tensorflow-float32-reductions"),
    ),
    Dialect(
        "tensorflow",
        "tf.compat.v1.losses.sparse_softmax_cross_entropy",
        "−w·log p_y",
        "number of w ≠ 0, or by `reduction`",
        "labels and weights may have a last axis of length 1",
        'v1.sparse_softmax_cross_entropy(y, x, s, reduction="weighted_mean")',
        "dialects.tf.compat.v1.losses.sparse_softmax_cross_entropy("
        'y, x, s, reduction="weighted_mean")',
        'losses.cross_entropy(x, y, sample_weight=s, reduction="weighted_mean")',
        ("tensorflow-float32-reductions",),
    ),
    Dialect(
        "tensorflow",
        "tf.compat.v1.losses.log_loss",
        "w·(−y log(p + ε) − (1−y) log(1 − p + ε))",
        "number of w ≠ 0, or by `reduction`",
        "ε = 1e-7, nothing is clipped",
        "v1.log_loss(t, p)",
        "dialects.tf.compat.v1.losses.log_loss(t, p)",
        "losses.binary_cross_entropy(p, t, form=P(offset=1e-7))",
        ("tensorflow-float32-reductions",),
    ),
    Dialect(
        "tensorflow",
        "tf.compat.v1.losses.compute_weighted_loss",
        "w·v of given losses v",
        "NONE; SUM: 1; MEAN: Σ w; SUM_OVER_BATCH_SIZE: number of v; default: number of w ≠ 0",
        "w scalar, or of the rank of v",
        "v1.compute_weighted_loss(s, s)",
        "dialects.tf.compat.v1.losses.compute_weighted_loss(s, s)",
        "",
        ("tensorflow-float32-reductions",),
    ),
)

_OPTAX = (
    Dialect(
        "optax",
        "optax.softmax_cross_entropy",
        "−Σ_k q_k log p_k over the classes that `where` keeps",
        "none: item losses",
        "one or more class axes; a row without classes costs 0",
        "optax.losses.softmax_cross_entropy(x, q)",
        "dialects.optax.softmax_cross_entropy(x, q)",
        'losses.cross_entropy(x, q, reduction="none")',
        ("optax-impossible-class",),
    ),
    Dialect(
        "optax",
        "optax.softmax_cross_entropy_with_integer_labels",
        "−log p_y",
        "none: item losses",
        "several axes: the label counts through them",
        "optax.losses.softmax_cross_entropy_with_integer_labels(x, y)",
        "dialects.optax.softmax_cross_entropy_with_integer_labels(x, y)",
        'losses.cross_entropy(x, y, reduction="none")',
        ("optax-label-of-minus-1", "optax-offset", "optax-excluded-label"),
    ),
    Dialect(
        "optax",
        "optax.safe_softmax_cross_entropy",
        "−Σ_k q_k log p_k, 0·log 0 = 0",
        "none: item losses",
        "labels are broadcast",
        "optax.losses.safe_softmax_cross_entropy(x, q)",
        "dialects.optax.safe_softmax_cross_entropy(x, q)",
        'losses.cross_entropy(x, q, reduction="none")',
    ),
    Dialect(
        "optax",
        "optax.sigmoid_binary_cross_entropy",
        "y·softplus(−x) + (1−y)·softplus(x)",
        "none: item losses",
        "labels are broadcast",
        "optax.losses.sigmoid_binary_cross_entropy(x, t)",
        "dialects.optax.sigmoid_binary_cross_entropy(x, t)",
        'losses.binary_cross_entropy(x, t, reduction="none")',
    ),
    Dialect(
        "optax",
        "optax.smooth_labels",
        "(1−α)q + α/C",
        "none",
        "C counts what `where` keeps",
        "optax.losses.smooth_labels(q, 0.1)",
        "dialects.optax.smooth_labels(q, 0.1)",
        "",
    ),
)

_ONNX = (
    Dialect(
        "onnx",
        "onnx.softmax_cross_entropy_loss",
        "−w_y log softmax(x)_y; 0 where y = ignore_index",
        "Σ w_y of labels that are not ignored",
        "classes along axis 1; NaN over nothing; log_prob as a second output",
        'onnx("SoftmaxCrossEntropyLoss", x, y, w)',
        "dialects.onnx.softmax_cross_entropy_loss(x, y, w)",
        "losses.cross_entropy(x, y, class_weight=w, axis=1, "
        'reduction="weighted_mean", empty="nan")',
        ("onnx-log-of-softmax",),
    ),
    Dialect(
        "onnx",
        "onnx.negative_log_likelihood_loss",
        "−w_y x_y of log-probabilities x",
        "Σ w_y of labels that are not ignored",
        "as SoftmaxCrossEntropyLoss",
        'onnx("NegativeLogLikelihoodLoss", log(p), y, w)',
        "dialects.onnx.negative_log_likelihood_loss(log(p), y, w)",
        'losses.cross_entropy(log(p), y, class_weight=w, axis=1, form="log_probabilities", '
        'reduction="weighted_mean", empty="nan")',
        ("onnx-ignored-minus-1",),
    ),
)

_SKLEARN = (
    Dialect(
        "sklearn",
        "sklearn.log_loss",
        "−s·log p_y",
        "Σ s",
        "p bounded to [eps, 1 − eps] of its dtype; columns in the order of sorted labels",
        "sklearn.metrics.log_loss(y, p, sample_weight=s, labels=[0, 1, 2])",
        "dialects.sklearn.log_loss(y, p, sample_weight=s, labels=[0, 1, 2])",
        'losses.cross_entropy(p, y, sample_weight=s, form="probabilities", clip=2.0**-52, '
        'reduction="weighted_mean")',
    ),
    Dialect(
        "sklearn",
        "sklearn.compute_class_weight",
        "balanced: Σ s / (K Σ s_k); a mapping, 1 for what it does not name",
        "none",
        "a class that y lacks is refused",
        'sklearn.utils.class_weight.compute_class_weight("balanced", classes=y[:2], y=y[:2])',
        'dialects.sklearn.compute_class_weight("balanced", classes=y[:2], y=y[:2])',
        "",
    ),
    Dialect(
        "sklearn",
        "sklearn.compute_sample_weight",
        "the weight of each sample's class",
        "none",
        "columns of y multiply: multi-label weights do not stay with their labels",
        'sklearn.utils.class_weight.compute_sample_weight("balanced", y)',
        'dialects.sklearn.compute_sample_weight("balanced", y)',
        "",
    ),
    Dialect(
        "sklearn",
        "sklearn.HalfBinomialLoss",
        "s·(log(1 + e^x) − y x); gradient s·(p − y), second derivative s·p(1−p)",
        "Σ s when called; none for `loss`",
        "rank 1",
        "sklearn._loss.HalfBinomialLoss()(t[:, 0].copy(), x[:, 0].copy(), s)",
        "dialects.sklearn.HalfBinomialLoss()(t[:, 0], x[:, 0], s)",
        'losses.binary_cross_entropy(x[:, 0], t[:, 0], sample_weight=s, reduction="weighted_mean")',
    ),
    Dialect(
        "sklearn",
        "sklearn.HalfMultinomialLoss",
        "−s·log softmax(x)_y; gradient s·(p_k − [k = y]), second derivative's diagonal "
        "s·p_k(1−p_k)",
        "Σ s when called; none for `loss`",
        "labels may be floats",
        "sklearn._loss.HalfMultinomialLoss(n_classes=3)(y.astype(float), x, s)",
        "dialects.sklearn.HalfMultinomialLoss(n_classes=3)(y, x, s)",
        'losses.cross_entropy(x, y, sample_weight=s, reduction="weighted_mean")',
        ("sklearn-remembered-labels",),
    ),
)

DIALECTS: tuple[Dialect, ...] = (
    *_TORCH,
    *_KERAS,
    *_KERAS2,
    *_TENSORFLOW,
    *_OPTAX,
    *_ONNX,
    *_SKLEARN,
)
"""Every function, library by library."""
