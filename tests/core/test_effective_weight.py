"""``effective_weight``: the denominators of ``LossParts``, without predictions."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any, get_args

import numpy as np
import pytest

from wce_conformance.adapters import adapter
from wce_core import effective_weight, losses
from wce_core.formulas.reductions import DENOMINATORS
from wce_core.losses.registry import LOSSES
from wce_core.types import SoftWeighting

RNG = np.random.default_rng(7)
N, M, C = 6, 4, 3
X = RNG.normal(size=(N, M, C))
LABELS = RNG.integers(0, C, (N, M))
MASS = RNG.dirichlet(np.ones(C), (N, M)) * 1.5
SETS = RNG.random((N, M, C)) < 0.5
SETS[..., 0] |= ~SETS.any(-1)
SHARES = RNG.random((N, M, C))
W = np.array([1.0, 4.0, 0.0])
PAIRS = np.array([[1.0, 2.0], [0.5, 0.0], [3.0, 1.0]])
AT_CALL: dict[str, dict[str, Any]] = {
    "no weights": {},
    "weights": {"sample_weight": RNG.uniform(0.0, 2.0, (N, M, 1)).round(1)},
    "a mask": {"mask": RNG.random((N, M, 1)) < 0.7, "sample_weight": np.full((N, 1, 1), 0.3)},
    "nothing left": {"mask": np.zeros((N, M, 1), bool)},
}
REDUCTIONS = tuple(
    name for name, under in DENOMINATORS.items() if under not in (None, "normalizer")
)
SOFT = get_args(SoftWeighting)


@pytest.fixture(autouse=True)
def float64_program(request: pytest.FixtureRequest) -> Iterator[None]:
    """JAX has float64 results where its program has them."""
    scope: Any = nullcontext()
    if "backend" in request.fixturenames and request.getfixturevalue("backend") == "jax":
        import jax

        scope = jax.enable_x64(True)
    with scope:
        yield


def configured(name: str) -> Iterator[tuple[Any, np.ndarray]]:
    """Losses of a kind, and targets for them."""
    kind: Any = LOSSES[name]
    fields = {field.name for field in dataclasses.fields(kind)}
    costs = {"costs": RNG.uniform(size=(C, C))} if "costs" in fields else {}
    targets = [LABELS, MASS] if kind._categorical else [SHARES]
    targets = [SETS] if name == "any_of_cross_entropy" else targets
    weights: list[Any] = [None, W, {0: 1.0, 1: 2.0, 2: 0.5}, "balanced"]
    if not kind._categorical:
        weights = [None, [0.5, 2.0], PAIRS]
    for own in targets:
        for weight in weights:
            yield kind(class_weight=weight, **costs), own
        further: dict[str, Any] = {"label_smoothing": 0.2, "class_weight": weights[1]}
        if "label_smoothing" in fields:
            yield kind(**further, **costs), own
        if "soft_weighting" in fields:
            for rule in SOFT:
                yield kind(class_weight=weights[1], soft_weighting=rule, **costs), own
        if "pos_weight" in fields:
            yield kind(pos_weight=[1.0, 2.0, 3.0]), own
        if "ignore_index" in fields and own is not MASS:
            yield kind(ignore_index=1, class_weight=weights[1], **costs), own


def at_call(loss: Any, given: dict[str, Any]) -> dict[str, Any]:
    """Laid out for items without a class axis, or for elements."""
    return {n: a[..., 0] if loss._categorical else a for n, a in given.items()}


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_every_denominator_of_every_loss(name: str, dtype: str) -> None:
    seen = 0
    for loss, targets in configured(name):
        for given in AT_CALL.values():
            own = at_call(loss, given)
            y = targets.astype(dtype) if targets.dtype.kind == "f" else targets
            parts = dataclasses.replace(loss, reduction="parts")(X.astype(dtype), y, **own)
            for reduction in REDUCTIONS:
                asked = dataclasses.replace(loss, reduction=reduction)
                found = effective_weight(asked, y, num_classes=C, dtype=dtype, **own)
                expected = getattr(parts, str(DENOMINATORS[reduction]))
                assert found.dtype == expected.dtype
                assert found == expected, (asked, found, expected)
                seen += 1
    assert seen >= 4 * 4 * len(REDUCTIONS)


@pytest.mark.parametrize("axis", [-1, 1])
def test_every_framework(backend: str, axis: int) -> None:
    own = adapter(backend)
    x = own.array(np.moveaxis(X, -1, axis))
    for targets in (LABELS, np.moveaxis(MASS, -1, axis)):
        y = own.array(targets)
        s = own.array(AT_CALL["weights"]["sample_weight"][..., 0])
        for options in ({}, {"label_smoothing": 0.1}, {"soft_weighting": "geometric"}):
            loss = losses.CrossEntropy(class_weight=W, axis=axis, **options)
            parts = dataclasses.replace(loss, reduction="parts")(x, y, sample_weight=s)
            for reduction in REDUCTIONS:
                found = effective_weight(loss, y, sample_weight=s, reduction=reduction)
                field = getattr(parts, str(DENOMINATORS[reduction]))
                expected = own.numpy(field)
                assert type(found) is type(field)
                assert own.numpy(found).dtype == expected.dtype
                np.testing.assert_allclose(own.numpy(found), expected, rtol=4 * 2.0**-52)


def test_shares_of_micro_batches_add_up(backend: str) -> None:
    """The use of it: every micro-batch divided by the denominator of all of them."""
    own = adapter(backend)
    loss = losses.CrossEntropy(class_weight=W, reduction="weighted_mean")
    share = dataclasses.replace(loss, reduction="sum")
    cuts = (slice(0, 1), slice(1, 1), slice(1, N))
    labels = [own.array(LABELS[cut]) for cut in cuts]
    whole = sum(effective_weight(loss, each) for each in labels)
    pairs = zip((own.array(X[cut]) for cut in cuts), labels, strict=True)
    found = sum(share(x, y, normalizer=whole) for x, y in pairs)
    expected = own.numpy(loss(own.array(X), own.array(LABELS)))
    np.testing.assert_allclose(own.numpy(found), expected, rtol=4 * 2.0**-52)


def test_weights_of_several_dtypes_keep_their_digits() -> None:
    """Of index targets, Σω does not depend on the predictions' dtype."""
    loss = losses.CrossEntropy(class_weight=np.array([0.1, 0.2, 0.3]), reduction="weighted_mean")
    exact = effective_weight(loss, LABELS)
    assert exact.dtype == np.float64
    assert effective_weight(loss, LABELS, dtype="float32") == np.float32(exact)
    assert effective_weight(loss, LABELS, dtype="float16").dtype == np.float32


def test_weights_of_either_sign() -> None:
    loss = losses.CrossEntropy(negative_weights=True, reduction="absolute_weighted_mean")
    found = effective_weight(loss, [0, 1], sample_weight=[2.0, -3.0], num_classes=2)
    assert found == 5.0


def test_lists_are_read_as_losses_read_them() -> None:
    loss = losses.CrossEntropy(class_weight=[1.0, 4.0], reduction="weighted_mean")
    assert effective_weight(loss, [0, 1, 1]) == 9.0
    assert effective_weight(loss, [[0.5, 0.5], [1.0, 0.0]], sample_weight=[2.0, 1.0]) == 6.0


def test_one_item() -> None:
    loss = losses.CrossEntropy(class_weight=[1.0, 4.0], reduction="weighted_mean")
    assert effective_weight(loss, np.array(1)) == 4.0
    assert effective_weight(loss, np.array([0.5, 0.5])) == 2.5


def test_what_may_be_two_things_is_asked_for() -> None:
    """Predictions would tell by their rank what integers are."""
    loss = losses.CrossEntropy(class_weight=[1.0, 4.0], reduction="weighted_mean")
    rows = np.array([[0, 1], [1, 0], [0, 1]])
    with pytest.raises(ValueError, match="dense=True if they are rows of mass"):
        effective_weight(loss, rows)
    assert effective_weight(loss, rows, dense=True) == 9.0
    assert effective_weight(loss, rows, dense=False) == 15.0


@pytest.mark.parametrize("reduction", ["sum", "none", "parts"])
def test_a_loss_without_a_denominator(reduction: Any) -> None:
    loss = losses.CrossEntropy(class_weight=[1.0, 4.0], reduction=reduction)
    with pytest.raises(ValueError, match="name a denominator"):
        effective_weight(loss, [0, 1])
    assert effective_weight(loss, [0, 1], reduction="weighted_mean") == 5.0
    with pytest.raises(ValueError, match="expected one of 'mean'"):
        effective_weight(loss, [0, 1], reduction="average")


def test_a_cost_matrix_needs_predictions() -> None:
    loss = losses.CrossEntropy(cost_matrix=np.ones((2, 2)), reduction="weighted_mean")
    with pytest.raises(ValueError, match="weighs an item by the class that is predicted"):
        effective_weight(loss, [0, 1])
    assert effective_weight(loss, [0, 1], reduction="mean") == 2


WRONG: dict[str, tuple[Any, Any, dict[str, Any], type[Exception], str]] = {
    "a function": (losses.cross_entropy, [0], {}, TypeError, "configured loss of items"),
    "a loss of regions": (losses.DiceLoss(), [0], {}, TypeError, "configured loss of items"),
    "no classes": (losses.CrossEntropy(), [0, 1], {}, ValueError, "pass num_classes="),
    "a class that is none": (
        losses.CrossEntropy(),
        [0, 2],
        {"num_classes": 2},
        ValueError,
        r"targets is 2 at position \(1,\); expected a class index in \[0, 2\)",
    ),
    "other classes": (
        losses.CrossEntropy(class_weight=[1.0, 2.0]),
        [0, 1],
        {"num_classes": 3},
        ValueError,
        "class_weight has shape",
    ),
    "rows of other classes": (
        losses.CrossEntropy(),
        [[0.5, 0.5]],
        {"num_classes": 3},
        ValueError,
        "expected 3 classes along axis -1",
    ),
    "no class axis": (
        losses.CrossEntropy(axis=3),
        [0, 1],
        {"num_classes": 3},
        ValueError,
        "class axis at axis=3",
    ),
    "a negative weight": (
        losses.CrossEntropy(),
        [0, 1],
        {"num_classes": 2, "sample_weight": [1.0, -1.0]},
        ValueError,
        "sample_weight is -1",
    ),
    "a fraction": (losses.CrossEntropy(), [0], {"num_classes": 2.5}, TypeError, "an integer"),
    "text": (losses.CrossEntropy(), np.array(["a"]), {"num_classes": 2}, TypeError, "text"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong(case: str) -> None:
    loss, targets, options, error, match = WRONG[case]
    with pytest.raises(error, match=match):
        effective_weight(loss, targets, **options)
