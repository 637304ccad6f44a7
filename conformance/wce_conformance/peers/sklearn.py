"""sklearn.metrics.log_loss: a metric of probabilities, without a gradient."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import sklearn
from sklearn.metrics import log_loss

from wce_conformance.peers.asked import Asked
from wce_conformance.peers.base import Peer


class Sklearn(Peer):
    """scikit-learn."""

    name = "sklearn.metrics.log_loss"
    version = sklearn.__version__
    dtypes = frozenset({"float64", "float32", "float16"})
    notes = (
        "A metric: it has a value and no gradient.",
        "Bounds probabilities by the eps of their dtype.",
    )

    def empty_is_said(self, asked: Asked) -> bool:
        """A mean of nothing is an error, and so is an empty batch."""
        return asked.empty_means(None) and asked.arrays["targets"].size > 0

    def multiclass(self, asked: Asked) -> bool:
        """Indices for rows of probabilities."""
        rows = asked.arrays["predictions"].ndim == 2
        return asked.index and rows and asked.axis % 2 == 1 and _plain(asked)

    def binary(self, asked: Asked) -> bool:
        """Labels 0 and 1, one each."""
        targets = asked.arrays["targets"]
        return targets.ndim == 1 and bool(np.isin(targets, (0, 1)).all()) and _plain(asked)

    def answer(self, asked: Asked) -> tuple[Any, Any]:
        """The value alone."""
        p = asked.arrays["predictions"]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # rows that sum to 1 only to rounding
            value = log_loss(
                asked.arrays["targets"].astype(np.int64),
                p,
                normalize=asked.reduction != "sum",
                sample_weight=_weights(asked),
                labels=range(2 if asked.binary else p.shape[1]),
            )
        return np.asarray(value), None


def _plain(asked: Asked) -> bool:
    weighted = "sample_weight" in asked.vector.modes
    rank = asked.arrays["sample_weight"].ndim if weighted else 1
    return (
        asked.form == "probabilities"
        and asked.clip is None
        and asked.smoothing == 0
        and asked.has_only("sample_weight")
        and rank == 1
        and asked.reduction in ("sum", "weighted_mean" if weighted else "mean")
    )


def _weights(asked: Asked) -> np.ndarray | None:
    return asked.arrays.get("sample_weight")
