"""Linear layers and their chunks, nearly the right ones."""
# ruff: noqa: D102  # the class says what its one method does

from __future__ import annotations

from typing import Any

import numpy as np

from wce_conformance.wrong.reference import Call
from wce_conformance.wrong.registry import Wrong, wrong

BLOCK = 8
"""Classes of a block."""


def rows(call: Call) -> int:
    """Items of a chunk."""
    size = 8 if call.vector.dtype == "float64" else 4
    return max(1, int(call.options.get("chunk_bytes", 2**24)) // (size * call.classes))


@wrong("vocabulary_block")
class PaddedVocabulary(Wrong):
    """The vocabulary is filled up to whole blocks, and what fills it counts as a logit of 0."""

    def odds(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        top, rest = super().odds(x)
        return top, rest + (-x.shape[-1] % BLOCK) * np.exp(-top)


@wrong("vocabulary_block")
class SmoothedInItsBlock(Wrong):
    """The part of the mass that is spread reaches the first block of the vocabulary alone."""

    def smoothed(self, call: Call, q: np.ndarray) -> np.ndarray:
        smooth = super().smoothed(call, q)
        return np.where(np.arange(q.shape[-1]) < BLOCK, smooth, q)


@wrong("vocabulary_block")
class LastBlockLost(Wrong):
    """Classes that do not fill a block get no gradient."""

    def to_weight(self, call: Call, slopes: np.ndarray, hidden: np.ndarray) -> np.ndarray:
        whole = slopes.shape[-1] // BLOCK * BLOCK
        return super().to_weight(call, slopes * (np.arange(slopes.shape[-1]) < whole), hidden)


@wrong("chunks")
class MeanOfChunks(Wrong):
    """Each chunk is divided by what is in it, and the mean of the chunks is taken."""

    def total(self, call: Call, items: np.ndarray) -> Any:
        if not call.vector.case.layered or call.vector.reduction != "mean":
            return super().total(call, items)
        flat, seen, n = items.reshape(-1), self.seen(call).reshape(-1), rows(call)
        chunks = [slice(start, start + n) for start in range(0, len(flat), n)]
        means = [flat[cut].sum() / max(1, seen[cut].sum()) for cut in chunks]
        return np.mean(means) * seen.sum()


@wrong("chunks")
class SmoothingOfTheFirstChunk(Wrong):
    """Labels are smoothed in the first chunk of items alone."""

    def smoothed(self, call: Call, q: np.ndarray) -> np.ndarray:
        if not call.vector.case.layered or q.ndim != 2:
            return super().smoothed(call, q)
        first = np.arange(len(q))[:, None] < rows(call)
        return np.where(first, super().smoothed(call, q), q)


@wrong("balanced")
class BalancedInChunks(Wrong):
    """Class weights are those of the first chunk."""

    def occurrences(self, call: Call) -> np.ndarray:
        if not call.vector.case.layered:
            return super().occurrences(call)
        return np.asarray(self.mass(call)[: rows(call)].reshape(-1, call.classes).sum(0))


@wrong("layer")
class BiasWithoutGradient(Wrong):
    """The gradient to the bias is missing."""

    def to_bias(self, slopes: np.ndarray) -> np.ndarray:
        return np.zeros(slopes.shape[-1])


@wrong("layer")
class BiasLeftOut(Wrong):
    """Logits are products alone."""

    def bias(self, call: Call) -> Any:
        return 0.0


@wrong("excluded")
class ExcludedTimesZero(Wrong):
    """What is excluded is multiplied by 0: its NaN reaches the gradient to the layer."""

    def to_weight(self, call: Call, slopes: np.ndarray, hidden: np.ndarray) -> np.ndarray:
        return super().to_weight(call, slopes, call.arrays["predictions"])


@wrong("accumulation")
class LayerAddedUpInHalf(Wrong):
    """The gradient to the layer is added up, item by item, in the hidden states' dtype."""

    def to_weight(self, call: Call, slopes: np.ndarray, hidden: np.ndarray) -> np.ndarray:
        dtype = call.vector.arrays["predictions"].dtype
        whole = np.zeros((slopes.shape[-1], hidden.shape[-1]), dtype)
        for slope, state in zip(slopes, hidden.reshape(len(slopes), -1), strict=True):
            whole = (whole + np.outer(slope, state)).astype(dtype)
        return whole.astype(np.float64)
