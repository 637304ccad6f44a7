"""Lovász losses: a convex surface over Jaccard loss, which has a gradient at hard decisions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypedDict, Unpack, overload

from numpy.typing import NDArray

from wce_core.compilers import do_not_convert
from wce_core.evaluation.options import Options
from wce_core.formulas.links import CHANCES, MARGINS
from wce_core.formulas.regions import Lovasz
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
)

from .dice import binary_dice_loss, dice_loss
from .shared import AtCall, ConfiguredMeasure, of_measure, options

FIXED = {"classes": "apart", "smooth": 0.0}
"""What ratios have and sorted errors have not."""
WITHOUT = ("squared", *FIXED)


class LovaszOptions(TypedDict, total=False):
    """What a configured Lovász loss holds."""

    ignore_index: Any
    per: Per
    absent: Absent
    precision: Precision
    dtype: Any
    validate: bool | None


class Softmax(LovaszOptions, AtCall, total=False):
    """All of a Lovász loss of exclusive classes."""

    class_weight: ClassWeight | None
    axis: int
    form: Form


class Hinge(LovaszOptions, AtCall, total=False):
    """All of a Lovász loss of labels."""

    axis: int | None


@overload
def lovasz_softmax_loss(
    predictions: Numbers, targets: Array, *, reduction: Literal["none"], **rest: Unpack[Softmax]
) -> NDArray[Any]: ...
@overload
def lovasz_softmax_loss(
    predictions: Numbers,
    targets: Array,
    *,
    reduction: RegionNumber = "mean",
    **rest: Unpack[Softmax],
) -> Scalar: ...
@overload
def lovasz_softmax_loss(
    predictions: ArrayT,
    targets: Array,
    *,
    reduction: RegionReduction = "mean",
    **rest: Unpack[Softmax],
) -> ArrayT: ...
@completed_by(dice_loss, without=WITHOUT)
@do_not_convert
def lovasz_softmax_loss(  # noqa: D417  # the rest is documented where it comes from
    predictions: Any, targets: Array, *, absent: Absent = "skip", **rest: Any
) -> Any:
    """Lovász-Softmax loss of C exclusive classes: the Lovász extension of Jaccard loss.

    The errors of a class, e = 1 − p where it is right and p elsewhere, are sorted, the largest
    first, of equal ones in the order of the elements. With J_i the Jaccard loss of a prediction
    that is wrong at the first i of them, weights included,

        ℓ = w · Σ_i e_i·(J_i − J_{i−1}).

    Of hard decisions it is the Jaccard loss.

    Parameters
    ----------
    absent
        Regions without target mass. ``"skip"``: they don't count. ``"count"``: their loss is the
        largest p in them. ``"zero"``: it is 0, and they count.

    See Also
    --------
    LovaszSoftmaxLoss : the same with its options fixed.
    lovasz_hinge_loss : for labels that do not exclude each other, and for masks.
    jaccard_loss : of sums of probabilities, which need no sorting.
    wce_core.value_and_grad : value and gradient, also of NumPy arrays.

    Notes
    -----
    Targets are class indices, or rows of 0 and 1.

    References
    ----------
    .. [1] M. Berman, A. R. Triki and M. B. Blaschko, "The Lovász-Softmax loss: a tractable
       surrogate for the optimization of the intersection-over-union measure in neural networks",
       CVPR 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from wce_core.losses import lovasz_softmax_loss
    >>> pixels = np.array([[0, 0, 0, 1]])
    >>> logits = 20.0 * np.eye(2)[pixels]
    >>> pixels[0, 0] = 1
    >>> lovasz_softmax_loss(logits, pixels, reduction="none").round(4)
    array([[0.3333, 0.5   ]])

    """
    return _evaluated(predictions, targets, {**rest, "absent": absent}, categorical=True)


@overload
def lovasz_hinge_loss(
    predictions: Numbers, targets: Array, *, reduction: Literal["none"], **rest: Unpack[Hinge]
) -> NDArray[Any]: ...
@overload
def lovasz_hinge_loss(
    predictions: Numbers, targets: Array, *, reduction: RegionNumber = "mean", **rest: Unpack[Hinge]
) -> Scalar: ...
@overload
def lovasz_hinge_loss(
    predictions: ArrayT,
    targets: Array,
    *,
    reduction: RegionReduction = "mean",
    **rest: Unpack[Hinge],
) -> ArrayT: ...
@completed_by(binary_dice_loss, without=(*WITHOUT, "form"))
@do_not_convert
def lovasz_hinge_loss(  # the rest is documented where it comes from
    predictions: Any, targets: Array, **rest: Any
) -> Any:
    """Lovász hinge loss of masks and of labels: the Lovász extension of Jaccard loss.

    The errors of a region, e = max(0, 1 − z) where the target is 1 and max(0, 1 + z) where it is 0,
    are sorted, the largest first, of equal ones in the order of the elements. With J_i the Jaccard
    loss of a prediction that is wrong at the first i of them, weights included,

        ℓ = Σ_i e_i·(J_i − J_{i−1}).

    Predictions are logits z.

    See Also
    --------
    LovaszHingeLoss : the same with its options fixed.
    lovasz_softmax_loss : for exclusive classes.
    binary_jaccard_loss : of sums of probabilities, which need no sorting.
    wce_core.value_and_grad : value and gradient, also of NumPy arrays.

    Notes
    -----
    Targets are 0 and 1.

    References
    ----------
    .. [1] M. Berman, A. R. Triki and M. B. Blaschko, "The Lovász-Softmax loss: a tractable
       surrogate for the optimization of the intersection-over-union measure in neural networks",
       CVPR 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from wce_core.losses import lovasz_hinge_loss
    >>> logits, mask = np.array([[3.0, -0.5, -2.0, -2.0]]), np.array([[1, 1, 0, 0]])
    >>> lovasz_hinge_loss(logits, mask).round(4)
    np.float64(0.75)

    """
    return _evaluated(predictions, targets, rest, categorical=False)


def _evaluated(predictions: Any, targets: Any, rest: dict[str, Any], *, categorical: bool) -> Any:
    lacking = FIXED if categorical else (*FIXED, "form")  # a hinge is of logits
    for name in lacking:
        if name in rest:
            raise TypeError(f"the loss has no argument {name!r}")
    own = {**rest, **FIXED}
    reading = CHANCES if categorical else MARGINS
    return of_measure(Lovasz(), predictions, targets, own, categorical=categorical, reading=reading)


@dataclass(frozen=True, kw_only=True, repr=False)
class _ConfiguredLovasz(ConfiguredMeasure):
    """What both have in common."""

    def _options(self, given: dict[str, Any]) -> Options:
        reading = CHANCES if self._categorical else MARGINS
        own = {"form": "logits", **given, **FIXED}
        return options(Lovasz(), own, categorical=self._categorical, reading=reading)


@dataclass(frozen=True, kw_only=True, repr=False)
class LovaszSoftmaxLoss(_ConfiguredLovasz):
    """:func:`lovasz_softmax_loss` with its options fixed: immutable, comparable, hashable.

    Called as ``loss(predictions, targets, sample_weight=None, mask=None)``. What no call could make
    right is an error here. Its fields are the options of :func:`lovasz_softmax_loss`, which says
    what each of them means.

    See Also
    --------
    lovasz_softmax_loss : what each of its fields means.

    Examples
    --------
    >>> LovaszSoftmaxLoss(per="batch")
    LovaszSoftmaxLoss(per='batch')

    """

    class_weight: Any = None
    absent: Absent = "skip"
    form: Form = "logits"
    axis: int = -1
    _categorical = True
    _weights = ("class_weight",)
    _function = staticmethod(lovasz_softmax_loss)


@dataclass(frozen=True, kw_only=True, repr=False)
class LovaszHingeLoss(_ConfiguredLovasz):
    """:func:`lovasz_hinge_loss` with its options fixed: immutable, comparable, hashable.

    Called as ``loss(predictions, targets, sample_weight=None, mask=None)``. What no call could make
    right is an error here. Its fields are the options of :func:`lovasz_hinge_loss`, which says what
    each of them means.

    See Also
    --------
    lovasz_hinge_loss : what each of its fields means.

    Examples
    --------
    >>> LovaszHingeLoss(absent="skip")
    LovaszHingeLoss(absent='skip')

    """

    absent: Absent = "count"
    axis: int | None = None
    _categorical = False
    _function = staticmethod(lovasz_hinge_loss)
