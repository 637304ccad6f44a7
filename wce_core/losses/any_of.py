"""Cross-entropy of items of which any of some candidates is right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Never, TypedDict, Unpack, overload

from numpy.typing import NDArray

from wce_core.call.parts import LossParts
from wce_core.compilers import do_not_convert
from wce_core.errors import choice_error
from wce_core.formulas.links import CANDIDATES
from wce_core.types import (
    Array,
    CandidateRule,
    ClassWeight,
    Empty,
    Form,
    Precision,
    Reduction,
)

from .configured import ConfiguredItems, CrossEntropy
from .cross_entropy import cross_entropy
from .defined import of_reading
from .further import completed_by, documented_by
from .signatures import ArrayT, AtCall, Numbers, ReductionT_co, Scalar, ToArray, ToNumber

OF_MASS = ("ignore_index", "cost_matrix", "label_smoothing", "smoothing", "soft_weighting", "clip")
"""What a set has no use for."""


class AnyOfOptions(TypedDict, total=False):
    """What a configured loss of candidates holds, apart from its reduction."""

    rule: CandidateRule
    class_weight: ClassWeight | None
    axis: int
    negative_weights: bool
    form: Form
    empty: Empty
    precision: Precision
    dtype: Any
    validate: bool | None


class AnyOf(AnyOfOptions, AtCall, total=False):
    """All of a loss of candidates."""


def reading_of(rule: CandidateRule) -> str:
    """What the rule reads of a row; a ValueError if there is none of that name."""
    if rule not in CANDIDATES:
        raise choice_error("rule", rule, CANDIDATES)
    return CANDIDATES[rule]


@overload
def any_of_cross_entropy(predictions: Never, candidates: Array, **rest: Unpack[AnyOf]) -> Any: ...
@overload
def any_of_cross_entropy(
    predictions: Any, candidates: Array, *, reduction: Literal["parts"], **rest: Unpack[AnyOf]
) -> LossParts: ...
@overload
def any_of_cross_entropy(
    predictions: Numbers, candidates: Array, *, reduction: Literal["none"], **rest: Unpack[AnyOf]
) -> NDArray[Any]: ...
@overload
def any_of_cross_entropy(
    predictions: Numbers, candidates: Array, *, reduction: ToNumber = "mean", **rest: Unpack[AnyOf]
) -> Scalar: ...
@overload
def any_of_cross_entropy(
    predictions: ArrayT, candidates: Array, *, reduction: ToArray = "mean", **rest: Unpack[AnyOf]
) -> ArrayT: ...
@overload
def any_of_cross_entropy(
    predictions: Any, candidates: Array, *, reduction: Reduction, **rest: Unpack[AnyOf]
) -> Any: ...
@completed_by(cross_entropy, without=("targets", *OF_MASS))
@do_not_convert
def any_of_cross_entropy(  # noqa: D417  # the rest is documented where it comes from
    predictions: Array, candidates: Array, *, rule: CandidateRule = "marginal", **rest: Any
) -> Any:
    """Weighted cross-entropy of C classes of which any of some candidates is right.

    With S the set of candidates of an item, n their number, p the softmax of its logits x, a the
    likeliest candidate, s the product of all weights of the item as a whole and w class weights,

        ℓ = s·w̄·L,     ω = s·w̄,     w̄ = Σ_{k∈S} w_k / n,

    are its loss and its effective weight, where L is by the ``rule``

        ``"marginal"``  −log Σ_{k∈S} p_k, with gradient p_j for j ∉ S, and p_j − p_j / Σ_{k∈S} p_k;
        ``"max"``       −log p_a, the cross-entropy of the class a;
        ``"pinned"``    n·log(n + Σ_{k∉S} exp(x_k − x_a)): the cross-entropy of mass 1 on each
                        candidate, after the logits of all of them were set to that of a.

    A set of one class is that class' cross-entropy, by every rule. A set of all has L = 0 by the
    marginal rule, n·log n when pinned, and gradient 0 by both.

    Parameters
    ----------
    candidates
        Boolean, of the predictions' shape: True for each class that is right. A set without a class
        is refused; to leave an item out pass ``mask``.
    rule
        ``"marginal"``, ``"max"`` or ``"pinned"``. The likeliest candidate is the first of equal
        ones; there is no gradient through the choice.
    class_weight
        w: one weight per class, as a (C,) array or a mapping that names every class once. Which of
        the candidates an item belongs to is not known, so it has the mean of their weights. Or
        ``"balanced"``: n/(K·n_k) of this batch, in which each candidate of a set counts as 1/n of
        an item.
    form
        What the predictions are: ``"logits"``, ``"probabilities"`` or ``"log_probabilities"``. The
        latter two are taken as they are, and those of candidates alone are read. Pinned, their loss
        is n·log((1 + Σ_{k∈S} (p_a − p_k)) / p_a), which of a softmax is the same.

    See Also
    --------
    AnyOfCrossEntropy : the same with its options fixed.
    cross_entropy : for items of which it is known what they are, or by what share.
    wce_core.value_and_grad : value and gradient, also of NumPy arrays.

    Notes
    -----
    Candidates and other classes are each measured from their own largest logit, so that L and its
    gradient keep their last digits where Σ_{k∈S} p_k is next to 1 and where it is next to 0. Of
    probabilities and log-probabilities several numbers are added that were rounded before: L is
    right to 2 eps of 1, and of itself where there is one candidate.

    The marginal rule is that of maximum likelihood where labels are known to be among some [1]_.

    References
    ----------
    .. [1] R. Jin and Z. Ghahramani, "Learning with multiple labels", NeurIPS 2002.

    Examples
    --------
    >>> import numpy as np
    >>> from wce_core.losses import any_of_cross_entropy
    >>> logits = np.array([[0.1, 0.2, 0.95, 0.1, 0.01]])
    >>> candidates = np.array([[False, True, True, False, True]])
    >>> for rule in ("marginal", "max", "pinned"):
    ...     print(f"{rule:9}{any_of_cross_entropy(logits, candidates, rule=rule):.7f}")
    marginal 0.3776466
    max      0.9998317
    pinned   4.0479806

    The gradient of the marginal rule raises the candidates, and of each other class lowers the
    logit:

    >>> import wce_core
    >>> _, gradient = wce_core.value_and_grad(any_of_cross_entropy)(logits, candidates)
    >>> gradient.round(6)
    array([[ 0.157264, -0.079749, -0.168829,  0.157264, -0.065949]])

    """
    reading = reading_of(rule)
    return of_reading(reading, predictions, candidates, rest, without=OF_MASS, more={})


@documented_by(CrossEntropy, without=OF_MASS)
@dataclass(frozen=True, kw_only=True, repr=False)
class AnyOfCrossEntropy(ConfiguredItems[ReductionT_co]):
    """:func:`any_of_cross_entropy` with its options fixed: immutable, comparable, hashable.

    Called as ``loss(predictions, candidates, sample_weight=None, mask=None, normalizer=None)``.
    What no call could make right is an error here. In JAX it is a pytree: weights are leaves, and
    all other options static. Keras, too, has to be given boolean candidates.

    Parameters
    ----------
    rule
        ``"marginal"``, ``"max"`` or ``"pinned"``.
    form
        What the predictions are: ``"logits"``, ``"probabilities"`` or ``"log_probabilities"``.

    See Also
    --------
    any_of_cross_entropy : what each of them means in full.

    Examples
    --------
    >>> AnyOfCrossEntropy(rule="max", reduction="sum")
    AnyOfCrossEntropy(reduction='sum', rule='max')

    """

    rule: CandidateRule = "marginal"
    axis: int = -1
    _categorical = True
    _weights = ("class_weight",)
    _function = staticmethod(any_of_cross_entropy)
    _reading = staticmethod(reading_of)

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: AnyOfCrossEntropy[Literal["mean"]], **options: Unpack[AnyOfOptions]
        ) -> None: ...
        @overload
        def __init__(
            self, *, reduction: ReductionT_co, **options: Unpack[AnyOfOptions]
        ) -> None: ...
        def __init__(self, **options: Any) -> None: ...
