"""The losses. Their docstrings are the specification."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, Never, Self, Unpack, overload

import numpy as np
from numpy.typing import NDArray

from .call import evaluate
from .constants import frozen, thawed
from .held import checked
from .imports import when_imported
from .links import Probabilities
from .opaque import opaque
from .options import Options, ignored_number
from .parts import LossParts
from .signatures import (
    ArrayT,
    AtCall,
    Binary,
    BinaryOptions,
    Categorical,
    CategoricalOptions,
    Numbers,
    ReductionT_co,
    Scalar,
    ToArray,
    ToNumber,
)
from .terms import NEGATIVE_LOG_LIKELIHOOD
from .types import (
    Array,
    ClassWeight,
    Empty,
    Form,
    Precision,
    Reduction,
    Smoothing,
    SoftWeighting,
)

__all__ = [
    "BinaryCrossEntropy",
    "CrossEntropy",
    "Probabilities",
    "binary_cross_entropy",
    "cross_entropy",
]


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
@opaque
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
    axis: int = -1,
    form: Form | Probabilities = "logits",
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
        JSON's ``"3"`` names class 3.
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
    axis
        The class axis.
    form
        What the predictions are: ``"logits"``, ``"probabilities"`` or ``"log_probabilities"``. The
        latter two are taken as they are, not renormalised. p = 0 under mass costs +∞. Or
        :class:`Probabilities`, with the conventions of other libraries.
    clip
        For probabilities only: bounds them to [clip, 1−clip] first, with gradient 0 where it does.
    reduction
        ``"none"``: ℓ, in the items' shape, 0 where excluded. ``"sum"``: Σℓ. Means divide Σℓ by the
        number of items not excluded (``"mean"``), of all items (``"mean_over_all"``), by Σω
        (``"weighted_mean"``), the number of items with ω ≠ 0 (``"nonzero_mean"``), or the length of
        the items' leading axis (``"batch_mean"``). ``"parts"``: :class:`wce_core.LossParts`, which
        can be added up and reduced later.
    normalizer
        With ``reduction="sum"``: a scalar that Σℓ is divided by.
    empty
        The loss over a denominator of 0: ``"zero"`` or ``"nan"``. Its gradient is 0 either way.
    precision
        ``"native"``: computed in the predictions' dtype, half types in float32, sums over items in
        float64 where the device has it. ``"exact"``: computed in float64 and rounded, which gives
        losses and gradients of float32, bfloat16 and float16 the same bits in every framework.
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
    Finite logits, however far apart, give the finite loss that the exact result rounds to. A logit
    of −∞ is a class that cannot be: p = 0, and a loss of +∞ only where mass stands on it. A row
    with +∞ or NaN, or with nothing but −∞, has a loss of NaN; other rows are not touched. Weight or
    mass 0 times a loss of +∞ is 0. Uniform label smoothing is that of [1]_.

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
@opaque
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
    axis: int | None = None,
    form: Form | Probabilities = "logits",
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
        (w₀, w₁) or ``{0: w0, 1: w1}``; or an (L, 2) array, a row (w₀, w₁) for each of L labels.
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
    axis
        The label axis, along which weights per label stand. None: the last axis of predictions of
        rank 2 or more; predictions of rank 1 have labels only if 0 is given, so that an (N,)
        ``pos_weight`` never weighs samples.
    form
        What the predictions are: ``"logits"``, ``"probabilities"`` or ``"log_probabilities"``, of
        class 1. Or :class:`Probabilities`, with the conventions of other libraries.
    clip
        For probabilities only: bounds them to [clip, 1−clip] first, with gradient 0 where it does.
    reduction
        ``"none"``: ℓ, in the predictions' shape, 0 where excluded. ``"sum"``: Σℓ. Means divide Σℓ
        by the number of items not excluded (``"mean"``), of all items (``"mean_over_all"``), by Σω
        (``"weighted_mean"``), the number of items with ω ≠ 0 (``"nonzero_mean"``), or the length of
        the leading axis (``"batch_mean"``). ``"parts"``: :class:`wce_core.LossParts`, which can be
        added up and reduced later.
    normalizer
        With ``reduction="sum"``: a scalar that Σℓ is divided by.
    empty
        The loss over a denominator of 0: ``"zero"`` or ``"nan"``. Its gradient is 0 either way.
    precision
        ``"native"``: computed in the predictions' dtype, half types in float32, sums over items in
        float64 where the device has it. ``"exact"``: computed in float64 and rounded, which gives
        losses and gradients of float32, bfloat16 and float16 the same bits in every framework.
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


@dataclass(frozen=True, kw_only=True)
class _Configured(Generic[ReductionT_co]):
    """What both configured losses are: their arguments, frozen."""

    class_weight: Any = None
    ignore_index: Any = None
    label_smoothing: float = 0.0
    soft_weighting: SoftWeighting = "per_class"
    form: Form | Probabilities = "logits"
    clip: float | None = None
    reduction: ReductionT_co = "mean"  # type: ignore[assignment]  # what __init__ without it makes of it
    empty: Empty = "zero"
    precision: Precision = "native"
    dtype: Any = None
    validate: bool | None = None
    _categorical: ClassVar[bool]
    _weights: ClassVar[tuple[str, ...]]
    _function: ClassVar[Callable[..., Any]]
    _arguments: ClassVar[dict[str, Any]]

    def __post_init__(self) -> None:
        given = {field.name: thawed(getattr(self, field.name)) for field in fields(self)}
        for name in given.keys() - set(self._weights):
            if isinstance(given[name], np.ndarray) and not given[name].ndim:
                given[name] = given[name].item()  # which can be compared and hashed
        if given["ignore_index"] is not None:
            given["ignore_index"] = ignored_number(given["ignore_index"])
        weights = {name: given[name] for name in self._weights if given[name] is not None}
        self._hold(given | checked(self._options(given), weights))

    def _options(self, given: dict[str, Any]) -> Options:
        named = {name: given[name] for name in Options._fields if name in given}
        fixed = {"categorical": self._categorical, "term": NEGATIVE_LOG_LIKELIHOOD}
        return Options(**{"smoothing": "uniform", **fixed, **named})

    def _hold(self, arguments: dict[str, Any]) -> None:
        """Without a look at them: they were looked at, or stand for what JAX puts there."""
        for name, value in arguments.items():
            object.__setattr__(self, name, frozen(value) if name in self._weights else value)
        thawed_ones = {name: thawed(getattr(self, name)) for name in arguments}
        object.__setattr__(self, "_arguments", thawed_ones)

    def __getstate__(self) -> dict[str, Any]:
        return dict(self._arguments)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._hold({field.name: field.default for field in fields(self)} | state)

    @classmethod
    def _restored(cls, arguments: dict[str, Any]) -> Self:
        loss = object.__new__(cls)
        loss._hold(arguments)
        return loss

    def __repr__(self) -> str:
        given = ", ".join(
            f"{field.name}={getattr(self, field.name)!r}"
            for field in fields(self)
            if getattr(self, field.name) != field.default
        )
        return f"{type(self).__name__}({given})"

    @overload
    def __call__(
        self: _Configured[Literal["parts"]],
        predictions: Any,
        targets: Array,
        **arrays: Unpack[AtCall],
    ) -> LossParts: ...
    @overload
    def __call__(
        self: _Configured[Literal["none"]],
        predictions: Numbers,
        targets: Array,
        **arrays: Unpack[AtCall],
    ) -> NDArray[Any]: ...
    @overload
    def __call__(
        self: _Configured[ToNumber],
        predictions: Numbers,
        targets: Array,
        **arrays: Unpack[AtCall],
    ) -> Scalar: ...
    @overload
    def __call__(
        self: _Configured[ToArray],
        predictions: ArrayT,
        targets: Array,
        **arrays: Unpack[AtCall],
    ) -> ArrayT: ...
    @overload
    def __call__(self, predictions: Any, targets: Array, **arrays: Unpack[AtCall]) -> Any: ...
    @opaque
    def __call__(
        self,
        predictions: Array,
        targets: Array,
        *,
        sample_weight: Array | None = None,
        mask: Array | None = None,
        normalizer: Any = None,
    ) -> Any:
        """The loss of these arrays."""
        return self._function(
            predictions,
            targets,
            sample_weight=sample_weight,
            mask=mask,
            normalizer=normalizer,
            **self._arguments,
        )

    def keras(self, name: str | None = None) -> Any:
        """A ``keras.losses.Loss`` for Keras 3, which is called as ``(y_true, y_pred)``.

        Keras passes targets first. The losses of this library take predictions first, and one of
        them passed to ``compile(loss=...)`` would train silently on swapped arguments.

        ``sample_weight`` and Keras masks, as ``fit`` passes them, count as ``sample_weight`` and
        ``mask`` of this loss, in its own reduction. Labels that Keras delivers as floats are taken
        as class indices, and so is a label axis of length 1.

        It is saved with a model if its weights are numbers, and loaded in any process that imports
        ``wce_core``. ``name`` is its name in Keras, ``"cross_entropy"`` and the like if None.
        """
        from wce_backends.keras import KerasLoss

        return KerasLoss(self, name)


@dataclass(frozen=True, kw_only=True, repr=False)
class CrossEntropy(_Configured[ReductionT_co]):
    """:func:`cross_entropy` with its options fixed: immutable, comparable, hashable.

    Called as ``loss(predictions, targets, sample_weight=None, mask=None, normalizer=None)``. What
    no call could make right is an error here. In JAX it is a pytree: weights are leaves, and all
    other options static.

    Parameters
    ----------
    class_weight
        One weight per class: a (C,) array, a list, or a mapping that names every class 0 … C−1.
        NumPy arrays and lists are copied. Arrays of PyTorch, TensorFlow and JAX are held as they
        are, so that gradients flow to them; what is written to them in place, the next call sees.
    ignore_index
        Index targets equal to it are excluded.
    label_smoothing, smoothing
        ε in [0, 1]: the share of the mass that moves, ``"uniform"`` to all classes or to the
        ``"others"``.
    soft_weighting
        What ``class_weight`` means for soft targets: ``"per_class"`` weighs each class's part of
        the loss, ``"mixture"``, ``"geometric"`` and ``"hard"`` the item as a whole.
    form
        What the predictions are: ``"logits"``, ``"probabilities"``, ``"log_probabilities"`` or
        :class:`Probabilities` with the conventions of other libraries.
    clip
        Bounds probabilities to [clip, 1−clip] first.
    reduction
        ``"none"``, ``"sum"``, ``"mean"``, ``"mean_over_all"``, ``"weighted_mean"``,
        ``"nonzero_mean"``, ``"batch_mean"``, or ``"parts"`` to be added up and divided later.
    empty
        The loss over a denominator of 0: ``"zero"`` or ``"nan"``.
    precision
        ``"native"``: in the predictions' dtype. ``"exact"``: in float64, then rounded.
    dtype
        Of the result; that of the predictions if None.
    validate
        Look for impossible values, in weights already here. None: where they can be read at once.
        True: always. False: never.
    cost_matrix
        A (C, C) array, rows true and columns predicted classes: a factor by both. Held like
        ``class_weight``.
    axis
        The class axis.

    See Also
    --------
    cross_entropy : what each of them means in full.

    Examples
    --------
    >>> import numpy as np
    >>> loss = CrossEntropy(class_weight={0: 1.0, 1: 3.0}, reduction="weighted_mean")
    >>> loss
    CrossEntropy(class_weight={0: 1.0, 1: 3.0}, reduction='weighted_mean')
    >>> round(float(loss(np.zeros((4, 2)), np.array([0, 1, 1, 0]))), 6)
    0.693147
    >>> loss == CrossEntropy(class_weight={0: 1.0, 1: 3.0}, reduction="weighted_mean")
    True

    """

    cost_matrix: Any = None
    smoothing: Smoothing = "uniform"
    axis: int = -1
    _categorical = True
    _weights = ("class_weight", "cost_matrix")
    _function = staticmethod(cross_entropy)

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: CrossEntropy[Literal["mean"]], **options: Unpack[CategoricalOptions]
        ) -> None: ...
        @overload
        def __init__(
            self, *, reduction: ReductionT_co, **options: Unpack[CategoricalOptions]
        ) -> None: ...
        def __init__(self, **options: Any) -> None: ...


@dataclass(frozen=True, kw_only=True, repr=False)
class BinaryCrossEntropy(_Configured[ReductionT_co]):
    """:func:`binary_cross_entropy` with its options fixed: immutable, comparable, hashable.

    Called as ``loss(predictions, targets, sample_weight=None, mask=None, normalizer=None)``. What
    no call could make right is an error here. In JAX it is a pytree: weights are leaves, and all
    other options static.

    Parameters
    ----------
    class_weight
        (w₀, w₁) or ``{0: w0, 1: w1}``; or an (L, 2) array, a row for each of L labels. NumPy
        arrays and lists are copied. Arrays of PyTorch, TensorFlow and JAX are held as they are, so
        that gradients flow to them; what is written to them in place, the next call sees.
    ignore_index
        Targets equal to it are excluded.
    label_smoothing
        ε in [0, 1]: y ← (1−ε)·y + ε/2.
    soft_weighting
        What ``class_weight`` means for soft targets: ``"per_class"`` weighs both parts of the loss,
        ``"mixture"``, ``"geometric"`` and ``"hard"`` the item as a whole.
    form
        What the predictions are: ``"logits"``, ``"probabilities"``, ``"log_probabilities"``, of
        class 1, or :class:`Probabilities` with the conventions of other libraries.
    clip
        Bounds probabilities to [clip, 1−clip] first.
    reduction
        ``"none"``, ``"sum"``, ``"mean"``, ``"mean_over_all"``, ``"weighted_mean"``,
        ``"nonzero_mean"``, ``"batch_mean"``, or ``"parts"`` to be added up and divided later.
    empty
        The loss over a denominator of 0: ``"zero"`` or ``"nan"``.
    precision
        ``"native"``: in the predictions' dtype. ``"exact"``: in float64, then rounded.
    dtype
        Of the result; that of the predictions if None.
    validate
        Look for impossible values, in weights already here. None: where they can be read at once.
        True: always. False: never.
    pos_weight
        A factor on w₁: a number, an (L,) array, one per label, or an array of the predictions'
        rank. Held like ``class_weight``.
    axis
        The label axis, along which weights per label stand. None: the last of rank 2 or more.

    See Also
    --------
    binary_cross_entropy : what each of them means in full.

    Examples
    --------
    >>> BinaryCrossEntropy(pos_weight=[1.0, 9.0], reduction="sum")
    BinaryCrossEntropy(reduction='sum', pos_weight=[1.0, 9.0])

    """

    pos_weight: Any = None
    axis: int | None = None
    _categorical = False
    _weights = ("class_weight", "pos_weight")
    _function = staticmethod(binary_cross_entropy)

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: BinaryCrossEntropy[Literal["mean"]], **options: Unpack[BinaryOptions]
        ) -> None: ...
        @overload
        def __init__(
            self, *, reduction: ReductionT_co, **options: Unpack[BinaryOptions]
        ) -> None: ...
        def __init__(self, **options: Any) -> None: ...


def _register_with_jax() -> None:
    from wce_backends.jax_trees import register

    for kind in (CrossEntropy, BinaryCrossEntropy):
        register(kind, kind._weights, kind.__getstate__, kind._restored)


def _register_with_keras() -> None:
    import wce_backends.keras  # noqa: F401  # which registers the class that models are saved with


when_imported("jax", _register_with_jax)
when_imported("keras", _register_with_keras)
