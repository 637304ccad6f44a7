"""``dialects.keras`` beside ``keras.losses``, on PyTorch; other backends of Keras beside it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from typing import Any

import numpy as np
import pytest
from dialects_support import DTYPES, EPS, FRAMEWORKS, agree, drawn, measured, signature
from hypothesis import given
from hypothesis import strategies as st

from wce_core import dialects

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import keras

own = dialects.keras

SEEDS = st.integers(0, 2**20)
SHAPES = st.sampled_from([(4, 3), (2, 3, 2)])
LOGITS = st.booleans()
AXES = st.sampled_from([-1, 1])
SMOOTHING = st.sampled_from([0.0, 0.1])
REDUCTIONS = st.sampled_from(
    ["sum_over_batch_size", "mean", "sum", "mean_with_sample_weight", "none", None]
)

FUNCTIONS = ["binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy"]
CLASSES = ["BinaryCrossentropy", "CategoricalCrossentropy", "SparseCategoricalCrossentropy"]


@pytest.mark.parametrize("name", [*FUNCTIONS, *CLASSES])
def test_arguments_are_those_of_keras(name: str) -> None:
    theirs = signature(getattr(keras.losses, name))
    assert signature(getattr(own, name)) == theirs


def predictions(
    rng: np.random.Generator, shape: Any, from_logits: bool, dtype: str, *, axis: int | None = None
) -> np.ndarray:
    """Logits, or probabilities, some of which are clipped; rows that sum to anything."""
    if from_logits:
        return (rng.normal(size=shape) * 3).astype(dtype)
    p = rng.uniform(0.05, 0.95, shape)
    zero = rng.random(shape) < 0.1
    zero[..., 0] = zero[:, 0] = False  # a row of zeros has no sum to be divided by
    return np.where(zero, 0.0, p).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@given(seed=SEEDS, shape=SHAPES, from_logits=LOGITS, smoothing=SMOOTHING, axis=AXES)
@drawn
def test_binary_crossentropy(dtype, seed, shape, from_logits, smoothing, axis) -> None:
    rng = np.random.default_rng(seed)
    options = {"from_logits": from_logits, "label_smoothing": smoothing, "axis": axis}
    agree(
        lambda x, y: own.binary_crossentropy(y, x, **options),
        lambda x, y: keras.losses.binary_crossentropy(y, x, **options),
        predictions(rng, shape, from_logits, dtype),
        {"y": rng.uniform(0, 1, shape).astype(dtype)},
        library="torch",
        condition=20.0,
        library_eps=EPS["float32"],
    )


@pytest.mark.parametrize("dtype", DTYPES)
@given(seed=SEEDS, shape=SHAPES, from_logits=LOGITS, smoothing=SMOOTHING, axis=AXES)
@drawn
def test_categorical_crossentropy(dtype, seed, shape, from_logits, smoothing, axis) -> None:
    rng = np.random.default_rng(seed)
    if len(shape) == 3 and axis == 1:
        smoothing = 0.0  # Keras counts the classes along another axis: a fault that is listed
    options = {"from_logits": from_logits, "label_smoothing": smoothing, "axis": axis}
    agree(
        lambda x, y: own.categorical_crossentropy(y, x, **options),
        lambda x, y: keras.losses.categorical_crossentropy(y, x, **options),
        predictions(rng, shape, from_logits, dtype),
        {"y": rng.uniform(0, 1, shape).astype(dtype)},
        library="torch",
        condition=20.0,
    )


@pytest.mark.parametrize("dtype", DTYPES)
@given(
    seed=SEEDS,
    shape=SHAPES,
    from_logits=LOGITS,
    ignored=st.sampled_from([None, 1, -1]),
    axis=st.sampled_from([-1, 1]),
    floats=st.booleans(),
)
@drawn
def test_sparse_categorical_crossentropy(
    dtype, seed, shape, from_logits, ignored, axis, floats
) -> None:
    rng = np.random.default_rng(seed)
    x = predictions(rng, shape, from_logits, dtype)
    y = rng.integers(0, shape[axis], np.delete(shape, axis % len(shape)))
    if ignored is not None:
        y[0] = ignored
    options = {"from_logits": from_logits, "ignore_class": ignored, "axis": axis}
    agree(
        lambda x, y: own.sparse_categorical_crossentropy(y, x, **options),
        lambda x, y: keras.losses.sparse_categorical_crossentropy(y, x, **options),
        x,
        {"y": y.astype(dtype) if floats else y},
        library="torch",
        condition=20.0,
    )


def sample_weights(
    rng: np.random.Generator, kind: str, items: tuple[int, ...], reduction: str | None, dtype: str
) -> dict[str, np.ndarray]:
    shapes = {"none": None, "items": items, "column": (*items, 1), "scalar": ()}
    if kind == "column" and reduction in ("none", None) and len(items) == 1:
        kind = "items"  # Keras makes a column of the values then
    shape = shapes[kind]
    if shape is None or (kind == "scalar" and reduction == "mean_with_sample_weight"):
        return {}  # Keras divides by weights that it does not broadcast: a fault that is listed
    return {"sample_weight": np.asarray(rng.uniform(0.5, 2, shape)).astype(dtype)}


WEIGHTS = st.sampled_from(["none", "items", "column", "scalar"])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", CLASSES)
@given(
    seed=SEEDS,
    shape=SHAPES,
    from_logits=LOGITS,
    reduction=REDUCTIONS,
    weights=WEIGHTS,
    masked=st.booleans(),
    ignored=st.sampled_from([None, 1]),
)
@drawn
def test_classes(
    name, dtype, seed, shape, from_logits, reduction, weights, masked, ignored
) -> None:
    rng = np.random.default_rng(seed)
    x = predictions(rng, shape, from_logits, dtype)
    options: dict[str, Any] = {"from_logits": from_logits, "reduction": reduction}
    if name == "SparseCategoricalCrossentropy":
        y = rng.integers(0, shape[-1], shape[:-1])
        y.flat[0] = 0
        options["ignore_class"] = ignored
    else:
        y = rng.uniform(0, 1, shape).astype(dtype)
    arrays = {"y": y, **sample_weights(rng, weights, shape[:-1], reduction, dtype)}
    if weights == "scalar" and (masked or options.get("ignore_class") is not None):
        arrays.pop("sample_weight", None)  # Keras on PyTorch fails: it multiplies it in place
    if masked:
        mask = rng.random(shape[:-1]) < 0.7
        mask.flat[0] = True
        arrays["mask"] = mask
    loss = getattr(own, name)(**options)
    theirs = getattr(keras.losses, name)(**options, dtype=dtype)

    def library(x: Any, y: Any, sample_weight: Any = None, mask: Any = None) -> Any:
        x = x * 1
        if mask is not None:
            keras.src.backend.set_keras_mask(x, mask)
        return theirs(y, x, sample_weight=sample_weight)

    if masked and reduction in ("none", None):
        arrays.pop("mask")
    agree(
        lambda x, y, **k: loss(y, x, **k),
        library,
        x,
        arrays,
        library="torch",
        condition=10.0,
        library_eps=EPS["float32"],
    )


Y_FORMS = ["labels", "floats", "column", "one hot", "soft"]


@given(seed=SEEDS, form=st.sampled_from(Y_FORMS), missing=st.booleans())
@drawn
def test_sample_weight_from_class_weight(seed, form, missing) -> None:
    from keras.src.trainers.data_adapters.data_adapter_utils import class_weight_to_sample_weights

    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, 5)
    y = {
        "labels": labels,
        "floats": labels + rng.uniform(-0.4, 0.4, 5),
        "column": labels[:, None],
        "one hot": np.eye(3)[labels],
        "soft": rng.uniform(0, 1, (5, 3)),
    }[form]
    weights = {0: 0.5, 2: 4.0} if missing else {0: 0.5, 1: 3.0, 2: 4.0}
    theirs = class_weight_to_sample_weights(y, weights)
    for name in FRAMEWORKS:
        value = own.sample_weight_from_class_weight(_converted(name, y), weights)
        np.testing.assert_array_equal(np.asarray(value), theirs)


def _converted(name: str, y: np.ndarray) -> Any:
    from wce_conformance.adapters import adapter

    if name == "jax":  # a program without 64-bit numbers
        y = y.astype({"f": np.float32, "i": np.int32}[y.dtype.kind])
    return adapter(name).array(y)


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_class_weights_at_any_rank(name: str) -> None:
    labels = np.array([[[0, 1], [2, 2]]])
    weights = {0: 0.5, 1: 3.0, 2: 4.0}
    expected = [[[0.5, 3.0], [4.0, 4.0]]]
    for y, one_hot in (
        (np.eye(3, dtype=np.float32)[labels], None),
        (labels[..., None], None),
        (labels, False),
    ):
        value = own.sample_weight_from_class_weight(_converted(name, y), weights, one_hot=one_hot)
        assert np.asarray(value).tolist() == expected


ELSEWHERE = """
import json, sys, warnings
warnings.simplefilter("ignore")
import numpy as np
import keras
sys.path.insert(0, sys.argv[1])
from keras_cases import CASES
print(json.dumps([np.asarray(getattr(keras.losses, name)(*map(np.asarray, arrays), **options))
    .tolist() for name, arrays, options in CASES]))
"""


@pytest.mark.parametrize("chosen", ["jax", "tensorflow", "numpy"])
def test_other_backends_of_keras(chosen: str) -> None:
    """In a process of their own; Keras on TensorFlow bounds before it divides, for labels."""
    from keras_cases import CASES

    done = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, os.path.dirname(__file__)],
        env={**os.environ, "KERAS_BACKEND": chosen, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    theirs = json.loads(done.stdout.splitlines()[-1])
    for (name, arrays, options), other in zip(CASES, theirs, strict=True):
        value = getattr(own, name)(*map(np.asarray, arrays), **options)
        np.testing.assert_allclose(value, other, rtol=3e-6, err_msg=name)


@pytest.mark.parametrize("weights", [None, np.array([1, 2, 1, 1, 0.5, 1], "float32")])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_usable_in_compile_and_fit(name: str, weights: Any) -> None:
    """The function trains a model to what Keras' own does."""
    x = np.linspace(-1, 1, 24, dtype="float32").reshape(6, 4)
    labels = np.array([0, 2, 1, 0, 2, 2])
    y = labels if name.startswith("sparse") else np.eye(3, dtype="float32")[labels]
    histories = []
    for library in (own, keras.losses):
        keras.utils.set_random_seed(1)
        layers = [keras.Input((4,)), keras.layers.Dense(3, activation="softmax")]
        model = keras.Sequential(layers)
        model.compile(optimizer=keras.optimizers.SGD(0.5), loss=getattr(library, name))
        found = model.fit(x, y, sample_weight=weights, epochs=3, batch_size=6, verbose=0)
        histories.append(found.history["loss"])
    np.testing.assert_allclose(*histories, rtol=1e-5)


def test_values_that_are_no_labels_are_refused() -> None:
    p = np.full((2, 3), 1 / 3)
    with pytest.raises(ValueError, match="class index"):
        own.sparse_categorical_crossentropy(np.array([0.0, 1.5]), p)
    with pytest.raises(ValueError, match="class index"):
        own.sparse_categorical_crossentropy(np.array([0, 3]), p)
    with pytest.raises(ValueError, match="reduction"):
        own.BinaryCrossentropy(reduction="weighted")


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_masked_infinity_reaches_nothing(framework: str) -> None:
    """Keras multiplies by the mask: NaN."""
    x, y = np.array([[0.0, 1.0], [np.inf, 1.0]]), np.array([[1.0, 0.0], [1.0, 0.0]])
    loss = own.CategoricalCrossentropy(from_logits=True)
    value, gradient = measured(
        framework, lambda x, y, mask: loss(y, x, mask=mask), x, {"y": y, "mask": [True, False]}
    )
    np.testing.assert_allclose(value, np.log1p(np.e))
    assert np.isfinite(gradient).all()
