"""Generalized Dice loss: each class counts alike, however small it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Unpack, overload

from numpy.typing import NDArray

from wce_core.compilers import do_not_convert
from wce_core.formulas.regions import generalized_dice
from wce_core.losses.further import completed_by
from wce_core.losses.signatures import ArrayT, Numbers, Scalar
from wce_core.types import Array, RegionNumber, RegionReduction, Together

from .dice import dice_loss
from .shared import (
    CategoricalRegion,
    ConfiguredCategoricalRegion,
    of_measure,
)


@overload
def generalized_dice_loss(
    predictions: Numbers,
    targets: Array,
    *,
    reduction: Literal["none"],
    **rest: Unpack[CategoricalRegion],
) -> NDArray[Any]: ...
@overload
def generalized_dice_loss(
    predictions: Numbers,
    targets: Array,
    *,
    reduction: RegionNumber = "mean",
    **rest: Unpack[CategoricalRegion],
) -> Scalar: ...
@overload
def generalized_dice_loss(
    predictions: ArrayT,
    targets: Array,
    *,
    reduction: RegionReduction = "mean",
    **rest: Unpack[CategoricalRegion],
) -> ArrayT: ...
@completed_by(dice_loss, without=("squared",))
@do_not_convert
def generalized_dice_loss(  # noqa: D417  # the rest is documented where it comes from
    predictions: Any, targets: Array, *, classes: Together = "together", **rest: Any
) -> Any:
    """Generalized Dice loss of C exclusive classes: each class counts alike, however small it is.

    With TP, FP and FN of each class as for :func:`dice_loss`, T = Σ ω·t its size, and c = w / T²,

        ℓ = Σ_k c_k·(FP_k + FN_k) / (Σ_k c_k·(2·TP_k + FP_k + FN_k) + smooth)

    is the loss of a sample, or of the batch. Classes without a target have the largest 1/T² of the
    classes with one. c is a constant of the gradient.

    Parameters
    ----------
    classes
        ``"together"``: other losses have classes apart.

    See Also
    --------
    GeneralizedDiceLoss : the same with its options fixed.
    dice_loss : the mean of the losses of classes.
    wce_core.value_and_grad : value and gradient, also of NumPy arrays.

    References
    ----------
    .. [1] C. H. Sudre, W. Li, T. Vercauteren, S. Ourselin and M. J. Cardoso, "Generalised Dice
       overlap as a deep learning loss function for highly unbalanced segmentations", DLMIA 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from wce_core.losses import generalized_dice_loss
    >>> pixels = np.array([[0, 0, 0, 1]])
    >>> logits = 20.0 * np.eye(2)[pixels]
    >>> pixels[0, 0] = 1
    >>> generalized_dice_loss(logits, pixels, smooth=0.0).round(4)
    np.float64(0.25)

    """
    return of_measure(
        generalized_dice(), predictions, targets, {**rest, "classes": classes}, categorical=True
    )


@dataclass(frozen=True, kw_only=True, repr=False)
class GeneralizedDiceLoss(ConfiguredCategoricalRegion):
    """:func:`generalized_dice_loss` with its options fixed: immutable, comparable, hashable.

    Called as ``loss(predictions, targets, sample_weight=None, mask=None)``. What no call could make
    right is an error here. Its fields are the options of
    :func:`generalized_dice_loss`, which says what each of them means.

    See Also
    --------
    generalized_dice_loss : what each of its fields means.

    Examples
    --------
    >>> GeneralizedDiceLoss(per='batch')
    GeneralizedDiceLoss(per='batch')

    """

    classes: Together = "together"
    _function = staticmethod(generalized_dice_loss)
    _ratio = staticmethod(generalized_dice)
