"""Focal Tversky loss: a Tversky loss to a power."""

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


class FocalTversky(CategoricalRegion, total=False):
    """All of a focal Tversky loss of exclusive classes."""

    alpha: float
    beta: float
    gamma: float


class BinaryFocalTversky(BinaryRegion, total=False):
    """All of a focal Tversky loss of labels."""

    alpha: float
    beta: float
    gamma: float


@overload
def focal_tversky_loss(
    predictions: Numbers,
    targets: Array,
    *,
    reduction: Literal["none"],
    **rest: Unpack[FocalTversky],
) -> NDArray[Any]: ...
@overload
def focal_tversky_loss(
    predictions: Numbers,
    targets: Array,
    *,
    reduction: RegionNumber = "mean",
    **rest: Unpack[FocalTversky],
) -> Scalar: ...
@overload
def focal_tversky_loss(
    predictions: ArrayT,
    targets: Array,
    *,
    reduction: RegionReduction = "mean",
    **rest: Unpack[FocalTversky],
) -> ArrayT: ...
@completed_by(dice_loss, without=("squared",))
@do_not_convert
def focal_tversky_loss(  # noqa: D417  # the rest is documented where it comes from
    predictions: Any,
    targets: Array,
    *,
    alpha: float = 0.5,
    beta: float = 0.5,
    gamma: float = 0.75,
    **rest: Any,
) -> Any:
    """Focal Tversky loss of C exclusive classes: a Tversky loss to the power γ.

    With TP, FP and FN as for :func:`dice_loss`,

        ℓ = w · ((α·FP + β·FN) / (TP + α·FP + β·FN + smooth))^γ

    is the loss of a region. 0/0 is 0.

    With γ < 1 regions that are nearly right have larger gradients, with γ > 1 smaller. Where
    nothing is wrong the gradient is 0. The paper writes the exponent as 1/γ, and sets it to 3/4.

    Parameters
    ----------
    alpha, beta
        α and β, finite numbers from 0 on, not both 0.
    gamma
        γ, a finite number above 0.

    See Also
    --------
    FocalTverskyLoss : the same with its options fixed.
    binary_focal_tversky_loss : for labels that do not exclude each other, and for masks.
    tversky_loss : γ = 1.
    wce_core.value_and_grad : value and gradient, also of NumPy arrays.

    References
    ----------
    .. [1] N. Abraham and N. M. Khan, "A novel focal Tversky loss function with improved attention
       U-Net for lesion segmentation", ISBI 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from wce_core.losses import focal_tversky_loss
    >>> pixels = np.array([[0, 0, 0, 1]])
    >>> logits = 20.0 * np.eye(2)[pixels]
    >>> pixels[0, 0] = 1
    >>> focal_tversky_loss(
    ...     logits, pixels, smooth=0.0, reduction="none", alpha=0.3, beta=0.7
    ... ).round(4)
    array([[0.217, 0.514]])

    """
    return of_measure(tversky(alpha, beta, gamma), predictions, targets, rest, categorical=True)


@overload
def binary_focal_tversky_loss(
    predictions: Numbers,
    targets: Array,
    *,
    reduction: Literal["none"],
    **rest: Unpack[BinaryFocalTversky],
) -> NDArray[Any]: ...
@overload
def binary_focal_tversky_loss(
    predictions: Numbers,
    targets: Array,
    *,
    reduction: RegionNumber = "mean",
    **rest: Unpack[BinaryFocalTversky],
) -> Scalar: ...
@overload
def binary_focal_tversky_loss(
    predictions: ArrayT,
    targets: Array,
    *,
    reduction: RegionReduction = "mean",
    **rest: Unpack[BinaryFocalTversky],
) -> ArrayT: ...
@completed_by(binary_dice_loss, without=("squared",))
@do_not_convert
def binary_focal_tversky_loss(  # noqa: D417  # the rest is documented where it comes from
    predictions: Any,
    targets: Array,
    *,
    alpha: float = 0.5,
    beta: float = 0.5,
    gamma: float = 0.75,
    **rest: Any,
) -> Any:
    """Focal Tversky loss of masks and of labels: a Tversky loss to the power γ.

    With TP, FP and FN as for :func:`binary_dice_loss`,

        ℓ = ((α·FP + β·FN) / (TP + α·FP + β·FN + smooth))^γ

    is the loss of a region. 0/0 is 0.

    With γ < 1 regions that are nearly right have larger gradients, with γ > 1 smaller. Where
    nothing is wrong the gradient is 0. The paper writes the exponent as 1/γ, and sets it to 3/4.

    Parameters
    ----------
    alpha, beta
        α and β, finite numbers from 0 on, not both 0.
    gamma
        γ, a finite number above 0.

    See Also
    --------
    BinaryFocalTverskyLoss : the same with its options fixed.
    focal_tversky_loss : for exclusive classes.
    binary_tversky_loss : γ = 1.
    wce_core.value_and_grad : value and gradient, also of NumPy arrays.

    References
    ----------
    .. [1] N. Abraham and N. M. Khan, "A novel focal Tversky loss function with improved attention
       U-Net for lesion segmentation", ISBI 2019.

    Examples
    --------
    A mask of two pixels, of which one is missed:

    >>> import numpy as np
    >>> from wce_core.losses import binary_focal_tversky_loss
    >>> mask, probabilities = np.array([[1, 1, 0, 0]]), np.array([[1.0, 0.0, 0.0, 0.0]])
    >>> binary_focal_tversky_loss(
    ...     probabilities, mask, form="probabilities", smooth=0.0, alpha=0.3, beta=0.7
    ... ).round(4)
    np.float64(0.514)

    """
    return of_measure(tversky(alpha, beta, gamma), predictions, targets, rest, categorical=False)


@dataclass(frozen=True, kw_only=True, repr=False)
class FocalTverskyLoss(ConfiguredCategoricalRegion):
    """:func:`focal_tversky_loss` with its options fixed: immutable, comparable, hashable.

    Called as ``loss(predictions, targets, sample_weight=None, mask=None)``. What no call could make
    right is an error here. Its fields are the options of
    :func:`focal_tversky_loss`, which says what each of them means.

    See Also
    --------
    focal_tversky_loss : what each of its fields means.

    Examples
    --------
    >>> FocalTverskyLoss(beta=0.8)
    FocalTverskyLoss(beta=0.8)

    """

    alpha: float = 0.5
    beta: float = 0.5
    gamma: float = 0.75
    _function = staticmethod(focal_tversky_loss)
    _ratio = staticmethod(tversky)


@dataclass(frozen=True, kw_only=True, repr=False)
class BinaryFocalTverskyLoss(ConfiguredBinaryRegion):
    """:func:`binary_focal_tversky_loss` with its options fixed: immutable, comparable, hashable.

    Called as ``loss(predictions, targets, sample_weight=None, mask=None)``. What no call could make
    right is an error here. Its fields are the options of
    :func:`binary_focal_tversky_loss`, which says what each of them means.

    See Also
    --------
    binary_focal_tversky_loss : what each of its fields means.

    Examples
    --------
    >>> BinaryFocalTverskyLoss(smooth=1.0, alpha=0.2)
    BinaryFocalTverskyLoss(smooth=1.0, alpha=0.2)

    """

    alpha: float = 0.5
    beta: float = 0.5
    gamma: float = 0.75
    _function = staticmethod(binary_focal_tversky_loss)
    _ratio = staticmethod(tversky)
