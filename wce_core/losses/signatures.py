"""What type checkers are told of the losses: an array type goes in and comes out.

The signatures themselves stand with the losses. Here are their options once more, as overloads
name them together; a test compares the two. The first overload of a loss, which unknown predictions
alone match, is there for ``functools.partial``: it takes the first one's result.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypedDict

import numpy as np
from numpy.typing import NDArray

from wce_core.formulas.links import Logits, Probabilities
from wce_core.types import Array, ClassWeight, Empty, Form, Precision, Smoothing, SoftWeighting

if TYPE_CHECKING:
    from typing_extensions import TypeVar  # which type checkers have with them, for its default

    from wce_core.types import Reduction

    ReductionT_co = TypeVar("ReductionT_co", bound=Reduction, default=Any, covariant=True)
else:
    from typing import TypeVar

    ReductionT_co = TypeVar("ReductionT_co", covariant=True)

ArrayT = TypeVar("ArrayT")
ToNumber: TypeAlias = Literal[
    "sum",
    "mean",
    "mean_over_all",
    "weighted_mean",
    "absolute_weighted_mean",
    "nonzero_mean",
    "batch_mean",
]
ToArray: TypeAlias = ToNumber | Literal["none"]
Numbers: TypeAlias = NDArray[Any] | Sequence[Any]
"""What NumPy computes. Its results without axes are scalars, which are no arrays."""
Scalar: TypeAlias = np.floating[Any]


class AtCall(TypedDict, total=False):
    """What a configured loss is called with, beside predictions and targets."""

    sample_weight: Array | None
    mask: Array | None
    normalizer: Any


class BinaryOptions(TypedDict, total=False):
    """What a configured binary loss holds, apart from its reduction."""

    class_weight: ClassWeight | None
    pos_weight: Any
    ignore_index: float | None
    label_smoothing: float
    soft_weighting: SoftWeighting
    axis: int | None
    negative_weights: bool
    form: Form | Probabilities | Logits
    clip: float | None
    empty: Empty
    precision: Precision
    dtype: Any
    validate: bool | None


class CategoricalOptions(TypedDict, total=False):
    """What a configured multi-class loss holds, apart from its reduction."""

    class_weight: ClassWeight | None
    ignore_index: int | None
    cost_matrix: Array | None
    label_smoothing: float
    smoothing: Smoothing
    soft_weighting: SoftWeighting
    axis: int
    negative_weights: bool
    form: Form | Probabilities | Logits
    clip: float | None
    empty: Empty
    precision: Precision
    dtype: Any
    validate: bool | None


class Binary(BinaryOptions, AtCall, total=False):
    """All of a binary loss."""


class Categorical(CategoricalOptions, AtCall, total=False):
    """All of a multi-class loss."""
