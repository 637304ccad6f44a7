"""Poly loss: cross-entropy with another weight on the first power of 1 − p."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Never, Unpack, overload

from numpy.typing import NDArray

from wce_core.call.parts import LossParts
from wce_core.compilers import do_not_convert
from wce_core.formulas.terms import poly
from wce_core.types import Array, Reduction

from .configured import ConfiguredCategorical, CrossEntropy
from .cross_entropy import cross_entropy
from .defined import of_term
from .further import completed_by, documented_by
from .signatures import (
    ArrayT,
    AtCall,
    CategoricalOptions,
    Numbers,
    ReductionT_co,
    Scalar,
    ToArray,
    ToNumber,
)


class PolyOptions(CategoricalOptions, total=False):
    """What a configured poly loss holds, apart from its reduction."""

    epsilon: float


class Poly(PolyOptions, AtCall, total=False):
    """All of a poly loss."""


@overload
def poly_cross_entropy(predictions: Never, targets: Array, **rest: Unpack[Poly]) -> Any: ...
@overload
def poly_cross_entropy(
    predictions: Any, targets: Array, *, reduction: Literal["parts"], **rest: Unpack[Poly]
) -> LossParts: ...
@overload
def poly_cross_entropy(
    predictions: Numbers, targets: Array, *, reduction: Literal["none"], **rest: Unpack[Poly]
) -> NDArray[Any]: ...
@overload
def poly_cross_entropy(
    predictions: Numbers, targets: Array, *, reduction: ToNumber = "mean", **rest: Unpack[Poly]
) -> Scalar: ...
@overload
def poly_cross_entropy(
    predictions: ArrayT, targets: Array, *, reduction: ToArray = "mean", **rest: Unpack[Poly]
) -> ArrayT: ...
@overload
def poly_cross_entropy(
    predictions: Any, targets: Array, *, reduction: Reduction, **rest: Unpack[Poly]
) -> Any: ...
@completed_by(cross_entropy)
@do_not_convert
def poly_cross_entropy(  # noqa: D417  # the rest is documented where it comes from
    predictions: Array, targets: Array, *, epsilon: float = 1.0, **rest: Any
) -> Any:
    """Weighted poly loss of C exclusive classes: −log p + ε·(1 − p).

    With target mass q, class weights w and s as for :func:`cross_entropy`,

        ℓ = s · Σ_k w_k q_k (−log p_k + ε·(1 − p_k)),     ω = s · Σ_k w_k q_k.

    −log p is Σ_n (1 − p)ⁿ/n; ε is added to the weight 1 of its first power. With ε > 0 gradients
    of items that are nearly right are larger, with ε < 0 smaller. For ε = 0 the loss is the
    cross-entropy.

    Parameters
    ----------
    epsilon
        ε, a finite number from −1 on. Below −1 a larger p could cost more.

    See Also
    --------
    PolyCrossEntropy : the same with its options fixed.
    focal_cross_entropy : what is right already counts for less.
    wce_core.value_and_grad : value and gradient, also of NumPy arrays.

    Notes
    -----
    Near p = 1 the loss is (1 + ε)·s of s = −log p, or s²/2 for ε = −1, and none of its digits are
    lost.

    References
    ----------
    .. [1] Z. Leng, M. Tan, C. Liu, E. D. Cubuk, X. Shi, S. Cheng and D. Anguelov, "PolyLoss: a
       polynomial expansion perspective of classification loss functions", ICLR 2022.

    Examples
    --------
    >>> import numpy as np
    >>> from wce_core.losses import poly_cross_entropy
    >>> logits, labels = np.array([[2.0, 0.0], [0.0, 0.0]]), np.array([0, 1])
    >>> poly_cross_entropy(logits, labels, epsilon=1.0, reduction="none").round(4)
    array([0.2461, 1.1931])

    """
    return of_term(poly(epsilon), predictions, targets, rest, categorical=True)


@documented_by(CrossEntropy)
@dataclass(frozen=True, kw_only=True, repr=False)
class PolyCrossEntropy(ConfiguredCategorical[ReductionT_co]):
    """:func:`poly_cross_entropy` with its options fixed: immutable, comparable, hashable.

    Called as ``loss(predictions, targets, sample_weight=None, mask=None, normalizer=None)``. What
    no call could make right is an error here. In JAX it is a pytree: weights are leaves, and all
    other options static.

    Parameters
    ----------
    epsilon
        ε, a finite number from −1 on.

    See Also
    --------
    poly_cross_entropy : what each of them means in full.

    Examples
    --------
    >>> PolyCrossEntropy(epsilon=2.0, reduction="sum")
    PolyCrossEntropy(reduction='sum', epsilon=2.0)

    """

    epsilon: float = 1.0
    _function = staticmethod(poly_cross_entropy)
    _term = staticmethod(poly)

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: PolyCrossEntropy[Literal["mean"]], **options: Unpack[PolyOptions]
        ) -> None: ...
        @overload
        def __init__(self, *, reduction: ReductionT_co, **options: Unpack[PolyOptions]) -> None: ...
        def __init__(self, **options: Any) -> None: ...
