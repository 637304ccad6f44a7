"""Focal losses: cross-entropies in which what is right already counts for less."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Never, Unpack, overload

from numpy.typing import NDArray

from wce_core.call.parts import LossParts
from wce_core.compilers import do_not_convert
from wce_core.formulas.terms import focal
from wce_core.types import Array, Reduction

from .binary_cross_entropy import binary_cross_entropy
from .configured import BinaryCrossEntropy, ConfiguredBinary, ConfiguredCategorical, CrossEntropy
from .cross_entropy import cross_entropy
from .defined import of_term
from .further import completed_by, documented_by
from .signatures import (
    ArrayT,
    AtCall,
    BinaryOptions,
    CategoricalOptions,
    Numbers,
    ReductionT_co,
    Scalar,
    ToArray,
    ToNumber,
)


class FocalOptions(CategoricalOptions, total=False):
    """What a configured multi-class focal loss holds, apart from its reduction."""

    gamma: float


class Focal(FocalOptions, AtCall, total=False):
    """All of a multi-class focal loss."""


class BinaryFocalOptions(BinaryOptions, total=False):
    """What a configured binary focal loss holds, apart from its reduction."""

    gamma: float


class BinaryFocal(BinaryFocalOptions, AtCall, total=False):
    """All of a binary focal loss."""


@overload
def focal_cross_entropy(predictions: Never, targets: Array, **rest: Unpack[Focal]) -> Any: ...
@overload
def focal_cross_entropy(
    predictions: Any, targets: Array, *, reduction: Literal["parts"], **rest: Unpack[Focal]
) -> LossParts: ...
@overload
def focal_cross_entropy(
    predictions: Numbers, targets: Array, *, reduction: Literal["none"], **rest: Unpack[Focal]
) -> NDArray[Any]: ...
@overload
def focal_cross_entropy(
    predictions: Numbers, targets: Array, *, reduction: ToNumber = "mean", **rest: Unpack[Focal]
) -> Scalar: ...
@overload
def focal_cross_entropy(
    predictions: ArrayT, targets: Array, *, reduction: ToArray = "mean", **rest: Unpack[Focal]
) -> ArrayT: ...
@overload
def focal_cross_entropy(
    predictions: Any, targets: Array, *, reduction: Reduction, **rest: Unpack[Focal]
) -> Any: ...
@completed_by(cross_entropy)
@do_not_convert
def focal_cross_entropy(  # noqa: D417  # the rest is documented where it comes from
    predictions: Array, targets: Array, *, gamma: float = 2.0, **rest: Any
) -> Any:
    """Weighted focal loss of C exclusive classes: what is right already counts for less.

    With target mass q, class weights w and s as for :func:`cross_entropy`,

        ℓ = s · Σ_k w_k q_k (1 − p_k)^γ (−log p_k),     ω = s · Σ_k w_k q_k.

    The factor (1 − p)^γ is a part of the loss of each class, and no weight: it is differentiated,
    and no denominator counts it. For γ = 0 the loss is the cross-entropy. On soft targets each
    class has its own factor. Balanced by α as in [1]_, it is the loss with ``class_weight``.

    Parameters
    ----------
    gamma
        γ, a finite number from 0 on.

    See Also
    --------
    FocalCrossEntropy : the same with its options fixed.
    binary_focal_cross_entropy : for two classes, and for labels that do not exclude each other.
    wce_core.value_and_grad : value and gradient, also of NumPy arrays.

    Notes
    -----
    Value and gradient are finite for finite logits and every γ, also between 0 and 1, where the
    factor's own slope is infinite at p = 1. An error of −log p of one eps is one of up to 1 + γ eps
    of the loss.

    References
    ----------
    .. [1] T.-Y. Lin, P. Goyal, R. Girshick, K. He and P. Dollár, "Focal loss for dense object
       detection", ICCV 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from wce_core.losses import cross_entropy, focal_cross_entropy
    >>> logits, labels = np.array([[4.0, 0.0, 0.0], [0.0, 0.0, 0.0]]), np.array([0, 2])
    >>> cross_entropy(logits, labels, reduction="none").round(4)
    array([0.036 , 1.0986])
    >>> focal_cross_entropy(logits, labels, gamma=2.0, reduction="none").round(4)
    array([0.    , 0.4883])

    """
    return of_term(focal(gamma), predictions, targets, rest, categorical=True)


@overload
def binary_focal_cross_entropy(
    predictions: Never, targets: Array, **rest: Unpack[BinaryFocal]
) -> Any: ...
@overload
def binary_focal_cross_entropy(
    predictions: Any, targets: Array, *, reduction: Literal["parts"], **rest: Unpack[BinaryFocal]
) -> LossParts: ...
@overload
def binary_focal_cross_entropy(
    predictions: Numbers, targets: Array, *, reduction: Literal["none"], **rest: Unpack[BinaryFocal]
) -> NDArray[Any]: ...
@overload
def binary_focal_cross_entropy(
    predictions: Numbers,
    targets: Array,
    *,
    reduction: ToNumber = "mean",
    **rest: Unpack[BinaryFocal],
) -> Scalar: ...
@overload
def binary_focal_cross_entropy(
    predictions: ArrayT, targets: Array, *, reduction: ToArray = "mean", **rest: Unpack[BinaryFocal]
) -> ArrayT: ...
@overload
def binary_focal_cross_entropy(
    predictions: Any, targets: Array, *, reduction: Reduction, **rest: Unpack[BinaryFocal]
) -> Any: ...
@completed_by(binary_cross_entropy)
@do_not_convert
def binary_focal_cross_entropy(  # noqa: D417  # the rest is documented where it comes from
    predictions: Array, targets: Array, *, gamma: float = 2.0, **rest: Any
) -> Any:
    """Weighted focal loss of two classes, for one label or for many.

    With p = σ(z) the probability of class 1, and y, w₀, w₁ and s as for
    :func:`binary_cross_entropy`,

        ℓ = s·(w₁·y·(1−p)^γ·(−log p) + w₀·(1−y)·p^γ·(−log(1−p))),     ω = s·(w₁·y + w₀·(1−y)).

    The factors (1−p)^γ and p^γ are a part of the loss, and no weights: they are differentiated,
    and no denominator counts them. For γ = 0 the loss is the cross-entropy. On soft targets each
    class has its own factor. Balanced by α as in [1]_, it is the loss with
    ``class_weight=(1 − α, α)``.

    Parameters
    ----------
    gamma
        γ, a finite number from 0 on.

    See Also
    --------
    BinaryFocalCrossEntropy : the same with its options fixed.
    focal_cross_entropy : for classes that exclude each other.
    wce_core.value_and_grad : value and gradient, also of NumPy arrays.

    Notes
    -----
    Value and gradient are finite for finite logits and every γ, also between 0 and 1, where the
    factor's own slope is infinite at p = 1. An error of −log p of one eps is one of up to 1 + γ eps
    of the loss.

    References
    ----------
    .. [1] T.-Y. Lin, P. Goyal, R. Girshick, K. He and P. Dollár, "Focal loss for dense object
       detection", ICCV 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from wce_core.losses import binary_focal_cross_entropy
    >>> logits, labels = np.array([2.0, -2.0, 0.0]), np.array([1, 1, 0])
    >>> binary_focal_cross_entropy(logits, labels, gamma=2.0, reduction="none").round(4)
    array([0.0018, 1.6501, 0.1733])

    Balanced by α = ¼, which is the weight of class 1:

    >>> alpha = 0.25
    >>> weights = (1 - alpha, alpha)
    >>> binary_focal_cross_entropy(logits, labels, class_weight=weights, reduction="sum").round(4)
    np.float64(0.5429)

    """
    return of_term(focal(gamma), predictions, targets, rest, categorical=False)


@documented_by(CrossEntropy)
@dataclass(frozen=True, kw_only=True, repr=False)
class FocalCrossEntropy(ConfiguredCategorical[ReductionT_co]):
    """:func:`focal_cross_entropy` with its options fixed: immutable, comparable, hashable.

    Called as ``loss(predictions, targets, sample_weight=None, mask=None, normalizer=None)``. What
    no call could make right is an error here. In JAX it is a pytree: weights are leaves, and all
    other options static.

    Parameters
    ----------
    gamma
        γ, a finite number from 0 on.

    See Also
    --------
    focal_cross_entropy : what each of them means in full.

    Examples
    --------
    >>> FocalCrossEntropy(gamma=1.5, class_weight=[1.0, 3.0])
    FocalCrossEntropy(class_weight=[1.0, 3.0], gamma=1.5)

    """

    gamma: float = 2.0
    _function = staticmethod(focal_cross_entropy)
    _term = staticmethod(focal)

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: FocalCrossEntropy[Literal["mean"]], **options: Unpack[FocalOptions]
        ) -> None: ...
        @overload
        def __init__(
            self, *, reduction: ReductionT_co, **options: Unpack[FocalOptions]
        ) -> None: ...
        def __init__(self, **options: Any) -> None: ...


@documented_by(BinaryCrossEntropy)
@dataclass(frozen=True, kw_only=True, repr=False)
class BinaryFocalCrossEntropy(ConfiguredBinary[ReductionT_co]):
    """:func:`binary_focal_cross_entropy` with its options fixed: immutable, comparable, hashable.

    Called as ``loss(predictions, targets, sample_weight=None, mask=None, normalizer=None)``. What
    no call could make right is an error here. In JAX it is a pytree: weights are leaves, and all
    other options static.

    Parameters
    ----------
    gamma
        γ, a finite number from 0 on.

    See Also
    --------
    binary_focal_cross_entropy : what each of them means in full.

    Examples
    --------
    >>> BinaryFocalCrossEntropy(class_weight=(0.75, 0.25), reduction="sum")
    BinaryFocalCrossEntropy(class_weight=[0.75, 0.25], reduction='sum')

    """

    gamma: float = 2.0
    _function = staticmethod(binary_focal_cross_entropy)
    _term = staticmethod(focal)

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: BinaryFocalCrossEntropy[Literal["mean"]], **options: Unpack[BinaryFocalOptions]
        ) -> None: ...
        @overload
        def __init__(
            self, *, reduction: ReductionT_co, **options: Unpack[BinaryFocalOptions]
        ) -> None: ...
        def __init__(self, **options: Any) -> None: ...
