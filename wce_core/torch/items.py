"""Losses of items as modules: cross-entropies and the losses of other terms and readings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from wce_core import losses
from wce_core.losses.any_of import AnyOfOptions
from wce_core.losses.asymmetric import AsymmetricOptions
from wce_core.losses.costs import CostOptions
from wce_core.losses.focal import BinaryFocalOptions, FocalOptions
from wce_core.losses.generalized import GeneralizedOptions
from wce_core.losses.poly import PolyOptions
from wce_core.losses.signatures import BinaryOptions, CategoricalOptions
from wce_core.types import Reduction

from .module import ItemLoss

__all__ = [
    "AnyOfCrossEntropyLoss",
    "AsymmetricLoss",
    "BCEWithLogitsLoss",
    "BinaryFocalCrossEntropyLoss",
    "CrossEntropyLoss",
    "ExpectedCostLoss",
    "FocalCrossEntropyLoss",
    "GeneralizedCrossEntropyLoss",
    "PairwiseCostLoss",
    "PolyCrossEntropyLoss",
]


class CrossEntropyLoss(ItemLoss, of=losses.CrossEntropy):
    """Weighted cross-entropy of C exclusive classes as a module.

    See Also
    --------
    torch.nn.CrossEntropyLoss : whose ``"mean"`` is ``reduction="weighted_mean"`` here.

    Examples
    --------
    >>> import torch
    >>> from wce_core.torch import CrossEntropyLoss
    >>> loss = CrossEntropyLoss(class_weight=[1.0, 3.0], reduction="weighted_mean")
    >>> loss
    CrossEntropyLoss(class_weight=float64[2], reduction='weighted_mean')
    >>> input = torch.zeros(2, 2, 5, requires_grad=True)
    >>> loss(input, torch.zeros(2, 5, dtype=torch.int64)).backward()
    >>> input.grad[0, :, 0]
    tensor([-0.0500,  0.0500])

    """

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            reduction: Reduction = "mean",
            persistent: bool = False,
            **options: Unpack[CategoricalOptions],
        ) -> None: ...


class BCEWithLogitsLoss(ItemLoss, of=losses.BinaryCrossEntropy):
    """Weighted cross-entropy of two classes, for one label or for many, as a module.

    See Also
    --------
    torch.nn.BCEWithLogitsLoss : the same reductions; its ``weight`` is given in the call here.

    Examples
    --------
    >>> import torch
    >>> from wce_core.torch import BCEWithLogitsLoss
    >>> loss = BCEWithLogitsLoss(pos_weight=[1.0, 9.0])
    >>> loss(torch.zeros(1, 2), torch.ones(1, 2))
    tensor(3.4657)

    """

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            reduction: Reduction = "mean",
            persistent: bool = False,
            **options: Unpack[BinaryOptions],
        ) -> None: ...


class FocalCrossEntropyLoss(ItemLoss, of=losses.FocalCrossEntropy):
    """Weighted focal loss of C exclusive classes as a module.

    Examples
    --------
    >>> import torch
    >>> from wce_core.torch import FocalCrossEntropyLoss
    >>> FocalCrossEntropyLoss(gamma=2.0)(torch.zeros(1, 2), torch.tensor([0]))
    tensor(0.1733)

    """

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            reduction: Reduction = "mean",
            persistent: bool = False,
            **options: Unpack[FocalOptions],
        ) -> None: ...


class BinaryFocalCrossEntropyLoss(ItemLoss, of=losses.BinaryFocalCrossEntropy):
    """Weighted focal loss of two classes, for one label or for many, as a module.

    Examples
    --------
    >>> import torch
    >>> from wce_core.torch import BinaryFocalCrossEntropyLoss
    >>> loss = BinaryFocalCrossEntropyLoss(class_weight=(0.75, 0.25), reduction="sum")
    >>> loss(torch.zeros(2), torch.tensor([0.0, 1.0]))
    tensor(0.1733)

    """

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            reduction: Reduction = "mean",
            persistent: bool = False,
            **options: Unpack[BinaryFocalOptions],
        ) -> None: ...


class AnyOfCrossEntropyLoss(ItemLoss, of=losses.AnyOfCrossEntropy):
    """Weighted cross-entropy of C classes of which any of some candidates is right, as a module.

    Examples
    --------
    >>> import torch
    >>> from wce_core.torch import AnyOfCrossEntropyLoss
    >>> AnyOfCrossEntropyLoss()(torch.zeros(1, 4), torch.tensor([[True, True, False, False]]))
    tensor(0.6931)

    """

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            reduction: Reduction = "mean",
            persistent: bool = False,
            **options: Unpack[AnyOfOptions],
        ) -> None: ...


class ExpectedCostLoss(ItemLoss, of=losses.ExpectedCost):
    """The cost that an item has on average, as a module.

    Examples
    --------
    >>> import torch
    >>> from wce_core.torch import ExpectedCostLoss
    >>> loss = ExpectedCostLoss(costs=[[0.0, 1.0], [5.0, 0.0]])
    >>> loss(torch.zeros(1, 2), torch.tensor([1]))
    tensor(2.5000)

    """

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            reduction: Reduction = "mean",
            persistent: bool = False,
            **options: Unpack[CostOptions],
        ) -> None: ...


class PairwiseCostLoss(ItemLoss, of=losses.PairwiseCost):
    """The cost of mistakes, each by the logarithm of its chance, as a module.

    Examples
    --------
    >>> import torch
    >>> from wce_core.torch import PairwiseCostLoss
    >>> loss = PairwiseCostLoss(costs=[[0.0, 1.0], [5.0, 0.0]])
    >>> loss(torch.zeros(1, 2), torch.tensor([0]))
    tensor(0.6931)

    """

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            reduction: Reduction = "mean",
            persistent: bool = False,
            **options: Unpack[CostOptions],
        ) -> None: ...


class PolyCrossEntropyLoss(ItemLoss, of=losses.PolyCrossEntropy):
    """Cross-entropy and ε·(1 − p) as a module.

    Examples
    --------
    >>> import torch
    >>> from wce_core.torch import PolyCrossEntropyLoss
    >>> PolyCrossEntropyLoss(epsilon=1.0)(torch.zeros(1, 2), torch.tensor([0]))
    tensor(1.1931)

    """

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            reduction: Reduction = "mean",
            persistent: bool = False,
            **options: Unpack[PolyOptions],
        ) -> None: ...


class GeneralizedCrossEntropyLoss(ItemLoss, of=losses.GeneralizedCrossEntropy):
    """Generalized cross-entropy, of which no item costs more than 1/q, as a module.

    Examples
    --------
    >>> import torch
    >>> from wce_core.torch import GeneralizedCrossEntropyLoss
    >>> GeneralizedCrossEntropyLoss(q=1.0)(torch.zeros(1, 2), torch.tensor([0]))
    tensor(0.5000)

    """

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            reduction: Reduction = "mean",
            persistent: bool = False,
            **options: Unpack[GeneralizedOptions],
        ) -> None: ...


class AsymmetricLoss(ItemLoss, of=losses.AsymmetricLoss):
    """Asymmetric loss of many labels of which few are positive, as a module.

    Examples
    --------
    >>> import torch
    >>> from wce_core.torch import AsymmetricLoss
    >>> AsymmetricLoss()(torch.tensor([[-9.0, 0.0]]), torch.tensor([[0.0, 1.0]]))
    tensor(0.1733)

    """

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            reduction: Reduction = "mean",
            persistent: bool = False,
            **options: Unpack[AsymmetricOptions],
        ) -> None: ...
