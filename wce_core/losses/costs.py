"""Losses of a matrix of costs: what an item pays for every class, whichever it belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Never, Required, TypedDict, Unpack, overload

from numpy.typing import NDArray

from wce_core.call.parts import LossParts
from wce_core.compilers import do_not_convert
from wce_core.formulas.links import CHANCES, COMPLEMENTS
from wce_core.types import (
    Array,
    ClassWeight,
    Empty,
    Form,
    Precision,
    Reduction,
    Smoothing,
    SoftWeighting,
)

from .configured import ConfiguredOfMass, CrossEntropy
from .cross_entropy import cross_entropy
from .defined import of_reading
from .further import completed_by, documented_by
from .signatures import ArrayT, AtCall, Numbers, ReductionT_co, Scalar, ToArray, ToNumber

REPLACED = ("cost_matrix", "clip")
"""Arguments of cross-entropy that they have not: other costs, and a bound of logarithms."""


class CostOptions(TypedDict, total=False):
    """What a configured loss of costs holds, apart from its reduction."""

    costs: Required[Array]
    class_weight: ClassWeight | None
    ignore_index: int | None
    label_smoothing: float
    smoothing: Smoothing
    soft_weighting: SoftWeighting
    axis: int
    negative_weights: bool
    form: Form
    empty: Empty
    precision: Precision
    dtype: Any
    validate: bool | None


class Costed(CostOptions, AtCall, total=False):
    """All of a loss of costs."""


def _of_costs(reading: str, predictions: Any, targets: Any, costs: Any, rest: Any) -> Any:
    return of_reading(
        reading, predictions, targets, rest, without=REPLACED, more={"costs": _given(costs)}
    )


def _given(costs: Any) -> Any:
    if costs is None:
        raise TypeError("costs is None; expected a (C, C) array, rows true class")
    return costs


def _chances() -> str:
    return CHANCES


def _complements() -> str:
    return COMPLEMENTS


@overload
def expected_cost(predictions: Never, targets: Array, **rest: Unpack[Costed]) -> Any: ...
@overload
def expected_cost(
    predictions: Any, targets: Array, *, reduction: Literal["parts"], **rest: Unpack[Costed]
) -> LossParts: ...
@overload
def expected_cost(
    predictions: Numbers, targets: Array, *, reduction: Literal["none"], **rest: Unpack[Costed]
) -> NDArray[Any]: ...
@overload
def expected_cost(
    predictions: Numbers, targets: Array, *, reduction: ToNumber = "mean", **rest: Unpack[Costed]
) -> Scalar: ...
@overload
def expected_cost(
    predictions: ArrayT, targets: Array, *, reduction: ToArray = "mean", **rest: Unpack[Costed]
) -> ArrayT: ...
@overload
def expected_cost(
    predictions: Any, targets: Array, *, reduction: Reduction, **rest: Unpack[Costed]
) -> Any: ...
@completed_by(cross_entropy, without=REPLACED)
@do_not_convert
def expected_cost(  # noqa: D417  # the rest is documented where it comes from
    predictions: Array, targets: Array, *, costs: Array, **rest: Any
) -> Any:
    """Expected cost of a prediction of C exclusive classes: Σ_j A[t, j]·p_j for true class t.

    With A the matrix of costs, p the softmax of an item's logits, q its target mass (one-hot for a
    class index), smoothed if asked for, class weights w, and s the product of all weights of the
    item as a whole,

        ℓ = s · Σ_t w_t q_t Σ_j A[t, j]·p_j,     ω = s · Σ_t w_t q_t,

    are its loss and its effective weight: costs are a part of the loss, and no weights. With
    c_j = Σ_t w_t q_t A[t, j] the gradient to the logits is s·p_j·Σ_k p_k·(c_j − c_k).

    Parameters
    ----------
    costs
        A, (C, C), rows the true class, columns the predicted one; each entry finite and not
        negative. It has a gradient. In the diagonal stands what it costs to be right.
    form
        What the predictions are: ``"logits"``, ``"probabilities"`` or ``"log_probabilities"``. The
        latter two are taken as they are, not renormalised.

    See Also
    --------
    ExpectedCost : the same with its options fixed.
    pairwise_cost : costs of logarithms, whose gradient does not vanish where a prediction is wrong.
    cross_entropy : whose ``cost_matrix`` weighs an item by its true and its predicted class.
    wce_core.value_and_grad : value and gradient, also of NumPy arrays.

    Notes
    -----
    It is the risk of an answer drawn from p [1]_: of costs 1 but on the diagonal, 1 − p_t. As the
    loss is bounded, its gradient is near 0 also where a prediction is certain and wrong.

    References
    ----------
    .. [1] C. Elkan, "The foundations of cost-sensitive learning", IJCAI 2001.

    Examples
    --------
    Confusing class 0 with class 1 costs ten times as much:

    >>> import numpy as np
    >>> from wce_core.losses import expected_cost
    >>> costs = 1.0 - np.eye(3)
    >>> costs[0, 1] = 10.0
    >>> logits = np.array([[2.0, 0.0, 1.0], [0.0, 2.0, 1.0]])
    >>> expected_cost(logits, np.array([0, 0]), costs=costs, reduction="none").round(4)
    array([1.145 , 6.8971])

    """
    return _of_costs(CHANCES, predictions, targets, costs, rest)


@overload
def pairwise_cost(predictions: Never, targets: Array, **rest: Unpack[Costed]) -> Any: ...
@overload
def pairwise_cost(
    predictions: Any, targets: Array, *, reduction: Literal["parts"], **rest: Unpack[Costed]
) -> LossParts: ...
@overload
def pairwise_cost(
    predictions: Numbers, targets: Array, *, reduction: Literal["none"], **rest: Unpack[Costed]
) -> NDArray[Any]: ...
@overload
def pairwise_cost(
    predictions: Numbers, targets: Array, *, reduction: ToNumber = "mean", **rest: Unpack[Costed]
) -> Scalar: ...
@overload
def pairwise_cost(
    predictions: ArrayT, targets: Array, *, reduction: ToArray = "mean", **rest: Unpack[Costed]
) -> ArrayT: ...
@overload
def pairwise_cost(
    predictions: Any, targets: Array, *, reduction: Reduction, **rest: Unpack[Costed]
) -> Any: ...
@completed_by(cross_entropy, without=REPLACED)
@do_not_convert
def pairwise_cost(  # noqa: D417  # the rest is documented where it comes from
    predictions: Array, targets: Array, *, costs: Array, **rest: Any
) -> Any:
    """Pairwise cost of C exclusive classes: −Σ_{j≠t} A[t, j]·log(1 − p_j) for true class t.

    With A the matrix of costs, p the softmax of an item's logits, q its target mass (one-hot for a
    class index), smoothed if asked for, class weights w, and s the product of all weights of the
    item as a whole,

        ℓ = s · −Σ_t w_t q_t Σ_{j≠t} A[t, j]·log(1 − p_j),     ω = s · Σ_t w_t q_t,

    are its loss and its effective weight: costs are a part of the loss, and no weights. With
    c_j = Σ_{t≠j} w_t q_t A[t, j] the gradient to the logits is
    s·p_j·(c_j − Σ_{k≠j} c_k·p_k / (1 − p_k)).

    Parameters
    ----------
    costs
        A, (C, C), rows the true class, columns the predicted one; each entry finite and not
        negative. It has a gradient. The diagonal takes no part.
    form
        What the predictions are: ``"logits"``, ``"probabilities"`` or ``"log_probabilities"``. The
        latter two are taken as they are, not renormalised. p = 1 of a class that costs is +∞.

    See Also
    --------
    PairwiseCost : the same with its options fixed.
    expected_cost : the costs themselves, which are bounded.
    cross_entropy : whose ``cost_matrix`` weighs an item by its true and its predicted class.
    wce_core.value_and_grad : value and gradient, also of NumPy arrays.

    Notes
    -----
    Each class that an item is not of is pushed away by as much as it costs; the true class is drawn
    only by what is taken from the others. Finite logits, however far apart, give a finite loss:
    where p_j is rounded to 1, 1 − p_j is made of all other logits.

    Examples
    --------
    Confusing class 0 with class 1 costs ten times as much:

    >>> import numpy as np
    >>> from wce_core.losses import pairwise_cost
    >>> costs = 1.0 - np.eye(3)
    >>> costs[0, 1] = 10.0
    >>> logits = np.array([[2.0, 0.0, 1.0], [0.0, 2.0, 1.0]])
    >>> pairwise_cost(logits, np.array([0, 0]), costs=costs, reduction="none").round(4)
    array([ 1.2241, 11.2241])

    """
    return _of_costs(COMPLEMENTS, predictions, targets, costs, rest)


@dataclass(frozen=True, kw_only=True, repr=False)
class _ConfiguredCost(ConfiguredOfMass[ReductionT_co]):
    """The fields of a configured loss of costs."""

    costs: Any
    smoothing: Smoothing = "uniform"
    axis: int = -1
    _categorical = True
    _weights = ("class_weight", "costs")

    def __post_init__(self) -> None:
        _given(self.costs)
        super().__post_init__()


@documented_by(CrossEntropy, without=REPLACED)
@dataclass(frozen=True, kw_only=True, repr=False)
class ExpectedCost(_ConfiguredCost[ReductionT_co]):
    """:func:`expected_cost` with its options fixed: immutable, comparable, hashable.

    Called as ``loss(predictions, targets, sample_weight=None, mask=None, normalizer=None)``. What
    no call could make right is an error here. In JAX it is a pytree: weights and costs are leaves,
    and all other options static.

    Parameters
    ----------
    costs
        A (C, C) array, rows true and columns predicted classes. Held like ``class_weight``.
    form
        What the predictions are: ``"logits"``, ``"probabilities"`` or ``"log_probabilities"``.

    See Also
    --------
    expected_cost : what each of them means in full.

    Examples
    --------
    >>> ExpectedCost(costs=[[0.0, 1.0], [5.0, 0.0]])
    ExpectedCost(costs=[[0.0, 1.0], [5.0, 0.0]])

    """

    _function = staticmethod(expected_cost)
    _reading = staticmethod(_chances)

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: ExpectedCost[Literal["mean"]], **options: Unpack[CostOptions]
        ) -> None: ...
        @overload
        def __init__(self, *, reduction: ReductionT_co, **options: Unpack[CostOptions]) -> None: ...
        def __init__(self, **options: Any) -> None: ...


@documented_by(CrossEntropy, without=REPLACED)
@dataclass(frozen=True, kw_only=True, repr=False)
class PairwiseCost(_ConfiguredCost[ReductionT_co]):
    """:func:`pairwise_cost` with its options fixed: immutable, comparable, hashable.

    Called as ``loss(predictions, targets, sample_weight=None, mask=None, normalizer=None)``. What
    no call could make right is an error here. In JAX it is a pytree: weights and costs are leaves,
    and all other options static.

    Parameters
    ----------
    costs
        A (C, C) array, rows true and columns predicted classes. Held like ``class_weight``.
    form
        What the predictions are: ``"logits"``, ``"probabilities"`` or ``"log_probabilities"``.

    See Also
    --------
    pairwise_cost : what each of them means in full.

    Examples
    --------
    >>> PairwiseCost(costs=[[0.0, 1.0], [5.0, 0.0]], reduction="sum")
    PairwiseCost(reduction='sum', costs=[[0.0, 1.0], [5.0, 0.0]])

    """

    _function = staticmethod(pairwise_cost)
    _reading = staticmethod(_complements)

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: PairwiseCost[Literal["mean"]], **options: Unpack[CostOptions]
        ) -> None: ...
        @overload
        def __init__(self, *, reduction: ReductionT_co, **options: Unpack[CostOptions]) -> None: ...
        def __init__(self, **options: Any) -> None: ...
