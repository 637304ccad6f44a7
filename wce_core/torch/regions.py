"""Losses of regions as modules: Dice, Jaccard, Tversky and Lovász."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from wce_core import losses
from wce_core.losses.regions.lovasz import LovaszOptions
from wce_core.losses.regions.shared import BinaryRegionOptions, CategoricalRegionOptions
from wce_core.types import ClassWeight, Form, RegionReduction

from .module import Loss

__all__ = [
    "BinaryDiceLoss",
    "BinaryFocalTverskyLoss",
    "BinaryJaccardLoss",
    "BinaryTverskyLoss",
    "DiceLoss",
    "FocalTverskyLoss",
    "GeneralizedDiceLoss",
    "JaccardLoss",
    "LovaszHingeLoss",
    "LovaszSoftmaxLoss",
    "TverskyLoss",
]


class OfClasses(CategoricalRegionOptions, total=False):
    """What a module of regions of exclusive classes is made of."""

    reduction: RegionReduction
    persistent: bool


class OfLabels(BinaryRegionOptions, total=False):
    """What a module of regions of labels is made of."""

    reduction: RegionReduction
    persistent: bool


class Sorted(LovaszOptions, total=False):
    """What a module of a Lovász loss is made of."""

    reduction: RegionReduction
    persistent: bool


class DiceLoss(Loss, of=losses.DiceLoss):
    """Dice loss of C exclusive classes as a module.

    Examples
    --------
    >>> import torch
    >>> from wce_core.torch import DiceLoss
    >>> DiceLoss()(torch.zeros(1, 2, 4, 4), torch.ones(1, 4, 4, dtype=torch.int64))
    tensor(0.6667)

    """

    if TYPE_CHECKING:

        def __init__(self, *, squared: bool = False, **options: Unpack[OfClasses]) -> None: ...


class BinaryDiceLoss(Loss, of=losses.BinaryDiceLoss):
    """Dice loss of masks and of labels as a module.

    Examples
    --------
    >>> import torch
    >>> from wce_core.torch import BinaryDiceLoss
    >>> BinaryDiceLoss()(torch.zeros(1, 1, 2, 2), torch.ones(1, 1, 2, 2))
    tensor(0.3333)

    """

    if TYPE_CHECKING:

        def __init__(self, *, squared: bool = False, **options: Unpack[OfLabels]) -> None: ...


class JaccardLoss(Loss, of=losses.JaccardLoss):
    """Jaccard loss of C exclusive classes as a module.

    Examples
    --------
    >>> import torch
    >>> from wce_core.torch import JaccardLoss
    >>> JaccardLoss()(torch.zeros(1, 2, 4, 4), torch.ones(1, 4, 4, dtype=torch.int64))
    tensor(0.7500)

    """

    if TYPE_CHECKING:

        def __init__(self, *, squared: bool = False, **options: Unpack[OfClasses]) -> None: ...


class BinaryJaccardLoss(Loss, of=losses.BinaryJaccardLoss):
    """Jaccard loss of masks and of labels as a module.

    Examples
    --------
    >>> import torch
    >>> from wce_core.torch import BinaryJaccardLoss
    >>> BinaryJaccardLoss()(torch.zeros(1, 1, 2, 2), torch.ones(1, 1, 2, 2))
    tensor(0.5000)

    """

    if TYPE_CHECKING:

        def __init__(self, *, squared: bool = False, **options: Unpack[OfLabels]) -> None: ...


class TverskyLoss(Loss, of=losses.TverskyLoss):
    """Tversky loss of C exclusive classes as a module.

    Examples
    --------
    >>> import torch
    >>> from wce_core.torch import TverskyLoss
    >>> TverskyLoss()(torch.zeros(1, 2, 4, 4), torch.ones(1, 4, 4, dtype=torch.int64))
    tensor(0.6667)

    """

    if TYPE_CHECKING:

        def __init__(
            self, *, alpha: float = 0.5, beta: float = 0.5, **options: Unpack[OfClasses]
        ) -> None: ...


class BinaryTverskyLoss(Loss, of=losses.BinaryTverskyLoss):
    """Tversky loss of masks and of labels as a module.

    Examples
    --------
    >>> import torch
    >>> from wce_core.torch import BinaryTverskyLoss
    >>> BinaryTverskyLoss()(torch.zeros(1, 1, 2, 2), torch.ones(1, 1, 2, 2))
    tensor(0.3333)

    """

    if TYPE_CHECKING:

        def __init__(
            self, *, alpha: float = 0.5, beta: float = 0.5, **options: Unpack[OfLabels]
        ) -> None: ...


class FocalTverskyLoss(Loss, of=losses.FocalTverskyLoss):
    """Focal Tversky loss of C exclusive classes as a module.

    Examples
    --------
    >>> import torch
    >>> from wce_core.torch import FocalTverskyLoss
    >>> FocalTverskyLoss()(torch.zeros(1, 2, 4, 4), torch.ones(1, 4, 4, dtype=torch.int64))
    tensor(0.7193)

    """

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            alpha: float = 0.5,
            beta: float = 0.5,
            gamma: float = 0.75,
            **options: Unpack[OfClasses],
        ) -> None: ...


class BinaryFocalTverskyLoss(Loss, of=losses.BinaryFocalTverskyLoss):
    """Focal Tversky loss of masks and of labels as a module.

    Examples
    --------
    >>> import torch
    >>> from wce_core.torch import BinaryFocalTverskyLoss
    >>> BinaryFocalTverskyLoss()(torch.zeros(1, 1, 2, 2), torch.ones(1, 1, 2, 2))
    tensor(0.4387)

    """

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            alpha: float = 0.5,
            beta: float = 0.5,
            gamma: float = 0.75,
            **options: Unpack[OfLabels],
        ) -> None: ...


class GeneralizedDiceLoss(Loss, of=losses.GeneralizedDiceLoss):
    """Generalized Dice loss, in which each class counts alike, as a module.

    Examples
    --------
    >>> import torch
    >>> from wce_core.torch import GeneralizedDiceLoss
    >>> GeneralizedDiceLoss()(torch.zeros(1, 2, 4, 4), torch.ones(1, 4, 4, dtype=torch.int64))
    tensor(0.5000)

    """

    if TYPE_CHECKING:

        def __init__(self, **options: Unpack[OfClasses]) -> None: ...


class LovaszSoftmaxLoss(Loss, of=losses.LovaszSoftmaxLoss):
    """Lovász loss of C exclusive classes as a module.

    Examples
    --------
    >>> import torch
    >>> from wce_core.torch import LovaszSoftmaxLoss
    >>> LovaszSoftmaxLoss()(torch.zeros(1, 2, 4, 4), torch.ones(1, 4, 4, dtype=torch.int64))
    tensor(0.5000)

    """

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            axis: int = 1,
            class_weight: ClassWeight | None = None,
            form: Form = "logits",
            **options: Unpack[Sorted],
        ) -> None: ...


class LovaszHingeLoss(Loss, of=losses.LovaszHingeLoss):
    """Lovász loss of masks and of labels as a module.

    Examples
    --------
    >>> import torch
    >>> from wce_core.torch import LovaszHingeLoss
    >>> LovaszHingeLoss()(torch.zeros(1, 1, 2, 2), torch.ones(1, 1, 2, 2))
    tensor(1.)

    """

    if TYPE_CHECKING:

        def __init__(self, *, axis: int | None = None, **options: Unpack[Sorted]) -> None: ...
