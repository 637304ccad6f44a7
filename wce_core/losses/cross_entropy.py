"""Cross-entropy of C exclusive classes."""

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
    Smoothing,
    SoftWeighting,
)

from .signatures import (
    ArrayT,
    Categorical,
    Numbers,
    Scalar,
    ToArray,
    ToNumber,
)


@overload
def cross_entropy(predictions: Never, targets: Array, **rest: Unpack[Categorical]) -> Any: ...


@overload
def cross_entropy(
    predictions: Any, targets: Array, *, reduction: Literal["parts"], **rest: Unpack[Categorical]
) -> LossParts: ...


@overload
def cross_entropy(
    predictions: Numbers,
    targets: Array,
    *,
    reduction: Literal["none"],
    **rest: Unpack[Categorical],
) -> NDArray[Any]: ...


@overload
def cross_entropy(
    predictions: Numbers,
    targets: Array,
    *,
    reduction: ToNumber = "mean",
    **rest: Unpack[Categorical],
) -> Scalar: ...


@overload
def cross_entropy(
    predictions: ArrayT,
    targets: Array,
    *,
    reduction: ToArray = "mean",
    **rest: Unpack[Categorical],
) -> ArrayT: ...


@overload
def cross_entropy(
    predictions: Any, targets: Array, *, reduction: Reduction, **rest: Unpack[Categorical]
) -> Any: ...


@do_not_convert
def cross_entropy(
    predictions: Array,
    targets: Array,
    *,
    class_weight: ClassWeight | None = None,
    sample_weight: Array | None = None,
    mask: Array | None = None,
    ignore_index: int | None = None,
    cost_matrix: Array | None = None,
    label_smoothing: float = 0.0,
    smoothing: Smoothing = "uniform",
    soft_weighting: SoftWeighting = "per_class",
    negative_weights: bool = False,
    axis: int = -1,
    form: Form | Probabilities | Logits = "logits",
    clip: float | None = None,
    reduction: Reduction = "mean",
    normalizer: Any = None,
    empty: Empty = "zero",
    precision: Precision = "native",
    dtype: Any = None,
    validate: bool | None = None,
) -> Any:
    """Weighted cross-entropy of C exclusive classes.

    With the target mass q of an item (one-hot for a class index, the row itself for dense targets),
    smoothed if asked for, class weights w, and s the product of all weights of the item as a whole,

        ℓ = s · −Σ_k w_k q_k log p_k,     ω = s · Σ_k w_k q_k,

    are its loss and its effective weight. p is the softmax of its logits; the gradient to them is
    s·((Σ_k w_k q_k)·p_j − w_j q_j). Rows of dense targets need not sum to 1. An index and its
    one-hot row give the same value and gradient in every weighting and reduction.

    Parameters
    ----------
    predictions
        A floating array of at least one axis, classes along ``axis``. Its other axes count the
        items. Lists of numbers become NumPy float64, data frames NumPy arrays. Its framework
        computes, and gets the result.
    targets
        Class indices: an integer array of the items' shape. Or dense mass: a numeric array of the
        predictions' shape, each entry ≥ 0. The rank decides which, never the values. Of a single
        row of predictions, mass is floating.
    class_weight
        w: one weight per class, as a (C,) array or a mapping that names every class 0 … C−1 once;
        JSON's ``"3"`` names class 3. Or ``"balanced"``: n/(K·n_k) of this batch, whatever is in it,
        with n_k items of class k that are not excluded (of dense targets, their mass), n of all K
        classes that occur, and 0 for those that do not. Most who ask for it want the weights of
        their data set: :func:`wce_core.class_weights.class_weights`.
    sample_weight
        A factor in s, per item: its shape is a prefix of the items' shape, or has their rank with
        each axis equal or 1. A shape that fits only from the right is refused.
    mask
        Boolean, placed like ``sample_weight``. False excludes the item: it counts in no denominator
        but those of all items, and a NaN or infinity in it reaches neither loss nor gradient.
    ignore_index
        Index targets equal to it are excluded in the same way.
    cost_matrix
        A (C, C) array A, rows the true class, columns the predicted one: a factor
        Σ_k r_k·A[k, argmax_j x_j] in s, with r = q / Σq before smoothing; ties go to the lowest
        index. A has a gradient, the argmax has none.
    label_smoothing, smoothing
        ε in [0, 1] moves that share of the mass M = Σq: ``"uniform"``: q ← (1−ε)·q + ε·M/C;
        ``"others"``: q ← (1−ε)·q + ε·(M−q)/(C−1).
    soft_weighting
        What ``class_weight`` means for soft targets. ``"per_class"``: as above. The others make it
        a factor of the item, from the shares r before smoothing: ``"mixture"`` Σ_k w_k r_k,
        ``"geometric"`` Π_k w_k^{r_k} with 0⁰ = 1, ``"hard"`` the weight of the class with the
        largest share, ties to the lowest index; then ℓ = s·factor·(−Σ_k q_k log p_k) and
        ω = s·factor·M. On hard targets without smoothing all four agree.
    negative_weights
        True: ``sample_weight`` may be negative, as are the advantages of policy gradients, which
        multiply −log p, and weights of what a preference loss pushes down. Σω may then come to
        nothing: divide by the number of items (``"mean"``) or by Σ|ω|
        (``"absolute_weighted_mean"``). Weights of classes and positives, and costs, are never
        negative.
    axis
        The class axis.
    form
        What the predictions are: ``"logits"``, ``"probabilities"`` or ``"log_probabilities"``. The
        latter two are taken as they are, not renormalised. p = 0 under mass costs +∞. Or
        :class:`Logits`, with temperature, softcap, logit adjustment, margins and a z-loss, or
        :class:`Probabilities`, with the conventions of other libraries.
    clip
        For probabilities only: bounds them to [clip, 1−clip] first, with gradient 0 where it does.
    reduction
        ``"none"``: ℓ, in the items' shape, 0 where excluded. ``"sum"``: Σℓ. Means divide Σℓ by the
        number of items not excluded (``"mean"``), of all items (``"mean_over_all"``), by Σω
        (``"weighted_mean"``) or Σ|ω| (``"absolute_weighted_mean"``), the number of items with ω ≠ 0
        (``"nonzero_mean"``), or the length of the items' leading axis (``"batch_mean"``).
        ``"parts"``: :class:`wce_core.LossParts`, which can be added up and reduced later.
    normalizer
        With ``reduction="sum"``: a scalar that Σℓ is divided by.
    empty
        The loss over a denominator of 0: ``"zero"`` or ``"nan"``. Its gradient is 0 either way.
    precision
        ``"native"``: computed in the predictions' dtype, half types in float32, sums over items in
        float64 where the device has it. ``"exact"``: computed in float64 and rounded, which gives
        losses and gradients of float32, bfloat16 and float16 the same bits in every framework, but
        for one to five gradient elements in 10⁹, and 8 to 15 % of those that cancel (soft targets
        equal to the prediction). Eager on the CPU, but for JAX, those of float32 logits and class
        indices are rounded rightly without exception.
    dtype
        Of the result; that of the predictions if None. Weights and targets never narrow it.
    validate
        Look for impossible values: labels outside [0, C), mass or weights that are negative or not
        finite, probabilities outside [0, 1], log-probabilities above 4 eps. None: where values can
        be read at once (eager, on the CPU). True: always, or a ValueError if they cannot be read.
        False: never. Where nobody looked, an item with an invalid label has a loss, gradient and ω
        of NaN.

    Returns
    -------
    array or LossParts
        A scalar; for ``"none"`` an array of the items' shape. In the predictions' framework, on
        their device, differentiable by its own means: to predictions, soft targets and weights.

    Raises
    ------
    TypeError
        For a dtype, an array of another framework, or an array that is masked, ragged or sparse.
    ValueError
        For a shape, a combination of arguments, or the first impossible value that was looked for.

    See Also
    --------
    CrossEntropy : the same with its options fixed.
    binary_cross_entropy : for two classes, and for labels that do not exclude each other.
    wce_core.value_and_grad : value and gradient, also of NumPy arrays.

    Notes
    -----
    Finite logits, however far apart, give a finite loss, within 4 eps; that of a row that is right
    by d may be off by d/2 eps more, because differences of logits are rounded. A logit of −∞ is a
    class that cannot be: p = 0, and a loss of +∞ only where mass stands on it. A row with +∞ or
    NaN, or with nothing but −∞, has a loss of NaN; other rows are not touched. Weight or mass 0
    times a loss of +∞ is 0. Uniform label smoothing is that of [1]_.

    References
    ----------
    .. [1] C. Szegedy, V. Vanhoucke, S. Ioffe, J. Shlens and Z. Wojna, "Rethinking the Inception
       architecture for computer vision", CVPR 2016, section 7.

    Examples
    --------
    >>> import numpy as np
    >>> from wce_core.losses import cross_entropy
    >>> logits = np.array([[2.0, 0.0, 1.0], [0.0, 0.0, 0.0], [0.0, 3.0, 0.0]])
    >>> labels = np.array([0, 2, 0])
    >>> cross_entropy(logits, labels, reduction="none").round(4)
    array([0.4076, 1.0986, 3.0949])

    The weights of classes multiply; ``"mean"`` does not divide by them, ``"weighted_mean"`` does:

    >>> cross_entropy(logits, labels, class_weight=[1, 1, 4], reduction="none").round(4)
    array([0.4076, 4.3944, 3.0949])
    >>> cross_entropy(logits, labels, class_weight={0: 1, 1: 1, 2: 4}).round(4)
    np.float64(2.6323)
    >>> cross_entropy(logits, labels, class_weight=[1, 1, 4], reduction="weighted_mean").round(4)
    np.float64(1.3162)

    An excluded item does not count, whatever stands in it:

    >>> cross_entropy(logits, labels, mask=[True, True, False]).round(4)
    np.float64(0.7531)

    Confusing class 0 with class 1 costs ten times as much:

    >>> costs = np.ones((3, 3))
    >>> costs[0, 1] = 10.0
    >>> cross_entropy(logits, labels, cost_matrix=costs, reduction="none").round(4)
    array([ 0.4076,  1.0986, 30.9492])

    """
    options = Options(
        categorical=True,
        term=NEGATIVE_LOG_LIKELIHOOD,
        axis=axis,
        label_smoothing=label_smoothing,
        smoothing=smoothing,
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
        "sample_weight": sample_weight,
        "mask": mask,
        "ignore_index": ignore_index,
        "cost_matrix": cost_matrix,
        "normalizer": normalizer,
    }
    return evaluate(options, predictions, targets, given)
