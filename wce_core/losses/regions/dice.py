"""Dice loss: one minus the Dice index of each region."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Unpack, overload

from numpy.typing import NDArray

from wce_core.compilers import do_not_convert
from wce_core.formulas.regions import dice
from wce_core.losses.further import completed_by
from wce_core.losses.signatures import ArrayT, Numbers, Scalar
from wce_core.types import (
    Absent,
    Array,
    ClassWeight,
    Form,
    Per,
    Precision,
    RegionNumber,
    RegionReduction,
    Together,
)

from .shared import (
    BinaryRegion,
    CategoricalRegion,
    ConfiguredBinaryRegion,
    ConfiguredCategoricalRegion,
    of_measure,
)


class Dice(CategoricalRegion, total=False):
    """All of a Dice loss of exclusive classes."""

    squared: bool


class BinaryDice(BinaryRegion, total=False):
    """All of a Dice loss of labels."""

    squared: bool


@overload
def dice_loss(
    predictions: Numbers, targets: Array, *, reduction: Literal["none"], **rest: Unpack[Dice]
) -> NDArray[Any]: ...
@overload
def dice_loss(
    predictions: Numbers, targets: Array, *, reduction: RegionNumber = "mean", **rest: Unpack[Dice]
) -> Scalar: ...
@overload
def dice_loss(
    predictions: ArrayT,
    targets: Array,
    *,
    reduction: RegionReduction = "mean",
    **rest: Unpack[Dice],
) -> ArrayT: ...
@do_not_convert
def dice_loss(
    predictions: Any,
    targets: Array,
    *,
    squared: bool = False,
    class_weight: ClassWeight | None = None,
    sample_weight: Array | None = None,
    mask: Array | None = None,
    ignore_index: int | None = None,
    axis: int = -1,
    per: Per = "sample",
    classes: Together = "apart",
    smooth: float = 1e-5,
    absent: Absent = "count",
    form: Form = "logits",
    reduction: RegionReduction = "mean",
    precision: Precision = "native",
    dtype: Any = None,
    validate: bool | None = None,
) -> Any:
    """Dice loss of C exclusive classes: how much of each class of each sample is missed.

    With p the probability of a class, t its target mass and ω the weight of an item, a region has
    TP = Σ ω·p·t, FP = Σ ω·p·(1−t) and FN = Σ ω·(1−p)·t over its items, and

        ℓ = w · (FP + FN) / (2·TP + FP + FN + smooth)

    is its loss: w·(1 − (2·TP + smooth) / (2·TP + FP + FN + smooth)), of which no digit is lost
    where a region is nearly right. 0/0 is 0.

    Parameters
    ----------
    predictions
        A floating array of at least one axis, classes along ``axis``. Its other axes count the
        items. Its framework computes, and gets the result.
    targets
        Class indices: an integer array of the items' shape. Or shares: a numeric array of the
        predictions' shape, each entry in [0, 1]. The rank decides which, never the values.
    squared
        True: Σ ω·(p − t)² in the place of FP + FN, so that the denominator is that of squares,
        Σ ω·p² + Σ ω·t², as in V-Net [2]_.
    class_weight
        w: one weight per class, as a (C,) array or a mapping that names every class 0 … C−1. Of
        classes together it multiplies the sums of each class.
    sample_weight
        A factor in ω, per item: its shape is a prefix of the items' shape, or has their rank with
        each axis equal or 1.
    mask
        Boolean, placed like ``sample_weight``. False excludes the item, and a NaN or infinity in it
        reaches neither loss nor gradient.
    ignore_index
        Index targets equal to it are excluded in the same way.
    axis
        The class axis.
    per
        ``"sample"``: a region is of one sample, an entry of the first axis of items. ``"batch"``:
        of all of them; such losses of parts of a batch don't add up to that of the whole, but their
        sums do (``reduction="parts"``).
    classes
        ``"apart"``: each class is a region of its own. ``"together"``: TP, FP and FN are added over
        classes first.
    smooth
        A number from 0 on, no subnormal one, added to numerator and denominator of the index.
    absent
        Regions without target mass, Σ ω·t = 0. ``"count"``: their loss is the formula's, 0 without
        predictions and near 1 with some. ``"zero"``: their loss is 0, and they count in the mean.
        ``"skip"``: their loss is 0, and they don't count.
    form
        What the predictions are: ``"logits"``, ``"probabilities"`` or ``"log_probabilities"``.
    reduction
        ``"none"``: the loss of each region, of shape (samples, classes), less the axes that are not
        apart. ``"sum"``. ``"mean"``: Σℓ over the number of regions that count. ``"weighted_mean"``:
        Σℓ / Σw. Over no region it is 0. ``"parts"``: :class:`wce_core.RegionParts`, sums that can
        be added to those of other batches, of which :meth:`DiceLoss.from_parts` makes the loss.
    precision
        ``"native"``: in the predictions' dtype, sums in float64 where the device has it.
        ``"exact"``: in float64, then rounded.
    dtype
        Of the result; that of the predictions if None.
    validate
        Look for impossible values. None: where they can be read at once. True: always. False:
        never.

    Returns
    -------
    A scalar of the predictions' framework; for ``reduction="none"`` an array of regions. Value and
    gradient are differentiable to any order by frameworks that can.

    Raises
    ------
    ValueError
        For shapes, values and combinations that do not fit; the message names the argument.
    TypeError
        For dtypes and types that do not fit.

    See Also
    --------
    DiceLoss : the same with its options fixed.
    binary_dice_loss : for labels that do not exclude each other, and for masks of one class.
    tversky_loss : mistakes of two kinds that cost differently.
    wce_core.value_and_grad : value and gradient, also of NumPy arrays.

    References
    ----------
    .. [1] C. H. Sudre, W. Li, T. Vercauteren, S. Ourselin and M. J. Cardoso, "Generalised Dice
       overlap as a deep learning loss function for highly unbalanced segmentations", DLMIA 2017.
    .. [2] F. Milletari, N. Navab and S.-A. Ahmadi, "V-Net: fully convolutional neural networks for
       volumetric medical image segmentation", 3DV 2016.

    Examples
    --------
    Two samples of four pixels, of which one is wrong:

    >>> import numpy as np
    >>> from wce_core.losses import dice_loss
    >>> pixels = np.array([[0, 0, 1, 1], [0, 0, 0, 1]])
    >>> logits = 20.0 * np.eye(2)[pixels]
    >>> pixels[1, 0] = 1
    >>> dice_loss(logits, pixels, smooth=0.0, reduction="none").round(4)
    array([[0.    , 0.    ],
           [0.2   , 0.3333]])
    >>> dice_loss(logits, pixels, smooth=0.0).round(4)
    np.float64(0.1333)

    """
    arguments = {
        "class_weight": class_weight,
        "sample_weight": sample_weight,
        "mask": mask,
        "ignore_index": ignore_index,
        "axis": axis,
        "per": per,
        "classes": classes,
        "smooth": smooth,
        "absent": absent,
        "form": form,
        "reduction": reduction,
        "precision": precision,
        "dtype": dtype,
        "validate": validate,
    }
    return of_measure(dice(squared=squared), predictions, targets, arguments, categorical=True)


@overload
def binary_dice_loss(
    predictions: Numbers, targets: Array, *, reduction: Literal["none"], **rest: Unpack[BinaryDice]
) -> NDArray[Any]: ...
@overload
def binary_dice_loss(
    predictions: Numbers,
    targets: Array,
    *,
    reduction: RegionNumber = "mean",
    **rest: Unpack[BinaryDice],
) -> Scalar: ...
@overload
def binary_dice_loss(
    predictions: ArrayT,
    targets: Array,
    *,
    reduction: RegionReduction = "mean",
    **rest: Unpack[BinaryDice],
) -> ArrayT: ...
@completed_by(dice_loss, without=("class_weight",))
@do_not_convert
def binary_dice_loss(  # noqa: D417  # the rest is documented where it comes from
    predictions: Any,
    targets: Array,
    *,
    squared: bool = False,
    ignore_index: float | None = None,
    axis: int | None = None,
    **rest: Any,
) -> Any:
    """Dice loss of masks and of labels: how much of each is missed.

    With p the probability of class 1, t the target and ω the weight of an element, a region has
    TP = Σ ω·p·t, FP = Σ ω·p·(1−t) and FN = Σ ω·(1−p)·t over its elements, and

        ℓ = (FP + FN) / (2·TP + FP + FN + smooth)

    is its loss: 1 − (2·TP + smooth) / (2·TP + FP + FN + smooth), of which no digit is lost where a
    region is nearly right. 0/0 is 0. Items are elements, classes are labels, and weights of regions
    are 1.

    Parameters
    ----------
    predictions
        A floating array of any shape, such as N × 500 × 500 × 1: one prediction of class 1 for each
        element. Its framework computes, and gets the result.
    targets
        A numeric or boolean array of the predictions' shape, each entry in [0, 1].
    ignore_index
        Targets equal to it are excluded as by ``mask``.
    axis
        The label axis, each entry of which is a region of its own. None: all elements of a sample
        belong to one mask.

    See Also
    --------
    BinaryDiceLoss : the same with its options fixed.
    dice_loss : for exclusive classes.
    binary_tversky_loss : mistakes of two kinds that cost differently.
    wce_core.value_and_grad : value and gradient, also of NumPy arrays.

    References
    ----------
    .. [2] F. Milletari, N. Navab and S.-A. Ahmadi, "V-Net: fully convolutional neural networks for
       volumetric medical image segmentation", 3DV 2016.

    Examples
    --------
    A mask of which the prediction covers half, and one that it covers:

    >>> import numpy as np
    >>> from wce_core.losses import binary_dice_loss
    >>> masks = np.array([[[1, 1], [0, 0]], [[0, 1], [0, 1]]])
    >>> probabilities = masks.astype(float)
    >>> probabilities[0, 0, 0] = 0.0
    >>> binary_dice_loss(
    ...     probabilities, masks, form="probabilities", smooth=0.0, reduction="none"
    ... ).round(4)
    array([0.3333, 0.    ])

    """
    own = {"ignore_index": ignore_index, "axis": axis, **rest}
    return of_measure(dice(squared=squared), predictions, targets, own, categorical=False)


@dataclass(frozen=True, kw_only=True, repr=False)
class DiceLoss(ConfiguredCategoricalRegion):
    """:func:`dice_loss` with its options fixed: immutable, comparable, hashable.

    Called as ``loss(predictions, targets, sample_weight=None, mask=None)``. What no call could make
    right is an error here. In JAX it is a pytree: class weights are leaves, and all other options
    static. Its fields are the options of :func:`dice_loss`, which says what each of them means.

    See Also
    --------
    dice_loss : what each of its fields means.

    Examples
    --------
    >>> DiceLoss(class_weight=[0.2, 1.0], per="batch")
    DiceLoss(per='batch', class_weight=[0.2, 1.0])

    """

    squared: bool = False
    _function = staticmethod(dice_loss)
    _ratio = staticmethod(dice)


@dataclass(frozen=True, kw_only=True, repr=False)
class BinaryDiceLoss(ConfiguredBinaryRegion):
    """:func:`binary_dice_loss` with its options fixed: immutable, comparable, hashable.

    Called as ``loss(predictions, targets, sample_weight=None, mask=None)``. What no call could make
    right is an error here. Its fields are the options of :func:`binary_dice_loss`, which says what
    each of them means.

    See Also
    --------
    binary_dice_loss : what each of its fields means.

    Examples
    --------
    >>> BinaryDiceLoss(smooth=1.0, absent="skip")
    BinaryDiceLoss(smooth=1.0, absent='skip')

    """

    squared: bool = False
    _function = staticmethod(binary_dice_loss)
    _ratio = staticmethod(dice)
