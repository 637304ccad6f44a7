"""Are two outcomes the same, bit for bit?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from wce_conformance.adapters.base import Outcome


def bits(array: np.ndarray) -> np.ndarray:
    """As integers, so that −0 differs from 0; every NaN is the same."""
    own = np.atleast_1d(array)
    if own.dtype.kind == "i":
        return own.astype(np.int64)
    return np.where(np.isnan(own), own.dtype.type(np.nan), own).view(f"u{own.dtype.itemsize}")


def differing(want: Outcome, got: Outcome, *, signed: bool = True) -> Iterator[str]:
    """What differs, in words; a gradient that only one of the two has is not compared.

    Without ``signed``, −0 is 0.
    """
    pairs = zip(_arrays(want), _arrays(got), strict=False)
    for number, (one, other) in enumerate(pairs):
        zero = one.dtype.type(0)
        left, right = (one, other) if signed else (one + zero, other + zero)
        if not np.array_equal(bits(left), bits(right)):
            yield f"array {number} is {other!r}, NumPy's {one!r}"


def _arrays(outcome: Outcome) -> list[np.ndarray]:
    """The value, or each part of it, and the gradient."""
    values = outcome.value if isinstance(outcome.value, tuple) else (outcome.value,)
    return [np.asarray(v) for v in (*values, outcome.gradient) if v is not None]
