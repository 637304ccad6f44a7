"""Tversky loss: mistakes of two kinds that cost differently."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Unpack, overload

from numpy.typing import NDArray

from wce_core.compilers import do_not_convert
from wce_core.formulas.regions import tversky
from wce_core.losses.further import completed_by
from wce_core.losses.signatures import ArrayT, Numbers, Scalar
from wce_core.types import Array, RegionNumber, RegionReduction

from .dice import binary_dice_loss, dice_loss
from .shared import (
    BinaryRegion,
    CategoricalRegion,
    ConfiguredBinaryRegion,
    ConfiguredCategoricalRegion,
    of_measure,
)


class Tversky(CategoricalRegion, total=False):
    """All of a Tversky loss of exclusive classes."""

    alpha: float
    beta: float


class BinaryTversky(BinaryRegion, total=False):
    """All of a Tversky loss of labels."""

    alpha: float
    beta: float


@overload
def tversky_loss(
    predictions: Numbers, targets: Array, *, reduction: Literal["none"], **rest: Unpack[Tversky]
) -> NDArray[Any]: ...
@overload
def tversky_loss(
    predictions: Numbers,
    targets: Array,
    *,
    reduction: RegionNumber = "mean",
    **rest: Unpack[Tversky],
) -> Scalar: ...
@overload
def tversky_loss(
    predictions: ArrayT,
    targets: Array,
    *,
    reduction: RegionReduction = "mean",
    **rest: Unpack[Tversky],
) -> ArrayT: ...
@completed_by(dice_loss, without=("squared",))
@do_not_convert
def tversky_loss(  # noqa: D417  # the rest is documented where it comes from
    predictions: Any, targets: Array, *, alpha: float = 0.5, beta: float = 0.5, **rest: Any
) -> Any:
    """Tversky loss of C exclusive classes: mistakes that cost differently.

    With TP, FP and FN as for :func:`dice_loss`,

        ℓ = w · (α·FP + β·FN) / (TP + α·FP + β·FN + smooth)

    is the loss of a region. 0/0 is 0.

    With β > α what is missed costs more than what is marked in vain, so that recall grows at the
    cost of precision. α = β = ½ is Dice loss with half of its ``smooth``; α = β = 1 Jaccard loss.

    Parameters
    ----------
    alpha, beta
        α and β, finite numbers from 0 on, not both 0.

    See Also
    --------
    TverskyLoss : the same with its options fixed.
    binary_tversky_loss : for labels that do not exclude each other, and for masks of one class.
    dice_loss : α = β = ½ of it, but for ``smooth``.
    wce_core.value_and_grad : value and gradient, also of NumPy arrays.

    References
    ----------
    .. [1] S. S. M. Salehi, D. Erdogmus and A. Gholipour, "Tversky loss function for image
       segmentation using 3D fully convolutional deep networks", MLMI 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from wce_core.losses import tversky_loss
    >>> pixels = np.array([[0, 0, 0, 1]])
    >>> logits = 20.0 * np.eye(2)[pixels]
    >>> pixels[0, 0] = 1
    >>> tversky_loss(
    ...     logits, pixels, smooth=0.0, reduction="none", alpha=0.3, beta=0.7
    ... ).round(4)
    array([[0.1304, 0.4118]])

    """
    return of_measure(tversky(alpha, beta), predictions, targets, rest, categorical=True)


@overload
def binary_tversky_loss(
    predictions: Numbers,
    targets: Array,
    *,
    reduction: Literal["none"],
    **rest: Unpack[BinaryTversky],
) -> NDArray[Any]: ...
@overload
def binary_tversky_loss(
    predictions: Numbers,
    targets: Array,
    *,
    reduction: RegionNumber = "mean",
    **rest: Unpack[BinaryTversky],
) -> Scalar: ...
@overload
def binary_tversky_loss(
    predictions: ArrayT,
    targets: Array,
    *,
    reduction: RegionReduction = "mean",
    **rest: Unpack[BinaryTversky],
) -> ArrayT: ...
@completed_by(binary_dice_loss, without=("squared",))
@do_not_convert
def binary_tversky_loss(  # noqa: D417  # the rest is documented where it comes from
    predictions: Any, targets: Array, *, alpha: float = 0.5, beta: float = 0.5, **rest: Any
) -> Any:
    """Tversky loss of masks and of labels: mistakes that cost differently.

    With TP, FP and FN as for :func:`binary_dice_loss`,

        ℓ = (α·FP + β·FN) / (TP + α·FP + β·FN + smooth)

    is the loss of a region. 0/0 is 0.

    With β > α what is missed costs more than what is marked in vain, so that recall grows at the
    cost of precision. α = β = ½ is Dice loss with half of its ``smooth``; α = β = 1 Jaccard loss.

    Parameters
    ----------
    alpha, beta
        α and β, finite numbers from 0 on, not both 0.

    See Also
    --------
    BinaryTverskyLoss : the same with its options fixed.
    tversky_loss : for exclusive classes.
    binary_dice_loss : α = β = ½ of it, but for ``smooth``.
    wce_core.value_and_grad : value and gradient, also of NumPy arrays.

    References
    ----------
    .. [1] S. S. M. Salehi, D. Erdogmus and A. Gholipour, "Tversky loss function for image
       segmentation using 3D fully convolutional deep networks", MLMI 2017.

    Examples
    --------
    A mask of two pixels, of which one is missed:

    >>> import numpy as np
    >>> from wce_core.losses import binary_tversky_loss
    >>> mask, probabilities = np.array([[1, 1, 0, 0]]), np.array([[1.0, 0.0, 0.0, 0.0]])
    >>> binary_tversky_loss(
    ...     probabilities, mask, form="probabilities", smooth=0.0, alpha=0.3, beta=0.7
    ... ).round(4)
    np.float64(0.4118)

    """
    return of_measure(tversky(alpha, beta), predictions, targets, rest, categorical=False)


@dataclass(frozen=True, kw_only=True, repr=False)
class TverskyLoss(ConfiguredCategoricalRegion):
    """:func:`tversky_loss` with its options fixed: immutable, comparable, hashable.

    Called as ``loss(predictions, targets, sample_weight=None, mask=None)``. What no call could make
    right is an error here. Its fields are the options of
    :func:`tversky_loss`, which says what each of them means.

    See Also
    --------
    tversky_loss : what each of its fields means.

    Examples
    --------
    >>> TverskyLoss(beta=0.8)
    TverskyLoss(beta=0.8)

    """

    alpha: float = 0.5
    beta: float = 0.5
    _function = staticmethod(tversky_loss)
    _ratio = staticmethod(tversky)


@dataclass(frozen=True, kw_only=True, repr=False)
class BinaryTverskyLoss(ConfiguredBinaryRegion):
    """:func:`binary_tversky_loss` with its options fixed: immutable, comparable, hashable.

    Called as ``loss(predictions, targets, sample_weight=None, mask=None)``. What no call could make
    right is an error here. Its fields are the options of
    :func:`binary_tversky_loss`, which says what each of them means.

    See Also
    --------
    binary_tversky_loss : what each of its fields means.

    Examples
    --------
    >>> BinaryTverskyLoss(smooth=1.0, alpha=0.2)
    BinaryTverskyLoss(smooth=1.0, alpha=0.2)

    """

    alpha: float = 0.5
    beta: float = 0.5
    _function = staticmethod(binary_tversky_loss)
    _ratio = staticmethod(tversky)
