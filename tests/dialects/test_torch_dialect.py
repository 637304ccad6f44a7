"""``dialects.torch`` beside ``torch.nn.functional``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from dialects_support import DTYPES, FRAMEWORKS, agree, drawn, measured, signature
from hypothesis import given
from hypothesis import strategies as st

from wce_core import dialects

own = dialects.torch

SEEDS = st.integers(0, 2**20)
REDUCTIONS = st.sampled_from(["none", "mean", "sum"])
SCALES = st.sampled_from([0.5, 3.0, 20.0])
SHAPES = st.sampled_from([(3,), (4, 3), (2, 3, 2)])
FUNCTIONS = [
    "cross_entropy",
    "nll_loss",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "multilabel_soft_margin_loss",
    "soft_margin_loss",
]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_arguments_are_those_of_torch(name: str) -> None:
    assert signature(getattr(own, name)) == signature(getattr(F, name))


def logits(rng: np.random.Generator, shape: Any, scale: float, dtype: str) -> np.ndarray:
    return (rng.normal(size=shape) * scale).astype(dtype)


def class_weights(rng: np.random.Generator, kind: str, dtype: str) -> dict[str, np.ndarray]:
    if kind == "none":
        return {}
    low = -0.5 if kind == "negative" else 0.5
    return {"weight": np.where([True, False, True], low, rng.uniform(2, 4, 3)).astype(dtype)}


def items(shape: tuple[int, ...]) -> tuple[int, ...]:
    return shape[:1] + shape[2:] if len(shape) > 1 else ()


@pytest.mark.parametrize("dtype", DTYPES)
@given(
    seed=SEEDS,
    shape=SHAPES,
    scale=SCALES,
    reduction=REDUCTIONS,
    smoothing=st.sampled_from([0.0, 0.1, 1.0]),
    weight=st.sampled_from(["none", "positive", "negative"]),
    ignored=st.sampled_from([-100, 1, -1]),
)
@drawn
def test_cross_entropy_of_indices(
    dtype, seed, shape, scale, reduction, smoothing, weight, ignored
) -> None:
    rng = np.random.default_rng(seed)
    x = logits(rng, shape, scale, dtype)
    # The class with the largest weight is always there, so that no denominator cancels.
    y = np.where(rng.random(items(shape)) < 0.7, rng.integers(0, 3, items(shape)), ignored)
    y = np.where(y < 0, ignored if ignored < 0 else 0, y)
    if ignored != 0 and y.size and not (y == (1 if ignored != 1 else 2)).any():
        y = np.where(np.arange(y.size).reshape(y.shape) == 0, 1 if ignored != 1 else 2, y)
    if weight == "negative" and ignored == 1:
        weight = "positive"
    arrays = {"target": y, **class_weights(rng, weight, dtype)}
    options = {"ignore_index": ignored, "reduction": reduction, "label_smoothing": smoothing}
    agree(
        lambda x, **k: own.cross_entropy(x, **k, **options),
        lambda x, **k: F.cross_entropy(x, **k, **options),
        x,
        arrays,
        library="torch",
        condition=20.0,
    )


@pytest.mark.parametrize("dtype", DTYPES)
@given(
    seed=SEEDS,
    shape=SHAPES,
    scale=SCALES,
    reduction=REDUCTIONS,
    smoothing=st.sampled_from([0.0, 0.2]),
    weight=st.sampled_from(["none", "positive", "negative"]),
    unit=st.booleans(),
)
@drawn
def test_cross_entropy_of_probabilities(
    dtype, seed, shape, scale, reduction, smoothing, weight, unit
) -> None:
    rng = np.random.default_rng(seed)
    x = logits(rng, shape, scale, dtype)
    q = rng.uniform(0, 1, shape)
    if unit:
        q = q / q.sum(axis=1 if len(shape) > 1 else 0, keepdims=True)
    arrays = {"target": q.astype(dtype), **class_weights(rng, weight, dtype)}
    options = {"reduction": reduction, "label_smoothing": smoothing}
    agree(
        lambda x, **k: own.cross_entropy(x, **k, **options),
        lambda x, **k: F.cross_entropy(x, **k, **options),
        x,
        arrays,
        library="torch",
        condition=10.0,
    )


@pytest.mark.parametrize("dtype", DTYPES)
@given(
    seed=SEEDS,
    shape=SHAPES,
    reduction=REDUCTIONS,
    weight=st.sampled_from(["none", "positive"]),
    ignored=st.sampled_from([-100, 0]),
)
@drawn
def test_nll_loss(dtype, seed, shape, reduction, weight, ignored) -> None:
    rng = np.random.default_rng(seed)
    x = logits(rng, shape, 3.0, dtype)
    y = rng.integers(1, 3, items(shape))
    y = np.where(np.arange(y.size).reshape(y.shape) == 1, max(ignored, 0), y)
    arrays = {"target": y, **class_weights(rng, weight, dtype)}
    options = {"ignore_index": ignored, "reduction": reduction}
    agree(
        lambda x, **k: own.nll_loss(x, **k, **options),
        lambda x, **k: F.nll_loss(x, **k, **options),
        x,
        arrays,
        library="torch",
        condition=4.0,
    )


BINARY_SHAPES = st.sampled_from([(3,), (4, 3), (2, 3, 2)])


def right(shape: tuple[int, ...], kind: str) -> tuple[int, ...] | None:
    """A shape that broadcasts to ``shape`` from the right."""
    last = shape[-1:]
    kinds = {
        "none": None,
        "scalar": (),
        "last": last,
        "whole": shape,
        "column": (*shape[:-1], 1),
        "first": (shape[0], *(1,) * (len(shape) - 1)),
    }
    return kinds[kind]


BROADCASTS = st.sampled_from(["none", "scalar", "last", "whole", "column", "first"])


def drawn_weights(
    rng: np.random.Generator, name: str, shape: Any, kind: str, dtype: str
) -> dict[str, np.ndarray]:
    own_shape = right(shape, kind)
    if own_shape is None:
        return {}
    return {name: np.asarray(rng.uniform(-0.5, 3.0, own_shape)).astype(dtype)}


def binary_targets(rng: np.random.Generator, shape: Any, hard: bool, dtype: str) -> np.ndarray:
    return (rng.integers(0, 2, shape) if hard else rng.uniform(0, 1, shape)).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@given(seed=SEEDS, shape=BINARY_SHAPES, reduction=REDUCTIONS, weight=BROADCASTS, hard=st.booleans())
@drawn
def test_binary_cross_entropy(dtype, seed, shape, reduction, weight, hard) -> None:
    rng = np.random.default_rng(seed)
    # Where p·(1−p) < 1e-12 PyTorch's gradient is another; see the test of that fault.
    p = rng.uniform(1e-3, 1 - 1e-3, shape).astype(dtype)
    arrays = {
        "target": binary_targets(rng, shape, hard, dtype),
        **drawn_weights(rng, "weight", shape, weight, dtype),
    }
    agree(
        lambda x, **k: own.binary_cross_entropy(x, **k, reduction=reduction),
        lambda x, **k: F.binary_cross_entropy(x, **k, reduction=reduction),
        p,
        arrays,
        library="torch",
        condition=1e3,
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_logarithms_are_bounded_as_in_torch(framework, dtype, reduction) -> None:
    p = np.array([[0.0, 1.0, 1e-30], [1e-44, 0.25, 0.0], [0.0, 1.0, 1.0]], dtype)
    y = np.array([[1.0, 0.0, 1.0], [1.0, 1.0, 0.0], [0.5, 0.5, 1.0]], dtype)
    theirs = F.binary_cross_entropy(torch.tensor(p), torch.tensor(y), reduction=reduction)
    value, _ = measured(
        framework,
        lambda x, target: own.binary_cross_entropy(x, target, reduction=reduction),
        p,
        {"target": y},
    )
    np.testing.assert_allclose(value, theirs.numpy(), rtol=1e-6)


@pytest.mark.parametrize("dtype", DTYPES)
@given(
    seed=SEEDS,
    shape=BINARY_SHAPES,
    scale=SCALES,
    reduction=REDUCTIONS,
    weight=BROADCASTS,
    pos_weight=BROADCASTS,
    hard=st.booleans(),
)
@drawn
def test_binary_cross_entropy_with_logits(
    dtype, seed, shape, scale, reduction, weight, pos_weight, hard
) -> None:
    rng = np.random.default_rng(seed)
    arrays = {
        "target": binary_targets(rng, shape, hard, dtype),
        **drawn_weights(rng, "weight", shape, weight, dtype),
        **drawn_weights(rng, "pos_weight", shape, pos_weight, dtype),
    }
    agree(
        lambda x, **k: own.binary_cross_entropy_with_logits(x, **k, reduction=reduction),
        lambda x, **k: F.binary_cross_entropy_with_logits(x, **k, reduction=reduction),
        logits(rng, shape, scale, dtype),
        arrays,
        library="torch",
        condition=50.0,
    )


@pytest.mark.parametrize("dtype", DTYPES)
@given(
    seed=SEEDS,
    shape=BINARY_SHAPES,
    scale=SCALES,
    reduction=REDUCTIONS,
    weight=BROADCASTS,
    hard=st.booleans(),
)
@drawn
def test_multilabel_soft_margin_loss(dtype, seed, shape, scale, reduction, weight, hard) -> None:
    rng = np.random.default_rng(seed)
    arrays = {
        "target": binary_targets(rng, shape, hard, dtype),
        **drawn_weights(rng, "weight", shape, weight, dtype),
    }
    agree(
        lambda x, **k: own.multilabel_soft_margin_loss(x, **k, reduction=reduction),
        lambda x, **k: F.multilabel_soft_margin_loss(x, **k, reduction=reduction),
        logits(rng, shape, scale, dtype),
        arrays,
        library="torch",
        condition=50.0,
    )


@pytest.mark.parametrize("dtype", DTYPES)
@given(seed=SEEDS, shape=BINARY_SHAPES, scale=SCALES, reduction=REDUCTIONS)
@drawn
def test_soft_margin_loss(dtype, seed, shape, scale, reduction) -> None:
    rng = np.random.default_rng(seed)
    arrays = {"target": rng.choice([-1, 1], shape).astype(dtype)}
    agree(
        lambda x, **k: own.soft_margin_loss(x, **k, reduction=reduction),
        lambda x, **k: F.soft_margin_loss(x, **k, reduction=reduction),
        np.clip(logits(rng, shape, scale, dtype), -80, 80),
        arrays,
        library="torch",
        condition=20.0,
    )


ERRORS = {
    "a label": (IndexError, "cross_entropy", [[0.0, 1.0]], [2], {}),
    "another label": (IndexError, "nll_loss", [[0.0, 1.0]], [-1], {}),
    "weights": (RuntimeError, "cross_entropy", [[0.0, 1.0]], [1], {"weight": [1.0, 1.0, 1.0]}),
    "smoothing": (RuntimeError, "cross_entropy", [[0.0, 1.0]], [1], {"label_smoothing": 1.5}),
    "whole targets": (RuntimeError, "cross_entropy", [[0.0, 1.0]], [[0, 1]], {}),
    "float labels": (RuntimeError, "cross_entropy", [[0.0, 1.0]], [1.0], {}),
    "ignored rows": (
        RuntimeError,
        "cross_entropy",
        [[0.0, 1.0]],
        [[0.5, 0.5]],
        {"ignore_index": 1},
    ),
    "reduction": (ValueError, "cross_entropy", [[0.0, 1.0]], [1], {"reduction": "average"}),
    "no classes": (Exception, "cross_entropy", 1.0, 1, {}),
    "probability": (RuntimeError, "binary_cross_entropy", [1.5], [1.0], {}),
    "length": (ValueError, "binary_cross_entropy", [0.5, 0.5], [1.0], {}),
    "logits": (ValueError, "binary_cross_entropy_with_logits", [[0.5]], [1.0], {}),
}


@pytest.mark.parametrize("case", ERRORS)
@pytest.mark.parametrize("framework", ["numpy", "torch"])
def test_errors_are_those_of_torch(framework: str, case: str) -> None:
    kind, name, x, y, options = ERRORS[case]
    options = {k: np.array(v) if isinstance(v, list) else v for k, v in options.items()}
    convert = torch.asarray if framework == "torch" else np.asarray
    with pytest.raises(kind):
        getattr(F, name)(
            torch.asarray(x, dtype=torch.float64), torch.asarray(np.asarray(y)),
            **{k: torch.asarray(v) if isinstance(v, np.ndarray) else v for k, v in options.items()},
        )  # fmt: skip
    with pytest.raises(kind):
        getattr(own, name)(convert(np.asarray(x, np.float64)), convert(np.asarray(y)), **options)


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("weight", [None, np.array([1.0, 1.0, 1.0])])
def test_a_mean_of_nothing_is_nan_with_a_gradient_of_0(framework, weight) -> None:
    x, y = np.zeros((2, 3)), np.array([-100, -100])
    theirs = F.cross_entropy(torch.tensor(x), torch.tensor(y))
    assert theirs.isnan()
    value, gradient = measured(
        framework, lambda x, y: own.cross_entropy(x, y, weight=weight), x, {"y": y}
    )
    assert np.isnan(value)
    assert (gradient == 0).all()


@pytest.mark.parametrize(
    ("options", "reduction"),
    [
        ({"size_average": False}, "sum"),
        ({"size_average": True}, "mean"),
        ({"reduce": False}, "none"),
        ({"reduce": True, "size_average": False}, "sum"),
    ],
)
def test_deprecated_arguments_overrule_reduction(options, reduction) -> None:
    x, y = np.array([[0.0, 1.0], [2.0, 0.0]]), np.array([0, 1])
    with pytest.warns(UserWarning, match="size_average and reduce"):
        theirs = F.cross_entropy(torch.tensor(x), torch.tensor(y), **options)
    np.testing.assert_allclose(own.cross_entropy(x, y, **options), theirs)
    np.testing.assert_allclose(own.cross_entropy(x, y, reduction=reduction), theirs)
