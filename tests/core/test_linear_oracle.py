"""Cross-entropy of a linear layer against its definition at sixty digits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

import wce_core
from wce_conformance.oracle.linear import linear_cross_entropy as defined
from wce_core.losses import cross_entropy, linear_cross_entropy

LAYER = ("hidden", "weight", "bias")
ROWS = 4
"""Items of a chunk."""


class Problem(NamedTuple):
    """A call; NumPy's arrays of numbers that float32 has."""

    arrays: dict[str, np.ndarray]
    labels: np.ndarray
    options: dict[str, Any]

    @property
    def chunk_bytes(self) -> int:
        return ROWS * 8 * self.arrays["weight"].shape[0]


def problem(items: int, classes: int, **options: Any) -> Problem:
    rng = np.random.default_rng(items * classes)
    shapes = {"hidden": (items, 2), "weight": (classes, 2), "bias": (classes,)}
    arrays = {
        name: rng.normal(size=shape).astype(np.float32).astype(np.float64)
        for name, shape in shapes.items()
    }
    return Problem(arrays, rng.integers(0, classes, items), options)


def weighed(items: int, classes: int, **options: Any) -> Problem:
    rng = np.random.default_rng(items)
    weights = {
        "class_weight": rng.integers(1, 9, classes).astype(float),
        "sample_weight": rng.integers(0, 5, items).astype(float),
        "mask": np.arange(items) % 3 != 1,
    }
    return problem(items, classes, **weights, **options)


PROBLEMS = {
    "one less than a chunk": weighed(ROWS - 1, 5, reduction="weighted_mean"),
    "a chunk": weighed(ROWS, 5, reduction="weighted_mean"),
    "one more than a chunk": weighed(ROWS + 1, 5, reduction="weighted_mean"),
    "chunks, smoothed": weighed(2 * ROWS + 1, 5, label_smoothing=0.125, reduction="mean"),
    "a long vocabulary": weighed(3, 257, reduction="mean"),
    "far apart": problem(5, 3, reduction="sum"),
}
PROBLEMS["far apart"].arrays["hidden"][:] *= 2.0**12


def expected(given: Problem) -> dict[str, np.ndarray]:
    """Value and gradients by definition."""
    arguments = {
        name: value.tolist() if isinstance(value, np.ndarray) else value
        for name, value in {**given.arrays, **given.options, "targets": given.labels}.items()
    }
    found = defined(**arguments, wrt=LAYER)
    gradients = {name: np.array(found.gradients[name], float) for name in LAYER}
    return {"value": np.array(float(found.value)), **gradients}


def given_by(loss: Callable[..., Any], given: Problem) -> dict[str, np.ndarray]:
    """The same by an implementation, one gradient after the other."""
    found = {}
    for name in LAYER:

        def objective(handle: Any, name: str = name) -> Any:
            arrays = {**given.arrays, name: handle}
            return loss(
                **arrays, targets=given.labels, chunk_bytes=given.chunk_bytes, **given.options
            )

        found["value"], found[name] = wce_core.value_and_grad(objective)(given.arrays[name])
    return found


def errors(found: dict[str, np.ndarray], right: dict[str, np.ndarray]) -> dict[str, float]:
    """The largest of each, over the largest number."""
    return {
        name: float(np.abs(found[name] - own).max() / np.abs(own).max())
        for name, own in right.items()
    }


@pytest.mark.parametrize("name", PROBLEMS)
def test_is_what_it_is_defined_as(name: str) -> None:
    given = PROBLEMS[name]
    right = expected(given)
    found = errors(given_by(linear_cross_entropy, given), right)
    assert max(found.values()) <= 1e-13, found


def test_a_vocabulary_that_no_block_divides() -> None:
    given = weighed(3, 50_257, reduction="mean")
    arrays = given.arrays
    x = arrays["hidden"] @ arrays["weight"].T + arrays["bias"]
    found = linear_cross_entropy(**arrays, targets=given.labels, chunk_bytes=1, **given.options)
    assert found == pytest.approx(cross_entropy(x, given.labels, **given.options), rel=1e-14)


Wrong = Callable[..., Any]


def padded_with_zeros(hidden: Any, weight: Any, targets: Any, **rest: Any) -> Any:
    """Columns that fill up a block of the vocabulary count as classes with the logit 0."""
    bias = np.concatenate([rest.pop("bias"), np.zeros(3)])
    rest["class_weight"] = np.concatenate([rest["class_weight"], np.ones(3)])
    padded = np.concatenate([weight, np.zeros((3, weight.shape[1]))])
    return linear_cross_entropy(hidden, padded, targets, bias=bias, **rest)


def mean_of_chunks(hidden: Any, weight: Any, targets: Any, **rest: Any) -> Any:
    """Each chunk is divided by what is in it."""
    per_item = ("sample_weight", "mask")
    means = []
    for start in range(0, len(targets), ROWS):
        cut = slice(start, start + ROWS)
        own = {name: value[cut] if name in per_item else value for name, value in rest.items()}
        means.append(linear_cross_entropy(hidden[cut], weight, targets[cut], **own))
    return np.mean(means)


def last_chunk_lost(hidden: Any, weight: Any, targets: Any, **rest: Any) -> Any:
    """What does not fill a chunk is left out of the sum, and counted."""
    rest.pop("chunk_bytes")
    kept = np.arange(len(targets)) < len(targets) // ROWS * ROWS
    bias, reduction = rest.pop("bias"), rest.pop("reduction")
    x = hidden @ weight.T + bias
    parts = cross_entropy(x, targets, reduction="parts", **rest)
    rest["mask"] = rest["mask"] & kept
    less = cross_entropy(x, targets, reduction="parts", **rest)
    return getattr(parts._replace(total=less.total), reduction)()


def multiplied_by_zero(hidden: Any, weight: Any, targets: Any, **rest: Any) -> Any:
    """What is excluded has the weight 0."""
    mask = rest.pop("mask")
    rest["sample_weight"] = rest["sample_weight"] * mask
    return linear_cross_entropy(hidden, weight, targets, **rest)


@pytest.mark.parametrize(
    "wrong", [padded_with_zeros, mean_of_chunks, last_chunk_lost, multiplied_by_zero]
)
def test_what_is_wrong_is_caught(wrong: Wrong) -> None:
    given = weighed(2 * ROWS + 1, 5, reduction="mean")
    given.arrays["hidden"][~given.options["mask"]] = 3.0
    right = float(expected(given)["value"])
    options = {**given.options, "chunk_bytes": given.chunk_bytes}
    found = wrong(**given.arrays, targets=given.labels, **options)
    assert abs(found - right) > 1e-3 * abs(right)
    own = linear_cross_entropy(**given.arrays, targets=given.labels, **options)
    assert abs(own - right) < 1e-13 * abs(right)
