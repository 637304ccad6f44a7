"""Cross-entropy of two classes, for one label or for many."""

from __future__ import annotations

from typing import Any, Literal, Never, Unpack, overload

from numpy.typing import NDArray

from wce_core.call.parts import LossParts
from wce_core.call.run import evaluate
from wce_core.compilers import do_not_convert
from wce_core.evaluation.options import Options
from wce_core.formulas.links import Logits, Probabilities
from wce_core.formulas.terms import NEGATIVE_LOG_LIKELIHOOD
from wce_core.types import (
    Array,
    ClassWeight,
    Empty,
    Form,
    Precision,
    Reduction,
    SoftWeighting,
)

from .signatures import (
    ArrayT,
    Binary,
    Numbers,
    Scalar,
    ToArray,
    ToNumber,
)


@overload
def binary_cross_entropy(predictions: Never, targets: Array, **rest: Unpack[Binary]) -> Any: ...


@overload
def binary_cross_entropy(
    predictions: Any, targets: Array, *, reduction: Literal["parts"], **rest: Unpack[Binary]
) -> LossParts: ...


@overload
def binary_cross_entropy(
    predictions: Numbers, targets: Array, *, reduction: Literal["none"], **rest: Unpack[Binary]
) -> NDArray[Any]: ...


@overload
def binary_cross_entropy(
    predictions: Numbers, targets: Array, *, reduction: ToNumber = "mean", **rest: Unpack[Binary]
) -> Scalar: ...


@overload
def binary_cross_entropy(
    predictions: ArrayT, targets: Array, *, reduction: ToArray = "mean", **rest: Unpack[Binary]
) -> ArrayT: ...


@overload
def binary_cross_entropy(
    predictions: Any, targets: Array, *, reduction: Reduction, **rest: Unpack[Binary]
) -> Any: ...


@do_not_convert
def binary_cross_entropy(
    predictions: Array,
    targets: Array,
    *,
    class_weight: ClassWeight | None = None,
    pos_weight: Any = None,
    sample_weight: Array | None = None,
    mask: Array | None = None,
    ignore_index: float | None = None,
    label_smoothing: float = 0.0,
    soft_weighting: SoftWeighting = "per_class",
    negative_weights: bool = False,
    axis: int | None = None,
    form: Form | Probabilities | Logits = "logits",
    clip: float | None = None,
    reduction: Reduction = "mean",
    normalizer: Any = None,
    empty: Empty = "zero",
    precision: Precision = "native",
    dtype: Any = None,
    validate: bool | None = None,
) -> Any:
    """Weighted cross-entropy of two classes, for one label or for many.

    Every element is an item. With its target y in [0, 1], smoothed if asked for, its logit z, the
    weights w₀ and w₁ of the classes, and s the product of all weights of the item as a whole,

        ℓ = s·(w₁·y·softplus(−z) + w₀·(1−y)·softplus(z)),     ω = s·(w₁·y + w₀·(1−y)),

    are its loss and its effective weight. The gradient to z is ω·σ(z) − s·w₁·y.

    Parameters
    ----------
    predictions
        A floating array: logits, or what ``form`` says, of class 1. Lists of numbers become NumPy
        float64. Its framework computes, and gets the result.
    targets
        y, in the predictions' shape: 0 and 1 as integers or booleans, or any number in [0, 1].
    class_weight
        (w₀, w₁) or ``{0: w0, 1: w1}``; or an (L, 2) array, a row (w₀, w₁) for each of L labels. Or
        ``"balanced"``: w₀ = n/(K·n₀) and w₁ = n/(K·n₁) of this batch, whatever is in it, with
        n₁ = Σy and n₀ = Σ(1 − y) of all elements that are not excluded, n their number, and K = 2,
        or 1 where one class does not occur, which has weight 0. Most who ask for it want the
        weights of their data set: :func:`wce_core.class_weights.class_weights`.
    pos_weight
        A factor on w₁: a scalar, an (L,) array, one per label, or an array of the predictions'
        rank with each axis equal or 1; beside rank 1, where items have no labels, only (1,).
    sample_weight
        A factor in s, per item: its shape is a prefix of the predictions' shape, or has their rank
        with each axis equal or 1. A shape that fits only from the right is refused.
    mask
        Boolean, placed like ``sample_weight``. False excludes the item: it counts in no denominator
        but those of all items, and a NaN or infinity in it reaches neither loss nor gradient.
    ignore_index
        Targets equal to it are excluded in the same way.
    label_smoothing
        ε in [0, 1]: y ← (1−ε)·y + ε/2.
    soft_weighting
        What w₀ and w₁ mean for soft targets. ``"per_class"``: as above. The others make them a
        factor of the item, from y before smoothing: ``"mixture"`` w₁·y + w₀·(1−y), ``"geometric"``
        w₁^y·w₀^{1−y} with 0⁰ = 1, ``"hard"`` w₁ where y > ½, else w₀; then ω = s·factor. On
        hard targets without smoothing all four agree.
    negative_weights
        True: ``sample_weight`` may be negative, as are the advantages of policy gradients, which
        multiply −log p, and weights of what a preference loss pushes down. Σω may then come to
        nothing: divide by the number of items (``"mean"``) or by Σ|ω|
        (``"absolute_weighted_mean"``). Weights of classes and positives, and costs, are never
        negative.
    axis
        The label axis, along which weights per label stand. None: the last axis of predictions of
        rank 2 or more; predictions of rank 1 have labels only if 0 is given, so that an (N,)
        ``pos_weight`` never weighs samples.
    form
        What the predictions are: ``"logits"``, ``"probabilities"`` or ``"log_probabilities"``, of
        class 1. Or :class:`Logits`, with temperature, softcap, logit adjustment and margins, or
        :class:`Probabilities`, with the conventions of other libraries.
    clip
        For probabilities only: bounds them to [clip, 1−clip] first, with gradient 0 where it does.
    reduction
        ``"none"``: ℓ, in the predictions' shape, 0 where excluded. ``"sum"``: Σℓ. Means divide Σℓ
        by the number of items not excluded (``"mean"``), of all items (``"mean_over_all"``), by Σω
        (``"weighted_mean"``) or Σ|ω| (``"absolute_weighted_mean"``), the number of items with ω ≠ 0
        (``"nonzero_mean"``), or the length of the leading axis (``"batch_mean"``). ``"parts"``:
        :class:`wce_core.LossParts`, which can be added up and reduced later.
    normalizer
        With ``reduction="sum"``: a scalar that Σℓ is divided by.
    empty
        The loss over a denominator of 0: ``"zero"`` or ``"nan"``. Its gradient is 0 either way.
    precision
        ``"native"``: computed in the predictions' dtype, half types in float32, sums over items in
        float64 where the device has it. ``"exact"``: computed in float64 and rounded, which gives
        losses and gradients of float32, bfloat16 and float16 the same bits in every framework, but
        for one to five gradient elements in 10⁹, and 8 to 15 % of those that cancel (soft targets
        equal to the prediction).
    dtype
        Of the result; that of the predictions if None. Weights and targets never narrow it.
    validate
        Look for impossible values: targets and probabilities outside [0, 1], log-probabilities
        above 4 eps, weights that are negative or not finite. None: where values can be read at
        once (eager, on the CPU). True: always, or a ValueError if they cannot be read. False:
        never. Where nobody looked, an item with an invalid target has a loss, gradient and ω of
        NaN.

    Returns
    -------
    array or LossParts
        A scalar; for ``"none"`` an array of the predictions' shape. In their framework, on their
        device, differentiable by its own means: to predictions, targets and weights.

    Raises
    ------
    TypeError
        For a dtype, an array of another framework, or an array that is masked, ragged or sparse.
    ValueError
        For a shape, a combination of arguments, or the first impossible value that was looked for.

    See Also
    --------
    BinaryCrossEntropy : the same with its options fixed.
    cross_entropy : for classes that exclude each other.
    wce_core.value_and_grad : value and gradient, also of NumPy arrays.

    Notes
    -----
    Weights n/(2·n_k), with n_k of n items in class k, are the ones called balanced: both classes
    have the same total weight. They are those of [1]_ for two classes that are equally frequent in
    the population. A logit of ±∞ is p = 1 or p = 0: its loss is 0 where the
    target agrees and +∞ where mass stands on the other side. Weight or
    mass 0 times a loss of +∞ is 0.

    References
    ----------
    .. [1] G. King and L. Zeng, "Logistic regression in rare events data", Political Analysis 9(2),
       2001.

    Examples
    --------
    >>> import numpy as np
    >>> from wce_core.losses import binary_cross_entropy
    >>> p = np.array([0.6, 0.1, 0.1, 0.9, 0.1, 0.0])
    >>> y = np.array([1, 0, 0, 0, 0, 0])
    >>> binary_cross_entropy(p, y, form="probabilities").round(6)
    np.float64(0.521582)
    >>> binary_cross_entropy(p, y, form="probabilities", class_weight={0: 1, 1: 2}).round(6)
    np.float64(0.60672)

    Two labels, each with a weight for its positives, from logits:

    >>> logits = np.array([[2.0, -1.0], [0.0, 3.0]])
    >>> labels = np.array([[1, 1], [0, 1]])
    >>> binary_cross_entropy(logits, labels, pos_weight=[1, 10], reduction="none").round(4)
    array([[ 0.1269, 13.1326],
           [ 0.6931,  0.4859]])

    The rules for soft targets:

    >>> for rule in ("per_class", "mixture", "geometric", "hard"):
    ...     loss = binary_cross_entropy(
    ...         [0.6], [0.3], form="probabilities", class_weight=[1, 4], soft_weighting=rule
    ...     )
    ...     print(f"{rule:10}{loss:.5f}")
    per_class 1.25439
    mixture   1.50984
    geometric 1.20447
    hard      0.79465

    """
    options = Options(
        categorical=False,
        term=NEGATIVE_LOG_LIKELIHOOD,
        axis=axis,
        label_smoothing=label_smoothing,
        smoothing="uniform",
        soft_weighting=soft_weighting,
        negative_weights=negative_weights,
        form=form,
        clip=clip,
        reduction=reduction,
        empty=empty,
        precision=precision,
        dtype=dtype,
        validate=validate,
    )
    given = {
        "class_weight": class_weight,
        "pos_weight": pos_weight,
        "sample_weight": sample_weight,
        "mask": mask,
        "ignore_index": ignore_index,
        "normalizer": normalizer,
    }
    return evaluate(options, predictions, targets, given)
