"""A single row of integer targets: mass to other libraries, whatever our own losses say of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from wce_core import dialects, losses

ROW, MASS = np.array([0.5, -1.0, 2.0]), np.array([0, 0, 1])
EXPECTED = losses.cross_entropy(ROW, MASS.astype(float))
CALLS: dict[str, Callable[[], Any]] = {
    "optax": lambda: dialects.optax.softmax_cross_entropy(ROW, MASS),
    "TensorFlow": lambda: dialects.tf.nn.softmax_cross_entropy_with_logits(MASS, ROW),
    "TensorFlow 1": lambda: dialects.tf.compat.v1.losses.softmax_cross_entropy(MASS, ROW),
    "Keras": lambda: dialects.keras.categorical_crossentropy(MASS, ROW, from_logits=True),
    "Keras 2": lambda: dialects.keras2.categorical_crossentropy(MASS, ROW, from_logits=True),
}


@pytest.mark.parametrize("library", list(CALLS))
def test_is_mass(library: str) -> None:
    np.testing.assert_allclose(CALLS[library](), EXPECTED, rtol=1e-12)


def test_pytorch_refuses_it_too() -> None:
    with pytest.raises(RuntimeError, match="Expected floating point type"):
        dialects.torch.cross_entropy(ROW, MASS)
