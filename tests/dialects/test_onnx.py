"""``dialects.onnx`` beside the reference evaluator of the package onnx, which has no gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from dialects_support import DTYPES, EPS, FRAMEWORKS, drawn, everywhere, measured, near
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

from wce_core import dialects, losses

own = dialects.onnx

SEEDS = st.integers(0, 2**20)
SHAPES = st.sampled_from([(4, 3), (2, 3, 2)])
REDUCTIONS = st.sampled_from(["none", "sum", "mean"])
IGNORED = st.sampled_from([None, 1, -1])


def evaluated(operator: str, arrays: dict[str, Any], outputs: int, **attributes: Any) -> list[Any]:
    given_ones = {name: np.asarray(array) for name, array in arrays.items() if array is not None}
    attributes = {name: value for name, value in attributes.items() if value is not None}
    names = [f"out{i}" for i in range(outputs)]
    node = helper.make_node(operator, list(given_ones), names, **attributes)
    kinds = {name: helper.np_dtype_to_tensor_dtype(a.dtype) for name, a in given_ones.items()}
    graph = helper.make_graph(
        [node],
        "loss",
        [helper.make_tensor_value_info(n, kinds[n], a.shape) for n, a in given_ones.items()],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in names],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    return list(ReferenceEvaluator(model).run(None, given_ones))


def case(seed: int, shape: Any, weighted: bool, ignored: int | None, dtype: str) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    items = shape[:1] + shape[2:]
    labels = rng.integers(0, 3, items)
    if ignored is not None:
        labels.flat[0] = ignored
        labels.flat[1] = 0
    weights = rng.uniform(0.5, 3, 3).astype(dtype) if weighted else None
    return {
        "scores": (rng.normal(size=shape) * 3).astype(dtype),
        "labels": labels,
        "weights": weights,
    }


@pytest.mark.parametrize("dtype", DTYPES)
@given(seed=SEEDS, shape=SHAPES, weighted=st.booleans(), ignored=IGNORED, reduction=REDUCTIONS)
@drawn
def test_softmax_cross_entropy_loss(dtype, seed, shape, weighted, ignored, reduction) -> None:
    arrays = case(seed, shape, weighted, ignored, dtype)
    options = {"ignore_index": ignored, "reduction": reduction}
    theirs, their_log = evaluated("SoftmaxCrossEntropyLoss", arrays, 2, **options)
    x = arrays.pop("scores")
    rest = {k: v for k, v in arrays.items() if v is not None}

    def ours(x: Any, **k: Any) -> Any:
        return own.softmax_cross_entropy_loss(x, **k, **options)

    value, slope = measured("numpy", ours, x, rest)
    near(value, theirs, 400 * EPS[dtype], "value beside the reference evaluator's")
    everywhere(ours, x, rest, value, slope, condition=10.0)
    _, log_prob = own.softmax_cross_entropy_loss(x, **arrays, **options, log_prob=True)
    near(log_prob, their_log, 400 * EPS[dtype], "log_prob")


@pytest.mark.parametrize("dtype", DTYPES)
@given(seed=SEEDS, shape=SHAPES, weighted=st.booleans(), ignored=IGNORED, reduction=REDUCTIONS)
@drawn
def test_negative_log_likelihood_loss(dtype, seed, shape, weighted, ignored, reduction) -> None:
    if ignored == -1 and not weighted:
        ignored = 1  # the reference evaluator counts labels of −1 then: a fault that is listed
    found = case(seed, shape, weighted, ignored, dtype)
    arrays = dict(zip(("input", "target", "weight"), found.values(), strict=True))
    options = {"ignore_index": ignored, "reduction": reduction}
    (theirs,) = evaluated("NegativeLogLikelihoodLoss", arrays, 1, **options)
    x = arrays.pop("input")
    rest = {k: v for k, v in arrays.items() if v is not None}

    def ours(x: Any, **k: Any) -> Any:
        return own.negative_log_likelihood_loss(x, **k, **options)

    value, slope = measured("numpy", ours, x, rest)
    near(value, theirs, 100 * EPS[dtype], "value beside the reference evaluator's")
    everywhere(ours, x, rest, value, slope, condition=10.0)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_the_gradient_is_that_of_the_core(framework: str) -> None:
    x, y, w = np.array([[2.0, 0.0, 1.0], [0.0, 3.0, 0.0]]), np.array([0, 2]), np.array([1.0, 2, 3])
    _, slope = measured(
        framework, lambda x, y, w: own.softmax_cross_entropy_loss(x, y, w), x, {"y": y, "w": w}
    )
    _, expected = measured(
        "numpy",
        lambda x, y, w: losses.cross_entropy(x, y, class_weight=w, reduction="weighted_mean"),
        x,
        {"y": y, "w": w},
    )
    np.testing.assert_allclose(slope, expected, rtol=1e-12)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_nothing_left_is_nan(framework: str) -> None:
    value, gradient = measured(
        framework,
        lambda x, y: own.softmax_cross_entropy_loss(x, y, ignore_index=1),
        np.zeros((2, 3)),
        {"y": np.array([1, 1])},
    )
    assert np.isnan(value)
    assert (gradient == 0).all()


def test_bad_input_is_refused() -> None:
    with pytest.raises(ValueError, match="batch"):
        own.softmax_cross_entropy_loss(np.zeros(3), np.array(1))
    with pytest.raises(ValueError, match="class index"):
        own.softmax_cross_entropy_loss(np.zeros((1, 3)), np.array([3]))
    with pytest.raises(ValueError, match="label per item"):
        own.softmax_cross_entropy_loss(np.zeros((1, 3)), np.zeros((1, 3)))
    with pytest.raises(ValueError, match="reduction"):
        own.negative_log_likelihood_loss(np.zeros((1, 3)), np.array([0]), reduction="average")


def test_the_version_is_the_one_that_is_stated() -> None:
    assert onnx.__version__.startswith("1.23.")
