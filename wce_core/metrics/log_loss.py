"""The library's own cross-entropies as metrics: sums that can be added up."""

from __future__ import annotations

from typing import Unpack

from wce_core.call.parts import LossParts
from wce_core.compilers import do_not_convert
from wce_core.losses.binary_cross_entropy import binary_cross_entropy
from wce_core.losses.cross_entropy import cross_entropy
from wce_core.losses.further import completed_by
from wce_core.losses.signatures import Binary, Categorical
from wce_core.types import Array

OF_REDUCTIONS = ("reduction", "normalizer", "empty")


@completed_by(cross_entropy, without=OF_REDUCTIONS)
@do_not_convert
def log_loss(predictions: Array, targets: Array, **rest: Unpack[Categorical]) -> LossParts:
    """The cross-entropy of a batch in parts: ``cross_entropy(…, reduction="parts")``.

    ``weighted_mean()`` is what scikit-learn's ``log_loss`` has with sample weights.

    Returns
    -------
    LossParts
        To be added up over batches.

    Examples
    --------
    >>> from wce_core.metrics import log_loss
    >>> first = log_loss([[0.7, 0.3]], [0], form="probabilities")
    >>> second = log_loss([[0.4, 0.6], [0.5, 0.5]], [1, 0], form="probabilities")
    >>> (first + second).mean().round(4)
    np.float64(0.5202)

    """
    parts: LossParts = cross_entropy(predictions, targets, **rest, reduction="parts")
    return parts


@completed_by(binary_cross_entropy, without=OF_REDUCTIONS)
@do_not_convert
def binary_log_loss(predictions: Array, targets: Array, **rest: Unpack[Binary]) -> LossParts:
    """The same of two classes: ``binary_cross_entropy(…, reduction="parts")``.

    Returns
    -------
    LossParts
        To be added up over batches.

    Examples
    --------
    >>> from wce_core.metrics import binary_log_loss
    >>> binary_log_loss([0.7, 0.4], [1, 0], form="probabilities").mean().round(4)
    np.float64(0.4338)

    """
    parts: LossParts = binary_cross_entropy(predictions, targets, **rest, reduction="parts")
    return parts
