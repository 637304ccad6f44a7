"""The rows of the scoreboard: what a vector is a vector of."""

from __future__ import annotations

from collections.abc import Iterator

from wce_conformance.peers.asked import Asked
from wce_conformance.vectors import Vector

GROUPS = ("weighting", "predictions and targets", "reduction", "dtype")


def aspects(vector: Vector) -> Iterator[tuple[str, str, str]]:
    """Every row that a vector counts in."""
    asked = Asked(vector)
    for name in weightings(vector):
        yield vector.loss, "weighting", name
    yield vector.loss, "predictions and targets", asked.form.replace("_", "-")
    yield vector.loss, "predictions and targets", targets_of(asked)
    if asked.smoothing > 0:
        yield vector.loss, "predictions and targets", "label smoothing"
    yield vector.loss, "reduction", vector.reduction
    yield vector.loss, "dtype", vector.dtype


def weightings(vector: Vector) -> Iterator[str]:
    """The one mode of a vector, or that it has several."""
    if len(vector.modes) > 1:
        yield "several together"
    else:
        yield vector.modes[0] if vector.modes else "unweighted"


def targets_of(asked: Asked) -> str:
    """The kind of targets."""
    if asked.binary:
        return "targets 0 and 1" if _whole(asked) else "soft targets"
    if asked.index:
        return "class indices"
    return "rows that sum to 1" if asked.unit_mass else "rows of any mass"


def _whole(asked: Asked) -> bool:
    ignored = asked.options.get("ignore_index")
    values = set(asked.arrays["targets"].astype(float).reshape(-1).tolist())
    return values - {ignored} <= {0.0, 1.0}


ORDER = (
    "unweighted", "class_weight", "pos_weight", "sample_weight", "mask", "ignore_index",
    "cost_matrix", "several together",
    "logits", "probabilities", "log-probabilities", "class indices", "rows that sum to 1",
    "rows of any mass", "targets 0 and 1", "soft targets", "label smoothing",
    "none", "sum", "mean", "mean_over_all", "weighted_mean",
    "absolute_weighted_mean", "nonzero_mean", "batch_mean", "parts",
    "float64", "float32", "float16", "bfloat16",
)  # fmt: skip
"""In which rows of a group are shown."""
