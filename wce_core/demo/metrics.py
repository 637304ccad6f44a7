"""How good a model is on images that it has not seen, at threshold 0.5."""

from __future__ import annotations

from math import nan
from typing import NamedTuple

import numpy as np

from wce_core import losses, metrics

from .data import Images
from .training import logits
from .weightings import Choice


class Metrics(NamedTuple):
    """Of one model."""

    loss: float
    """In the weighting that the model was trained with."""
    recall: float
    """Of the eights, the share that was found."""
    precision: float
    """Of the images called an 8, the share that is one; NaN if none was called so."""
    accuracy: float


NOTHING_SAID = Metrics(nan, nan, nan, nan)
"""Of a model of zeros, which calls every image neither an 8 nor something else."""


def judge(images: Images, model: np.ndarray, choice: Choice) -> Metrics:
    """The metrics of one model."""
    predictions = logits(images, model)
    loss = losses.binary_cross_entropy(
        predictions, images.is_eight, reduction="weighted_mean", **choice.arguments
    )
    found = metrics.binary_outcomes(predictions, images.is_eight)
    recall, precision = found.recall(empty=nan), found.precision(empty=nan)
    return Metrics(float(loss), float(recall), float(precision), float(found.accuracy()))
