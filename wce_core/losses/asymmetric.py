"""Asymmetric loss: labels of which few are positive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Never, Unpack, overload

from numpy.typing import NDArray

from wce_core.call.parts import LossParts
from wce_core.compilers import do_not_convert
from wce_core.formulas.terms import asymmetric
from wce_core.types import Array, Reduction

from .binary_cross_entropy import binary_cross_entropy
from .configured import BinaryCrossEntropy, ConfiguredBinary
from .defined import of_term
from .further import completed_by, documented_by
from .signatures import (
    ArrayT,
    AtCall,
    BinaryOptions,
    Numbers,
    ReductionT_co,
    Scalar,
    ToArray,
    ToNumber,
)


class AsymmetricOptions(BinaryOptions, total=False):
    """What a configured asymmetric loss holds, apart from its reduction."""

    gamma_positive: float
    gamma_negative: float
    margin: float


class Asymmetric(AsymmetricOptions, AtCall, total=False):
    """All of a asymmetric loss."""


@overload
def asymmetric_loss(predictions: Never, targets: Array, **rest: Unpack[Asymmetric]) -> Any: ...
@overload
def asymmetric_loss(
    predictions: Any, targets: Array, *, reduction: Literal["parts"], **rest: Unpack[Asymmetric]
) -> LossParts: ...
@overload
def asymmetric_loss(
    predictions: Numbers, targets: Array, *, reduction: Literal["none"], **rest: Unpack[Asymmetric]
) -> NDArray[Any]: ...
@overload
def asymmetric_loss(
    predictions: Numbers,
    targets: Array,
    *,
    reduction: ToNumber = "mean",
    **rest: Unpack[Asymmetric],
) -> Scalar: ...
@overload
def asymmetric_loss(
    predictions: ArrayT, targets: Array, *, reduction: ToArray = "mean", **rest: Unpack[Asymmetric]
) -> ArrayT: ...
@overload
def asymmetric_loss(
    predictions: Any, targets: Array, *, reduction: Reduction, **rest: Unpack[Asymmetric]
) -> Any: ...
@completed_by(binary_cross_entropy)
@do_not_convert
def asymmetric_loss(  # noqa: D417  # the rest is documented where it comes from
    predictions: Array,
    targets: Array,
    *,
    gamma_positive: float = 1.0,
    gamma_negative: float = 4.0,
    margin: float = 0.05,
    **rest: Any,
) -> Any:
    """Weighted asymmetric loss of labels of which few are positive.

    With p = σ(z) the probability of class 1, p_m = max(p − m, 0), and y, w₀, w₁ and s as for
    :func:`binary_cross_entropy`,

        ℓ = s·(w₁·y·(1−p)^γ₊·(−log p) + w₀·(1−y)·p_m^γ₋·(−log(1−p_m))),   ω = s·(w₁·y + w₀·(1−y)).

    Easy negatives count for less than easy positives, and those with p ≤ m for nothing. All of it
    is differentiated. With γ₊ = γ₋ and m = 0 it is :func:`binary_focal_cross_entropy`.

    Parameters
    ----------
    gamma_positive, gamma_negative
        γ₊ and γ₋, finite numbers from 0 on.
    margin
        m in [0, 1).

    See Also
    --------
    AsymmetricLoss : the same with its options fixed.
    binary_focal_cross_entropy : one γ for both, and no margin.
    wce_core.value_and_grad : value and gradient, also of NumPy arrays.

    Notes
    -----
    Value and gradient are finite for finite logits. With m > 0 a negative costs at most
    (1 − m)^γ₋·(−log m). The authors' program has these defaults, but takes the factors for
    constants when it differentiates, unless told otherwise.

    References
    ----------
    .. [1] T. Ridnik, E. Ben-Baruch, N. Zamir, A. Noy, I. Friedman, M. Protter and L. Zelnik-Manor,
       "Asymmetric loss for multi-label classification", ICCV 2021.

    Examples
    --------
    >>> import numpy as np
    >>> from wce_core.losses import asymmetric_loss
    >>> logits, labels = np.array([[2.0, 1.0, -4.0]]), np.array([[1, 0, 0]])
    >>> asymmetric_loss(logits, labels, reduction="none").round(4)
    array([[0.0151, 0.2459, 0.    ]])

    """
    return of_term(
        asymmetric(gamma_positive, gamma_negative, margin),
        predictions,
        targets,
        rest,
        categorical=False,
    )


@documented_by(BinaryCrossEntropy)
@dataclass(frozen=True, kw_only=True, repr=False)
class AsymmetricLoss(ConfiguredBinary[ReductionT_co]):
    """:func:`asymmetric_loss` with its options fixed: immutable, comparable, hashable.

    Called as ``loss(predictions, targets, sample_weight=None, mask=None, normalizer=None)``. What
    no call could make right is an error here. In JAX it is a pytree: weights are leaves, and all
    other options static.

    Parameters
    ----------
    gamma_positive, gamma_negative
        γ₊ and γ₋, finite numbers from 0 on.
    margin
        m in [0, 1): negatives with p ≤ m cost nothing.

    See Also
    --------
    asymmetric_loss : what each of them means in full.

    Examples
    --------
    >>> AsymmetricLoss(gamma_negative=2.0, margin=0.0)
    AsymmetricLoss(gamma_negative=2.0, margin=0.0)

    """

    gamma_positive: float = 1.0
    gamma_negative: float = 4.0
    margin: float = 0.05
    _function = staticmethod(asymmetric_loss)
    _term = staticmethod(asymmetric)

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: AsymmetricLoss[Literal["mean"]], **options: Unpack[AsymmetricOptions]
        ) -> None: ...
        @overload
        def __init__(
            self, *, reduction: ReductionT_co, **options: Unpack[AsymmetricOptions]
        ) -> None: ...
        def __init__(self, **options: Any) -> None: ...
