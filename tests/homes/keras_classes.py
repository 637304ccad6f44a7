"""Losses and metrics under their names in ``wce_core.keras``; run by test_keras_backends.py.

A process for each of Keras' backends.
"""

from __future__ import annotations

import copy
import inspect
import json
import pickle
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import wce_core.keras as home
from wce_core import losses, metrics
from wce_core.losses.configured import BinaryCrossEntropy
from wce_core.losses.registry import CONFIGURED

pytestmark = [
    # NumPy warns of Keras' own variables.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    # PyTorch's compiler uses what PyTorch deprecates.
    pytest.mark.filterwarnings("ignore:`torch.jit.script:DeprecationWarning"),
]

GENERATOR = np.random.default_rng(3)
X = GENERATOR.standard_normal((50, 4)).astype(np.float32)
LOGITS = GENERATOR.standard_normal((50, 3)).astype(np.float32)
Y = GENERATOR.integers(0, 3, 50)
HOT = np.eye(3, dtype=np.float32)[Y]
WEIGHTS = GENERATOR.uniform(0, 2, 50).astype(np.float32)
COSTS = [[0.0, 1.0, 5.0], [2.0, 0.0, 1.0], [1.0, 1.0, 0.0]]
REQUIRED: dict[str, dict[str, Any]] = {
    "ExpectedCost": {"costs": COSTS},
    "PairwiseCost": {"costs": COSTS},
    "Combined": {
        "losses": (losses.CrossEntropy(class_weight={0: 1.0, 1: 2.0, 2: 3.0}), losses.DiceLoss()),
        "weights": (0.25, 0.75),
    },
}


def own(kind: type[Any], **options: Any) -> Any:
    """The class of ``wce_core.keras``, with what it cannot do without."""
    return getattr(home, kind.__name__)(**REQUIRED.get(kind.__name__, {}), **options)


def targets(kind: type[Any]) -> np.ndarray:
    if kind.__name__ == "AnyOfCrossEntropy":
        return HOT > 0
    return Y if getattr(kind, "_categorical", None) is not False else HOT


def tensor(array: Any) -> Any:
    return keras.ops.convert_to_tensor(array)


# --- Losses ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", CONFIGURED, ids=lambda kind: kind.__name__)
def test_every_loss_is_there_under_its_name(kind: type[Any]) -> None:
    loss = own(kind, name="own")
    assert kind.__name__ in home.__all__
    assert type(loss).__module__ == "wce_core.keras"
    assert isinstance(loss, keras.losses.Loss)
    plain = kind(**REQUIRED.get(kind.__name__, {}))
    assert type(plain.keras()) is type(loss)
    wanted = plain(LOGITS, targets(kind), sample_weight=WEIGHTS)
    saved = json.loads(json.dumps(keras.saving.serialize_keras_object(loss)))
    again = keras.saving.deserialize_keras_object(saved)
    for each in (loss, again, copy.deepcopy(loss), pickle.loads(pickle.dumps(loss))):
        assert each.name == "own"
        assert type(each) is type(loss)
        found = each(tensor(targets(kind)), tensor(LOGITS), sample_weight=tensor(WEIGHTS))
        np.testing.assert_allclose(keras.ops.convert_to_numpy(found), wanted, rtol=1e-5)
        assert each.get_config() == loss.get_config()


@pytest.mark.parametrize("kind", CONFIGURED, ids=lambda kind: kind.__name__)
def test_every_option_is_documented(kind: type[Any]) -> None:
    made = getattr(home, kind.__name__)
    documentation = inspect.getdoc(made) or ""
    options = documentation.partition("Parameters\n")[2].partition("Returns\n")[0]
    for name in inspect.signature(made).parameters:
        assert any(
            name in line.split(", ") for line in options.splitlines() if not line.startswith(" ")
        ), name
    assert not any(f"\n{name}\n" in options for name in ("predictions", "targets", "mask"))


def test_options_are_looked_at_at_once() -> None:
    with pytest.raises(ValueError, match="reduction"):
        home.CrossEntropy(reduction="average")
    with pytest.raises(ValueError, match="reduction='none' gives no single number"):
        home.DiceLoss(reduction="none")
    with pytest.raises(TypeError, match="unexpected keyword argument 'weights'"):
        home.CrossEntropy(weights=[1.0, 2.0])
    with pytest.raises(TypeError, match="expected one of its classes"):
        home.KerasLoss()
    assert home.CrossEntropy(reduction="sum").reduction == "sum"


@pytest.mark.parametrize(
    ("given", "dtype"),
    [
        (None, "float32"),
        ("float16", "float16"),
        (np.float64, "float64"),
        ("mixed_bfloat16", "bfloat16"),
        (keras.DTypePolicy("mixed_float16"), "float16"),
    ],
    ids=str,
)
def test_dtype_policies(given: Any, dtype: str) -> None:
    """A policy stands for its compute dtype; without one, half predictions give float32."""
    loss = home.CrossEntropy(dtype=given)
    assert loss.dtype == dtype
    assert loss.get_config().get("dtype") == (None if given is None else dtype)
    y_pred = keras.ops.cast(tensor(LOGITS), "float16" if given is None else "float32")
    if dtype == "float64" and keras.backend.backend() == "jax":  # unless its programs have it
        with pytest.raises(ValueError, match="results of jax cannot have it"):
            loss(tensor(Y), y_pred)
        return
    assert keras.backend.standardize_dtype(loss(tensor(Y), y_pred).dtype) == dtype


class Outside(BinaryCrossEntropy[Any]):
    """A kind of loss of another package."""


def test_losses_from_outside() -> None:
    made = home.loss_class(Outside)
    assert made is home.loss_class(Outside)
    loss = Outside(pos_weight=2.0).keras()
    assert type(loss) is made
    assert (made.__name__, made.__module__) == ("Outside", __name__)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    assert again.loss == loss.loss
    assert keras.saving.get_registered_name(made) == f"{__name__}>Outside"


def model(loss: Any, outputs: int = 3, **options: Any) -> Any:
    dense = keras.layers.Dense(outputs, kernel_initializer="zeros")
    made = keras.Sequential([keras.layers.Input((4,)), dense])
    made.compile(keras.optimizers.SGD(0.5), loss=loss, **{"jit_compile": False, **options})
    return made


PEERS = {
    "sparse": (keras.losses.SparseCategoricalCrossentropy, home.CrossEntropy, Y),
    "rows": (keras.losses.CategoricalCrossentropy, home.CrossEntropy, HOT),
    "binary": (keras.losses.BinaryCrossentropy, home.BinaryCrossEntropy, HOT),
}


@pytest.mark.parametrize("name", PEERS)
def test_training_comes_to_the_loss_that_keras_own_comes_to(name: str) -> None:
    theirs, ours, y = PEERS[name]
    curves = []
    for loss in (theirs(from_logits=True), ours()):
        fit = model(loss).fit(X, y, batch_size=16, epochs=3, shuffle=False, verbose=0)
        curves.append(fit.history["loss"])
    np.testing.assert_allclose(curves[1], curves[0], rtol=1e-6)


def pixels(loss: Any) -> Any:
    made = keras.Sequential([keras.layers.Input((5, 4, 2)), keras.layers.Conv2D(3, 1)])
    made.compile("sgd", loss=loss, jit_compile=False)
    return made


def test_pixels_have_weights() -> None:
    """By the loss, or one by one; Keras' ``class_weight`` of ``fit`` refuses such targets."""
    x = GENERATOR.standard_normal((4, 5, 4, 2)).astype(np.float32)
    y = GENERATOR.integers(0, 3, (4, 5, 4))
    weight = np.array([1.0, 3.0, 0.5], np.float32)
    by_class = pixels(home.CrossEntropy(class_weight=weight, reduction="weighted_mean"))
    by_pixel = pixels(home.CrossEntropy(reduction="weighted_mean"))
    by_pixel.set_weights(by_class.get_weights())
    logits = by_class.predict(x, verbose=0)
    wanted = losses.cross_entropy(logits, y, class_weight=weight, reduction="weighted_mean")
    for each, given in ((by_class, None), (by_pixel, weight[y])):
        found = each.train_on_batch(x, y, sample_weight=given)
        np.testing.assert_allclose(found, wanted, rtol=1e-5)
    for one, other in zip(by_class.get_weights(), by_pixel.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
    with pytest.raises((TypeError, ValueError)):
        by_pixel.fit(x, y, class_weight={0: 1.0, 1: 3.0, 2: 0.5}, verbose=0)


# --- Metrics -----------------------------------------------------------------------------------


METRICS: dict[str, tuple[Any, Any]] = {
    "Outcomes": (lambda *a, **k: metrics.outcomes(*a, **k).accuracy(), Y),
    "BinaryOutcomes": (lambda *a, **k: metrics.binary_outcomes(*a, **k).accuracy(), HOT),
    "ConfusionMatrix": (metrics.confusion_matrix, Y),
    "TopK": (lambda *a, **k: metrics.top_k(*a, k=2, **k).accuracy(), Y),
    "AnyOfTopK": (lambda *a, **k: metrics.any_of_top_k(*a, k=2, **k).accuracy(), HOT > 0),
    "Calibration": (lambda *a, **k: metrics.calibration(*a, **k).expected_error(), Y),
    "BinaryCalibration": (
        lambda *a, **k: metrics.binary_calibration(*a, **k).expected_error(),
        HOT,
    ),
    "LogLoss": (lambda *a, **k: metrics.log_loss(*a, **k).mean(), Y),
    "BinaryLogLoss": (lambda *a, **k: metrics.binary_log_loss(*a, **k).mean(), HOT),
}
OPTIONS = {"TopK": {"k": 2}, "AnyOfTopK": {"k": 2}}


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_is_that_of_all_items(name: str) -> None:
    """However they were split, weights and masks included; NumPy has the sums of the whole."""
    whole, y = METRICS[name]
    metric = getattr(home, name)(**OPTIONS.get(name, {}))
    saved = json.loads(json.dumps(keras.saving.serialize_keras_object(metric)))
    again = keras.saving.deserialize_keras_object(saved)
    assert again.get_config() == metric.get_config()
    mask = GENERATOR.uniform(size=50) < 0.8
    for each in (metric, again):
        for piece in (slice(0, 20), slice(20, 21), slice(21, 50)):
            y_pred = tensor(LOGITS[piece])
            keras.src.backend.set_keras_mask(y_pred, tensor(mask[piece]))
            each.update_state(tensor(y[piece]), y_pred, sample_weight=tensor(WEIGHTS[piece]))
        found = keras.ops.convert_to_numpy(each.result())
        wanted = whole(LOGITS, y, sample_weight=WEIGHTS, mask=mask)
        np.testing.assert_allclose(found, wanted, rtol=2e-6, atol=1e-6)
    metric.reset_state()
    assert not np.any(keras.ops.convert_to_numpy(metric.result()))
    assert keras.backend.standardize_dtype(metric.result().dtype) == "float32"


@pytest.mark.parametrize("jit_compile", [False, True])
def test_metrics_of_an_epoch(jit_compile: bool) -> None:
    """The last batch is shorter; weights reach weighted metrics alone, as in Keras."""
    made = model(
        home.CrossEntropy(),
        jit_compile=jit_compile,
        metrics=[home.Outcomes("f1"), home.TopK(k=2, name="second")],
        weighted_metrics=[
            home.Outcomes("balanced_accuracy", ignore_index=-1),
            home.LogLoss("weighted_mean", class_weight=[1.0, 2.0, 3.0]),
            home.ConfusionMatrix(),
        ],
    )
    kernel = GENERATOR.standard_normal((4, 3)).astype(np.float32)
    made.set_weights([kernel, np.zeros(3, np.float32)])
    given = {"sample_weight": WEIGHTS, "batch_size": 16, "verbose": 0}
    found = made.evaluate(X, Y, return_dict=True, **given)
    logits = made.predict(X, verbose=0)
    weighted = metrics.outcomes(logits, Y, sample_weight=WEIGHTS)
    cost = metrics.log_loss(logits, Y, sample_weight=WEIGHTS, class_weight=[1.0, 2.0, 3.0])
    wanted = {
        "f1": metrics.outcomes(logits, Y).f1(),
        "second": metrics.top_k(logits, Y, k=2).accuracy(),
        "balanced_accuracy": weighted.balanced_accuracy(),
        "weighted_mean": cost.weighted_mean(),
        "confusion_matrix": metrics.confusion_matrix(logits, Y, sample_weight=WEIGHTS),
    }
    for name, value in wanted.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-5, atol=1e-6, err_msg=name)


def test_metrics_leave_out_masked_steps() -> None:
    """As the loss does: the padding of an Embedding."""
    tokens = np.array([[3, 1, 2, 0, 0], [4, 4, 0, 0, 0], [1, 2, 3, 4, 1]])
    tags = np.array([[0, 1, 2, 9, 9], [1, 1, 9, 9, 9], [2, 1, 0, 2, 2]])
    layers = [
        keras.layers.Input((5,), dtype="int32"),
        keras.layers.Embedding(5, 3, mask_zero=True),
        keras.layers.Dense(3),
    ]
    made = keras.Sequential(layers)
    made.compile("sgd", loss=home.CrossEntropy(), metrics=[home.Outcomes()], jit_compile=False)
    found = made.evaluate(tokens, tags, batch_size=2, verbose=0, return_dict=True)
    wanted = metrics.outcomes(made.predict(tokens, verbose=0), tags, mask=tokens != 0)
    assert found["accuracy"] == pytest.approx(float(wanted.accuracy()), rel=1e-6)


def test_several_outputs_have_losses_and_metrics() -> None:
    inputs = keras.layers.Input((4,))
    kind, binary = keras.layers.Dense(3, name="kind"), keras.layers.Dense(1, name="binary")
    made = keras.Model(inputs, {"kind": kind(inputs), "binary": binary(inputs)})
    made.compile(
        "sgd",
        loss={"kind": home.CrossEntropy(), "binary": home.BinaryCrossEntropy(pos_weight=3.0)},
        loss_weights={"kind": 1.0, "binary": 0.5},
        metrics={"kind": [home.Outcomes("f1", average="macro")], "binary": [home.BinaryOutcomes()]},
        jit_compile=False,
    )
    y = {"kind": Y, "binary": HOT[:, :1]}
    found = made.evaluate(X, y, batch_size=16, verbose=0, return_dict=True)
    logits = made.predict(X, verbose=0)
    f1 = metrics.outcomes(logits["kind"], Y).f1(average="macro")
    assert found["kind_f1"] == pytest.approx(float(f1), rel=1e-5)
    accuracy = metrics.binary_outcomes(logits["binary"], HOT[:, :1]).accuracy()
    assert found["binary_accuracy"] == pytest.approx(float(accuracy), rel=1e-5)


def test_what_a_metric_cannot_be_is_said_at_once() -> None:
    with pytest.raises(ValueError, match=r"result='auc'; expected one of .*'f1'"):
        home.Outcomes("auc")
    with pytest.raises(TypeError, match="no option 'reduction'"):
        home.LogLoss(reduction="sum")
    with pytest.raises(ValueError, match="average"):
        home.Outcomes("f1", average="mean")
    assert home.Outcomes("f1")._direction == "up"  # which EarlyStopping asks for
    assert home.LogLoss()._direction == "down"
    assert "average" in inspect.signature(home.Outcomes).parameters


def test_a_model_with_metrics_is_saved(tmp_path: Path) -> None:
    made = model(home.FocalCrossEntropy(gamma=1.0), metrics=[home.Outcomes("f1", average="macro")])
    made.fit(X, Y, batch_size=16, verbose=0)
    made.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    scores = [m.evaluate(X, Y, batch_size=16, verbose=0, return_dict=True) for m in (made, again)]
    assert scores[1] == pytest.approx(scores[0])
    assert "f1" in scores[1]
