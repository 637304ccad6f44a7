"""Cross-entropy of a linear layer's logits: that of the logits, in chunks of any length."""

from __future__ import annotations

import pickle
from importlib import import_module
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import wce_core
from wce_backends.numpy import BACKEND
from wce_core import losses
from wce_core.call.layer import LEAST_BYTES, bytes_of_chunks
from wce_core.losses import LinearCrossEntropy, cross_entropy, linear_cross_entropy

STRICT: Any = import_module("array_api_strict") if find_spec("array_api_strict") else None
NAMESPACES = [np, STRICT] if STRICT else [np]
"""NumPy alone in the environment that has nothing else."""

ITEMS, WIDTH, CLASSES = (3, 7), 5, 11
RNG = np.random.default_rng(0)
HIDDEN, WEIGHT = RNG.normal(size=(*ITEMS, WIDTH)), RNG.normal(size=(CLASSES, WIDTH))
BIAS, LABELS = RNG.normal(size=CLASSES), RNG.integers(0, CLASSES, ITEMS)
MASS, ITEM_WEIGHTS = RNG.random((*ITEMS, CLASSES)), RNG.random(ITEMS)
CLASS_WEIGHTS, MASK = RNG.random(CLASSES) + 0.1, RNG.random(ITEMS) > 0.3
OPTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"class_weight": CLASS_WEIGHTS, "sample_weight": ITEM_WEIGHTS[:, :1]},
    {"sample_weight": ITEM_WEIGHTS, "mask": MASK, "label_smoothing": 0.1},
    {"class_weight": CLASS_WEIGHTS, "label_smoothing": 0.1, "soft_weighting": "mixture"},
    {"class_weight": "balanced", "mask": MASK},
    {"form": losses.Logits(softcap=3.0, temperature=1.3, z_loss=0.01, margin=0.3)},
)
REDUCTIONS = ("mean", "weighted_mean", "batch_mean", "sum", "none", "parts")
CHUNKS = (1, 300, 2**24)
COTANGENT = RNG.normal(size=ITEMS)


def number(loss: Any) -> Any:
    """One that depends on all of the outputs that have a gradient."""
    if isinstance(loss, wce_core.LossParts):
        return loss.weighted_mean()
    return (loss * lifted(loss, COTANGENT)).sum() if getattr(loss, "ndim", 0) else loss * 2.0


def lifted(like: Any, array: np.ndarray) -> Any:
    values = getattr(like, "values", like)
    return array if isinstance(values, np.ndarray) else STRICT.asarray(array)


def of_logits(targets: Any, **options: Any) -> tuple[float, dict[str, np.ndarray]]:
    """The number and its gradients, by the chain rule from the logits."""
    both = wce_core.value_and_grad(lambda x: number(cross_entropy(x, targets, **options)))
    value, slopes = both(HIDDEN @ WEIGHT.T + BIAS)
    return float(value), {
        "hidden": slopes @ WEIGHT,
        "weight": np.einsum("btv,btd->vd", slopes, HIDDEN),
        "bias": slopes.sum((0, 1)),
    }


def in_chunks(xp: Any, dtype: str, targets: Any, **options: Any) -> Any:
    """The same by the loss itself."""
    lift = np.asarray if xp is np else xp.asarray
    own = {
        "hidden": lift(HIDDEN.astype(dtype)),
        "weight": lift(WEIGHT.astype(dtype)),
        "bias": lift(BIAS.astype(dtype)),
    }
    options = {n: lift(v) if isinstance(v, np.ndarray) else v for n, v in options.items()}
    found = {}
    for name, array in own.items():

        def objective(handle: Any, name: str = name) -> Any:
            given = {**own, name: handle}
            return number(linear_cross_entropy(**given, targets=lift(targets), **options))

        value, found[name] = wce_core.value_and_grad(objective)(array)
        assert found[name].dtype == array.dtype
    return float(value), found


def assert_near(one: Any, other: Any, tolerance: float) -> None:
    assert abs(one[0] - other[0]) <= tolerance * max(1.0, abs(one[0]))
    for name, expected in one[1].items():
        error = np.abs(np.asarray(other[1][name]) - expected).max()
        assert error <= tolerance * np.abs(expected).max(), name


@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: "-".join(options) or "plain")
@pytest.mark.parametrize("targets", [LABELS, MASS], ids=["index", "dense"])
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("xp", NAMESPACES, ids=lambda xp: xp.__name__)
def test_is_the_loss_of_the_logits(
    xp: Any, reduction: str, targets: Any, options: dict[str, Any]
) -> None:
    expected = of_logits(targets, reduction=reduction, **options)
    for chunk in CHUNKS:
        given = {**options, "reduction": reduction, "chunk_bytes": chunk}
        assert_near(expected, in_chunks(xp, "float64", targets, **given), 1e-12)
    given["chunk_bytes"] = CHUNKS[0]
    assert_near(expected, in_chunks(xp, "float32", targets, **given), 4e-6)


@pytest.mark.parametrize("reduction", ["weighted_mean", "none"])
def test_exact_bits_do_not_depend_on_the_chunks(reduction: Any) -> None:
    options = {"class_weight": CLASS_WEIGHTS, "precision": "exact", "reduction": reduction}
    one, *others = (
        in_chunks(np, "float32", LABELS, chunk_bytes=chunk, **options) for chunk in CHUNKS
    )
    for value, gradients in others:
        assert value == one[0]
        assert all(np.array_equal(own, one[1][name]) for name, own in gradients.items())
    assert_near(of_logits(LABELS, class_weight=CLASS_WEIGHTS, reduction=reduction), one, 1e-6)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("options", [{}, {"label_smoothing": 0.1}], ids=["index", "smoothed"])
def test_what_is_excluded_reaches_nothing(bad: float, options: dict[str, Any]) -> None:
    hidden = np.where(MASK[..., None], HIDDEN, bad)
    targets = np.where(MASK, LABELS, -100)
    for excluding in ({"mask": MASK}, {"ignore_index": -100}):
        labels = LABELS if "mask" in excluding else targets
        for chunk in CHUNKS:
            given = {**options, **excluding, "chunk_bytes": chunk, "reduction": "weighted_mean"}
            value, slopes = wce_core.value_and_grad(
                lambda h, given=given, labels=labels: linear_cross_entropy(
                    h, WEIGHT, labels, **given
                )
            )(hidden)
            clean = linear_cross_entropy(HIDDEN, WEIGHT, labels, **given)
            assert value == clean
            assert np.all(slopes[~MASK] == 0.0)
            _, layer = wce_core.value_and_grad(
                lambda w, given=given, labels=labels: linear_cross_entropy(
                    hidden, w, labels, **given
                )
            )(WEIGHT)
            assert np.all(np.isfinite(layer))


def test_padding_of_the_vocabulary_is_minus_infinity() -> None:
    padded = np.concatenate([WEIGHT, np.zeros((5, WIDTH))])
    bias = np.concatenate([BIAS, np.full(5, -np.inf)])
    both = wce_core.value_and_grad(
        lambda w, b: linear_cross_entropy(HIDDEN, w, LABELS, bias=b, chunk_bytes=300)
    )
    value, slopes = both(padded, bias)
    expected, inner = both(WEIGHT, BIAS)
    assert value == pytest.approx(expected, rel=1e-15)
    np.testing.assert_allclose(slopes[:CLASSES], inner, rtol=1e-12, atol=1e-16)
    assert np.all(slopes[CLASSES:] == 0.0)


def test_gradients_of_half_hidden_states_are_those_of_float32() -> None:
    """For any number of chunks: nothing is added up in a half type."""
    rng = np.random.default_rng(1)
    hidden = rng.normal(size=(1024, 8)).astype(np.float16)
    weight = rng.normal(size=(50, 8)).astype(np.float32)
    labels = rng.integers(0, 50, 1024)

    def gradient(hidden: Any, weight: Any, chunk: int) -> Any:
        return wce_core.value_and_grad(
            lambda w: linear_cross_entropy(hidden, w, labels, chunk_bytes=chunk)
        )(weight)[1]

    exact = gradient(hidden.astype("f8"), weight.astype("f8"), 2**30)

    def error(found: Any) -> float:
        return float(np.abs(found - exact).max())

    whole = error(gradient(hidden.astype(np.float32), weight, 2**30))
    for rows in (1, 7, 32, 1024):
        assert error(gradient(hidden, weight, rows * 50 * 4)) <= 4.0 * whole


def test_shapes_and_options_are_refused_in_words() -> None:
    cases: tuple[tuple[Any, dict[str, Any], str], ...] = (
        (TypeError, {"cost_matrix": np.ones((CLASSES, CLASSES))}, "no argument 'cost_matrix'"),
        (TypeError, {"axis": 1}, "no argument 'axis'"),
        (ValueError, {"form": "probabilities"}, "makes logits"),
        (ValueError, {"chunk_bytes": 0}, "chunk_bytes is 0; expected 'auto' or a number of bytes"),
        (TypeError, {"chunk_bytes": "all"}, "chunk_bytes is 'all'; expected 'auto' or a number"),
        (ValueError, {"bias": BIAS[:3]}, r"bias has shape \(3,\); expected \(11,\)"),
        (ValueError, {"weight": WEIGHT.T}, r"weight has shape \(5, 11\); expected \(V, 5\)"),
        (TypeError, {"weight": LABELS}, "weight has dtype int64"),
        (ValueError, {"targets": LABELS + 5}, r"expected a class index in \[0, 11\)"),
        (ValueError, {"targets": LABELS[:2]}, "targets"),
        (ValueError, {"hidden": np.array(1.0)}, "hidden states along its last axis"),
    )
    for kind, given, message in cases:
        with pytest.raises(kind, match=message):
            linear_cross_entropy(**{"hidden": HIDDEN, "weight": WEIGHT, "targets": LABELS, **given})
    handle = wce_core.value_and_grad(lambda h: linear_cross_entropy(h, h, LABELS[0, :1]))
    with pytest.raises(TypeError, match="hidden and weight are of value_and_grad"):
        handle(np.ones((1, 1)))


def test_one_item_and_none() -> None:
    expected = cross_entropy(WEIGHT @ HIDDEN[0, 0], 3)
    assert linear_cross_entropy(HIDDEN[0, 0], WEIGHT, 3) == pytest.approx(expected, rel=1e-14)
    nothing = linear_cross_entropy(np.zeros((0, WIDTH)), WEIGHT, np.zeros(0, int))
    assert nothing == 0.0


def test_configured() -> None:
    options: dict[str, Any] = {"class_weight": CLASS_WEIGHTS, "reduction": "weighted_mean"}
    loss = LinearCrossEntropy(**options, chunk_bytes=500)
    found = loss(HIDDEN, WEIGHT, LABELS, bias=BIAS, mask=MASK)
    given = {**options, "bias": BIAS, "mask": MASK, "chunk_bytes": 500}
    assert found == linear_cross_entropy(HIDDEN, WEIGHT, LABELS, **given)
    assert pickle.loads(pickle.dumps(loss)) == loss
    assert repr(LinearCrossEntropy(ignore_index=3)) == "LinearCrossEntropy(ignore_index=3)"
    with pytest.raises(TypeError, match="add_loss"):
        loss.keras()
    with pytest.raises(ValueError, match="chunk_bytes"):
        LinearCrossEntropy(chunk_bytes=0)


@pytest.mark.parametrize(("classes", "wanted"), [(10, LEAST_BYTES), (2**15, 2**15 * 512 * 4 // 2)])
def test_chunks_grow_with_the_layer(classes: int, wanted: int) -> None:
    """Half of what it takes in the computing dtype; what somebody asks for stays."""
    auto, given = (SimpleNamespace(chunk_bytes=own) for own in ("auto", 1000))
    layer = {"projection": np.zeros((classes, 512), np.float16)}
    assert bytes_of_chunks(BACKEND, auto, layer, "float16") == wanted
    assert bytes_of_chunks(BACKEND, given, layer, "float16") == 1000
