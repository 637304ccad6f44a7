"""Array libraries beside the frameworks: what the page on backends says of each is what it does."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import array_api_strict
import dask.array
import mlx.core
import numpy as np
import pytest
import scipy.sparse
import sparse

from wce_core import losses, value_and_grad

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # that onnxruntime is not there
    import ndonnx

PAGE = (Path(__file__).parents[2] / "docs" / "backends.md").read_text(encoding="utf-8")
LOGITS = np.array([[0.5, -1.0, 2.0], [1.5, 0.0, -0.5]], np.float32)
LABELS = np.array([2, 0])
LIBRARIES: dict[str, Callable[[np.ndarray], Any]] = {
    "array-api-strict": array_api_strict.asarray,
    "ndonnx": ndonnx.asarray,
    "Dask": dask.array.from_array,
    "MLX": mlx.core.array,
    "sparse": sparse.COO.from_numpy,
    "SciPy's sparse arrays": scipy.sparse.coo_array,
}
REFUSAL = re.compile(r"predictions are .*(convert them to|expected a floating) array[^.]*$")
"""One sentence, which says what to do."""
CALLS: dict[str, Callable[[Callable[[np.ndarray], Any]], Any]] = {
    "indices": lambda own: losses.cross_entropy(own(LOGITS), own(LABELS)),
    "NumPy's targets": lambda own: losses.cross_entropy(own(LOGITS), LABELS, label_smoothing=0.1),
    "mass": lambda own: losses.cross_entropy(
        own(LOGITS), own(np.abs(LOGITS)), class_weight=[1.0, 2.0, 3.0], soft_weighting="geometric"
    ),
    "costs": lambda own: losses.cross_entropy(
        own(LOGITS), own(LABELS), cost_matrix=own(np.ones((3, 3)) + np.eye(3))
    ),
    "binary": lambda own: losses.binary_cross_entropy(
        own(LOGITS), own((LOGITS > 0).astype(np.float32)), pos_weight=2.0, precision="exact"
    ),
    "gradient": lambda own: value_and_grad(losses.cross_entropy)(own(LOGITS), own(LABELS))[1],
}


def _outcome(library: str, call: str) -> str:
    made = LIBRARIES[library]
    try:
        value = CALLS[call](made)
    except TypeError as error:
        return "refused" if REFUSAL.match(str(error)) else f"fails: {error}"
    assert type(value) is type(made(LOGITS))
    expected = np.asarray(CALLS[call](np.asarray))
    found = value.unwrap_numpy() if library == "ndonnx" else np.from_dlpack(value)
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    return "works"


@pytest.mark.parametrize("library", list(LIBRARIES))
def test_as_the_page_says(library: str) -> None:
    outcomes = {_outcome(library, call) for call in CALLS}
    assert len(outcomes) == 1
    assert f"| {library} | {outcomes.pop()} |" in PAGE


@pytest.mark.parametrize("library", list(LIBRARIES))
def test_beside_predictions_of_numpy(library: str) -> None:
    """A lazy or sparse array is not computed, or made dense, by being passed."""
    with pytest.raises(TypeError, match="targets .*(convert one of them|expected numbers)"):
        losses.cross_entropy(LOGITS, LIBRARIES[library](LABELS))
