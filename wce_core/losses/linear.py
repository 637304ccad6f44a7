"""Cross-entropy of the logits of a linear layer, which are never all there at once."""

from __future__ import annotations

from dataclasses import dataclass
from inspect import signature
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypedDict, Unpack, overload

from wce_core.call.linear import evaluate_linear
from wce_core.call.parts import LossParts
from wce_core.compilers import do_not_convert
from wce_core.formulas.links import Logits
from wce_core.formulas.terms import NEGATIVE_LOG_LIKELIHOOD
from wce_core.formulas.weightings import WEIGHTINGS
from wce_core.types import (
    Array,
    ChunkBytes,
    ClassWeight,
    Empty,
    Precision,
    Reduction,
    Smoothing,
    SoftWeighting,
)

from .configured import ConfiguredOfMass, CrossEntropy
from .cross_entropy import cross_entropy
from .defined import CATEGORICAL, sorted_out
from .further import completed_by, documented_by
from .signatures import ArrayT, AtCall, ReductionT_co, ToArray

OF_LOGITS = ("predictions", "targets", "cost_matrix", "clip", "axis")
"""What belongs to predictions that are there."""
_ARRAYS = [
    name
    for name in signature(cross_entropy).parameters
    if name in WEIGHTINGS and name not in OF_LOGITS
]
_FAMILY = {name: default for name, default in CATEGORICAL.items() if name not in OF_LOGITS}


class LinearOptions(TypedDict, total=False):
    """What a configured loss of a linear layer holds, apart from its reduction."""

    class_weight: ClassWeight | None
    ignore_index: int | None
    label_smoothing: float
    smoothing: Smoothing
    soft_weighting: SoftWeighting
    negative_weights: bool
    form: Literal["logits"] | Logits
    empty: Empty
    precision: Precision
    dtype: Any
    validate: bool | None
    chunk_bytes: ChunkBytes


class LinearAtCall(AtCall, total=False):
    """What it is called with, beside hidden states, weight and targets."""

    bias: Array | None


class Linear(LinearOptions, LinearAtCall, total=False):
    """All of a loss of a linear layer."""


@overload
def linear_cross_entropy(
    hidden: Any,
    weight: Array,
    targets: Array,
    *,
    reduction: Literal["parts"],
    **rest: Unpack[Linear],
) -> LossParts: ...
@overload
def linear_cross_entropy(
    hidden: ArrayT,
    weight: Array,
    targets: Array,
    *,
    reduction: ToArray = "mean",
    **rest: Unpack[Linear],
) -> ArrayT: ...
@overload
def linear_cross_entropy(
    hidden: Any, weight: Array, targets: Array, *, reduction: Reduction, **rest: Unpack[Linear]
) -> Any: ...
@completed_by(cross_entropy, without=OF_LOGITS)
@do_not_convert
def linear_cross_entropy(  # noqa: D417  # the rest is documented where it comes from
    hidden: Array,
    weight: Array,
    targets: Array,
    *,
    bias: Array | None = None,
    chunk_bytes: ChunkBytes = "auto",
    **rest: Any,
) -> Any:
    """Weighted cross-entropy of the logits hidden·weightᵀ + bias, a chunk of them at a time.

    It is ``cross_entropy(hidden @ weight.T + bias, targets)``, value and gradients, without the
    logits: those of some items are made, their loss and their part of the gradients are taken, and
    the next items get their memory. With g = ∂ℓ/∂logits the gradients are g·weight to the hidden
    states, gᵀ·hidden to the weight and Σg over items to the bias.

    Parameters
    ----------
    hidden
        A floating array whose last axis has D numbers of each item. Its other axes count the items.
        Its framework computes, and gets the result.
    weight
        The layer's, of shape (V, D): a row for each of V classes, as ``torch.nn.Linear`` has it. Of
        Flax and Keras it is the transposed kernel.
    targets
        Class indices: an integer array of the items' shape. Or dense mass: a numeric array of shape
        (…, V), each entry ≥ 0.
    bias
        Of shape (V,). A class that cannot be, as padding of the vocabulary, has −∞.
    form
        ``"logits"``, or :class:`Logits` with temperature, softcap, logit adjustment, margins and a
        z-loss.
    precision
        ``"native"``: computed in the widest dtype of hidden states and layer, half types in
        float32, sums over items in float64 where the device has it. ``"exact"``: products, too, in
        float64, then rounded. The same bits for any ``chunk_bytes``; those of other frameworks,
        which add up products in other orders, may differ where a result is next to the middle
        between two float32 numbers.
    dtype
        Of the result; that of the hidden states if None.
    chunk_bytes
        How much of the logits there may be at a time; of one item at least. ``"auto"``: half
        of what the weight takes, 16 MiB at least. Exact ones are always of 64 items.

    See Also
    --------
    LinearCrossEntropy : the same with its options fixed.
    cross_entropy : of logits that are there.
    wce_core.value_and_grad : value and gradient to one of the arrays, also of NumPy.

    Notes
    -----
    What Σℓ is divided by is known before the first chunk. An excluded item is never multiplied:
    a NaN in its hidden state reaches neither loss nor gradient. Gradients to the layer are added up
    in float32 or wider, and rounded to its dtype once.

    Gradients to hidden states, weight and bias are made in chunks, together with the value; those
    of ``reduction="none"`` in the backward pass, from logits that are made once more. Gradients to
    class weights, sample weights and dense targets, and second derivatives, are taken of all logits
    at once, and so is everything under ``torch.func``. TensorFlow has no second derivatives of it.

    Examples
    --------
    >>> import numpy as np
    >>> from wce_core.losses import cross_entropy, linear_cross_entropy
    >>> rng = np.random.default_rng(0)
    >>> hidden, weight = rng.normal(size=(6, 4)), rng.normal(size=(1000, 4))
    >>> labels = np.array([7, 0, 999, 3, 3, 12])
    >>> linear_cross_entropy(hidden, weight, labels, chunk_bytes=2**14).round(6)
    np.float64(8.813131)
    >>> cross_entropy(hidden @ weight.T, labels).round(6)
    np.float64(8.813131)

    """
    options, given = sorted_out(
        rest,
        _FAMILY,
        _ARRAYS,
        categorical=True,
        term=NEGATIVE_LOG_LIKELIHOOD,
        chunk_bytes=chunk_bytes,
    )
    return evaluate_linear(options, hidden, weight, targets, {**given, "bias": bias})


@documented_by(CrossEntropy, without=OF_LOGITS)
@dataclass(frozen=True, kw_only=True, repr=False)
class LinearCrossEntropy(ConfiguredOfMass[ReductionT_co]):
    """:func:`linear_cross_entropy` with its options fixed: immutable, comparable, hashable.

    Called as ``loss(hidden, weight, targets, bias=None, sample_weight=None, mask=None,
    normalizer=None)``: the layer stays with its model. What no call could make right is an error
    here. In JAX it is a pytree: class weights are leaves, and all other options static.

    Parameters
    ----------
    form
        ``"logits"``, or :class:`Logits` with steps before the softmax.
    chunk_bytes
        How much of the logits there may be at a time.

    See Also
    --------
    linear_cross_entropy : what each of them means in full.

    Examples
    --------
    >>> LinearCrossEntropy(ignore_index=-100, label_smoothing=0.1)
    LinearCrossEntropy(ignore_index=-100, label_smoothing=0.1)

    """

    smoothing: Smoothing = "uniform"
    chunk_bytes: ChunkBytes = "auto"
    _categorical = True
    _weights = ("class_weight",)
    _function = staticmethod(linear_cross_entropy)

    def __call__(  # type: ignore[override]  # of three arrays: it has a layer between two of them
        self, hidden: Any, weight: Array, targets: Array, **arrays: Unpack[LinearAtCall]
    ) -> Any:
        """The loss of these arrays."""
        return self._function(hidden, weight, targets, **arrays, **self._arguments)

    def keras(self, name: str | None = None) -> NoReturn:
        """Keras passes a loss what a model returns, and never its last layer: a TypeError."""
        raise TypeError(
            "a loss of Keras is called with targets and predictions, and has no layer; call "
            "linear_cross_entropy in the model and pass the result to add_loss"
        )

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: LinearCrossEntropy[Literal["mean"]], **options: Unpack[LinearOptions]
        ) -> None: ...
        @overload
        def __init__(
            self, *, reduction: ReductionT_co, **options: Unpack[LinearOptions]
        ) -> None: ...
        def __init__(self, **options: Any) -> None: ...
