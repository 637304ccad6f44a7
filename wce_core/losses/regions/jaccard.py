"""Jaccard loss: one minus intersection over union, of each region."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Unpack, overload

from numpy.typing import NDArray

from wce_core.compilers import do_not_convert
from wce_core.formulas.regions import jaccard
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


class Jaccard(CategoricalRegion, total=False):
    """All of a Jaccard loss of exclusive classes."""

    squared: bool


class BinaryJaccard(BinaryRegion, total=False):
    """All of a Jaccard loss of labels."""

    squared: bool


@overload
def jaccard_loss(
    predictions: Numbers, targets: Array, *, reduction: Literal["none"], **rest: Unpack[Jaccard]
) -> NDArray[Any]: ...
@overload
def jaccard_loss(
    predictions: Numbers,
    targets: Array,
    *,
    reduction: RegionNumber = "mean",
    **rest: Unpack[Jaccard],
) -> Scalar: ...
@overload
def jaccard_loss(
    predictions: ArrayT,
    targets: Array,
    *,
    reduction: RegionReduction = "mean",
    **rest: Unpack[Jaccard],
) -> ArrayT: ...
@completed_by(dice_loss)
@do_not_convert
def jaccard_loss(  # noqa: D417  # the rest is documented where it comes from
    predictions: Any, targets: Array, *, squared: bool = False, **rest: Any
) -> Any:
    """Jaccard loss of C exclusive classes: one minus intersection over union, of each region.

    With TP, FP and FN as for :func:`dice_loss`,

        ℓ = w · (FP + FN) / (TP + FP + FN + smooth),

    which is 1 − (TP + smooth) / (TP + FP + FN + smooth). 0/0 is 0.

    Parameters
    ----------
    squared
        True: Σ ω·(p − t)² in the place of FP + FN, so that the denominator is Σ ω·p² + Σ ω·t² less
        TP.

    See Also
    --------
    JaccardLoss : the same with its options fixed.
    binary_jaccard_loss : for labels that do not exclude each other, and for masks of one class.
    wce_core.value_and_grad : value and gradient, also of NumPy arrays.

    References
    ----------
    .. [1] M. A. Rahman and Y. Wang, "Optimizing intersection-over-union in deep neural networks for
       image segmentation", ISVC 2016.

    Examples
    --------
    >>> import numpy as np
    >>> from wce_core.losses import jaccard_loss
    >>> pixels = np.array([[0, 0, 0, 1]])
    >>> logits = 20.0 * np.eye(2)[pixels]
    >>> pixels[0, 0] = 1
    >>> jaccard_loss(logits, pixels, smooth=0.0, reduction="none").round(4)
    array([[0.3333, 0.5   ]])

    """
    return of_measure(jaccard(squared=squared), predictions, targets, rest, categorical=True)


@overload
def binary_jaccard_loss(
    predictions: Numbers,
    targets: Array,
    *,
    reduction: Literal["none"],
    **rest: Unpack[BinaryJaccard],
) -> NDArray[Any]: ...
@overload
def binary_jaccard_loss(
    predictions: Numbers,
    targets: Array,
    *,
    reduction: RegionNumber = "mean",
    **rest: Unpack[BinaryJaccard],
) -> Scalar: ...
@overload
def binary_jaccard_loss(
    predictions: ArrayT,
    targets: Array,
    *,
    reduction: RegionReduction = "mean",
    **rest: Unpack[BinaryJaccard],
) -> ArrayT: ...
@completed_by(binary_dice_loss)
@do_not_convert
def binary_jaccard_loss(  # noqa: D417  # the rest is documented where it comes from
    predictions: Any, targets: Array, *, squared: bool = False, **rest: Any
) -> Any:
    """Jaccard loss of masks and of labels: one minus intersection over union, of each region.

    With TP, FP and FN as for :func:`binary_dice_loss`,

        ℓ = (FP + FN) / (TP + FP + FN + smooth),

    which is 1 − (TP + smooth) / (TP + FP + FN + smooth). 0/0 is 0.

    Parameters
    ----------
    squared
        True: Σ ω·(p − t)² in the place of FP + FN, so that the denominator is Σ ω·p² + Σ ω·t² less
        TP.

    See Also
    --------
    BinaryJaccardLoss : the same with its options fixed.
    jaccard_loss : for exclusive classes.
    wce_core.value_and_grad : value and gradient, also of NumPy arrays.

    References
    ----------
    .. [1] M. A. Rahman and Y. Wang, "Optimizing intersection-over-union in deep neural networks for
       image segmentation", ISVC 2016.

    Examples
    --------
    >>> import numpy as np
    >>> from wce_core.losses import binary_jaccard_loss
    >>> masks = np.array([[[1, 1], [0, 0]], [[0, 1], [0, 1]]])
    >>> probabilities = masks.astype(float)
    >>> probabilities[0, 0, 0] = 0.0
    >>> binary_jaccard_loss(
    ...     probabilities, masks, form="probabilities", smooth=0.0, reduction="none"
    ... ).round(4)
    array([0.5, 0. ])

    """
    return of_measure(jaccard(squared=squared), predictions, targets, rest, categorical=False)


@dataclass(frozen=True, kw_only=True, repr=False)
class JaccardLoss(ConfiguredCategoricalRegion):
    """:func:`jaccard_loss` with its options fixed: immutable, comparable, hashable.

    Called as ``loss(predictions, targets, sample_weight=None, mask=None)``. What no call could make
    right is an error here. Its fields are the options of
    :func:`jaccard_loss`, which says what each of them means.

    See Also
    --------
    jaccard_loss : what each of its fields means.

    Examples
    --------
    >>> JaccardLoss(per='batch', squared=True)
    JaccardLoss(per='batch', squared=True)

    """

    squared: bool = False
    _function = staticmethod(jaccard_loss)
    _ratio = staticmethod(jaccard)


@dataclass(frozen=True, kw_only=True, repr=False)
class BinaryJaccardLoss(ConfiguredBinaryRegion):
    """:func:`binary_jaccard_loss` with its options fixed: immutable, comparable, hashable.

    Called as ``loss(predictions, targets, sample_weight=None, mask=None)``. What no call could make
    right is an error here. Its fields are the options of
    :func:`binary_jaccard_loss`, which says what each of them means.

    See Also
    --------
    binary_jaccard_loss : what each of its fields means.

    Examples
    --------
    >>> BinaryJaccardLoss(absent='skip')
    BinaryJaccardLoss(absent='skip')

    """

    squared: bool = False
    _function = staticmethod(binary_jaccard_loss)
    _ratio = staticmethod(jaccard)
