"""Real images: scikit-learn's handwritten digits, which it brings along. Is it an 8?"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


class Images(NamedTuple):
    """Standardised pixels, (N, 64), and 1.0 where the image is an 8, (N,)."""

    pixels: np.ndarray
    is_eight: np.ndarray


class Data(NamedTuple):
    """What a model learns from, and what it is judged by."""

    train: Images
    test: Images


def load() -> Data:
    """1,797 images, a tenth of them eights; a third is held out, the same for everyone."""
    digits: Any = load_digits()
    pixels = digits.data.astype(np.float32)
    is_eight = (digits.target == 8).astype(np.float32)
    parts: Any = train_test_split(
        pixels, is_eight, test_size=1 / 3, stratify=is_eight, random_state=0
    )
    train_x, test_x, train_y, test_y = parts
    # Pixels at the rim are almost always blank: a deviation near 0 must not blow them up.
    centre, spread = train_x.mean(axis=0), train_x.std(axis=0) + np.float32(1.0)
    return Data(
        Images((train_x - centre) / spread, train_y), Images((test_x - centre) / spread, test_y)
    )
