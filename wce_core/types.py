"""The words that signatures use."""

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

# The array API standard has no nominal array or namespace type: what is accepted is decided at
# run time, by the backend that owns the array.
Array: TypeAlias = Any
Namespace: TypeAlias = Any
Arrays: TypeAlias = dict[str, Array]
"""The arrays of one call by argument name; absent arguments are absent."""

Cut: TypeAlias = tuple[slice, ...]
"""A block: a slice for each axis of the predictions."""

ClassWeight: TypeAlias = Array | Mapping[int, Any] | Literal["balanced"]

Form = Literal["logits", "probabilities", "log_probabilities"]
Smoothing = Literal["uniform", "others"]
SoftWeighting = Literal["per_class", "mixture", "geometric", "hard"]
CandidateRule = Literal["marginal", "max", "pinned"]
Reduction = Literal[
    "none",
    "sum",
    "mean",
    "mean_over_all",
    "weighted_mean",
    "absolute_weighted_mean",
    "nonzero_mean",
    "batch_mean",
    "parts",
]
Empty = Literal["zero", "nan"]
Precision = Literal["native", "exact"]
DTypeName = Literal["float16", "bfloat16", "float32", "float64"]
Per = Literal["sample", "batch"]
ChunkBytes: TypeAlias = int | Literal["auto"]
Together = Literal["apart", "together"]
Absent = Literal["count", "zero", "skip"]
RegionNumber = Literal["sum", "mean", "weighted_mean"]
RegionReduction = Literal["none", "sum", "mean", "weighted_mean", "parts"]
TargetKind = Literal["mass", "shares", "labels"]
"""What dense targets are: any mass, in [0, 1], or 0 and 1."""
