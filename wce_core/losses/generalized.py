"""Generalized cross-entropy: between −log p and 1 − p."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Never, Unpack, overload

from numpy.typing import NDArray

from wce_core.call.parts import LossParts
from wce_core.compilers import do_not_convert
from wce_core.formulas.terms import generalized
from wce_core.types import Array, Reduction

from .configured import ConfiguredCategorical, CrossEntropy
from .cross_entropy import cross_entropy
from .defined import of_term
from .further import completed_by, documented_by
from .signatures import (
    ArrayT,
    AtCall,
    CategoricalOptions,
    Numbers,
    ReductionT_co,
    Scalar,
    ToArray,
    ToNumber,
)


class GeneralizedOptions(CategoricalOptions, total=False):
    """What a configured generalized cross-entropy holds, apart from its reduction."""

    q: float


class Generalized(GeneralizedOptions, AtCall, total=False):
    """All of a generalized cross-entropy."""


@overload
def generalized_cross_entropy(
    predictions: Never, targets: Array, **rest: Unpack[Generalized]
) -> Any: ...
@overload
def generalized_cross_entropy(
    predictions: Any, targets: Array, *, reduction: Literal["parts"], **rest: Unpack[Generalized]
) -> LossParts: ...
@overload
def generalized_cross_entropy(
    predictions: Numbers, targets: Array, *, reduction: Literal["none"], **rest: Unpack[Generalized]
) -> NDArray[Any]: ...
@overload
def generalized_cross_entropy(
    predictions: Numbers,
    targets: Array,
    *,
    reduction: ToNumber = "mean",
    **rest: Unpack[Generalized],
) -> Scalar: ...
@overload
def generalized_cross_entropy(
    predictions: ArrayT, targets: Array, *, reduction: ToArray = "mean", **rest: Unpack[Generalized]
) -> ArrayT: ...
@overload
def generalized_cross_entropy(
    predictions: Any, targets: Array, *, reduction: Reduction, **rest: Unpack[Generalized]
) -> Any: ...
@completed_by(cross_entropy)
@do_not_convert
def generalized_cross_entropy(  # noqa: D417  # the rest is documented where it comes from
    predictions: Array, targets: Array, *, q: float = 0.7, **rest: Any
) -> Any:
    """Weighted generalized cross-entropy of C exclusive classes, for labels that may be wrong.

    With target mass t, class weights w and s as for :func:`cross_entropy`,

        ℓ = s · Σ_k w_k t_k (1 − p_k^q)/q,     ω = s · Σ_k w_k t_k.

    For small q it is nearly the cross-entropy, for q = 1 it is 1 − p, half of the mean absolute
    error. It is never more than 1/q, and its gradient is p^q times that of the cross-entropy: an
    item whose label the model finds unlikely, as a wrong one is, hardly counts.

    Parameters
    ----------
    q
        The power of p, in (0, 1].

    See Also
    --------
    GeneralizedCrossEntropy : the same with its options fixed.
    cross_entropy : its limit for q → 0.
    wce_core.value_and_grad : value and gradient, also of NumPy arrays.

    Notes
    -----
    Where p = 0, the gradient is given as 0: that to logits and log-probabilities is, and that to
    probabilities, which is infinite for q < 1, would never let go of such an item.

    References
    ----------
    .. [1] Z. Zhang and M. R. Sabuncu, "Generalized cross entropy loss for training deep neural
       networks with noisy labels", NeurIPS 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from wce_core.losses import generalized_cross_entropy
    >>> logits, labels = np.array([[2.0, 0.0], [9.0, 0.0]]), np.array([0, 1])
    >>> generalized_cross_entropy(logits, labels, q=0.7, reduction="none").round(4)
    array([0.1215, 1.4259])

    """
    return of_term(generalized(q), predictions, targets, rest, categorical=True)


@documented_by(CrossEntropy)
@dataclass(frozen=True, kw_only=True, repr=False)
class GeneralizedCrossEntropy(ConfiguredCategorical[ReductionT_co]):
    """:func:`generalized_cross_entropy` with its options fixed: immutable, comparable, hashable.

    Called as ``loss(predictions, targets, sample_weight=None, mask=None, normalizer=None)``. What
    no call could make right is an error here. In JAX it is a pytree: weights are leaves, and all
    other options static.

    Parameters
    ----------
    q
        The power of p, in (0, 1].

    See Also
    --------
    generalized_cross_entropy : what each of them means in full.

    Examples
    --------
    >>> GeneralizedCrossEntropy(q=0.5, reduction="sum")
    GeneralizedCrossEntropy(reduction='sum', q=0.5)

    """

    q: float = 0.7
    _function = staticmethod(generalized_cross_entropy)
    _term = staticmethod(generalized)

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: GeneralizedCrossEntropy[Literal["mean"]], **options: Unpack[GeneralizedOptions]
        ) -> None: ...
        @overload
        def __init__(
            self, *, reduction: ReductionT_co, **options: Unpack[GeneralizedOptions]
        ) -> None: ...
        def __init__(self, **options: Any) -> None: ...
