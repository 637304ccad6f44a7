"""What must hold of Keras on each of its backends; run by test_keras_backends.py.

Models are small and linear, so that one step of gradient descent can be worked out with NumPy.
"""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import wce_core
from wce_core import dialects, losses
from wce_core.keras import DialectLoss, KerasLoss

pytestmark = [
    # NumPy warns of Keras' own variables.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    # PyTorch's compiler uses what PyTorch deprecates.
    pytest.mark.filterwarnings("ignore:`torch.jit.script:DeprecationWarning"),
]

RATE = 0.5
GENERATOR = np.random.default_rng(0)
CENTRES = GENERATOR.standard_normal((3, 4)) * 3
Y = GENERATOR.integers(0, 3, 60)
X = (CENTRES[Y] + GENERATOR.standard_normal((60, 4))).astype(np.float32)
WEIGHTS = GENERATOR.uniform(0, 2, 60).astype(np.float32)
CLASS_WEIGHT = {0: 1.0, 1: 3.0, 2: 0.5}
REDUCTIONS = ("mean", "weighted_mean", "nonzero_mean", "sum", "batch_mean")


def linear(outputs: int, loss: Any, **options: Any) -> keras.Model:
    """x·W without a bias, W = 0."""
    model = keras.Sequential(
        [
            keras.layers.Input((X.shape[1],)),
            keras.layers.Dense(outputs, use_bias=False, kernel_initializer="zeros"),
        ]
    )
    options = {"jit_compile": False, **options}
    model.compile(optimizer=keras.optimizers.SGD(RATE), loss=loss, **options)
    return model


def after_one_step(outputs: int, loss: Any, y: Any, **given: Any) -> np.ndarray:
    """W after one step of gradient descent from 0, by the closed form."""

    def objective(logits: Any) -> Any:
        return loss(logits, y, **given)

    logits = np.zeros((len(X), outputs), np.float32)
    _, gradient = wce_core.value_and_grad(objective)(logits)
    return -RATE * X.T @ gradient


# --- Other terms ---------------------------------------------------------------------------------

HOT = np.eye(3, dtype=np.float32)[Y]
LOGITS = np.random.default_rng(5).standard_normal((60, 3)).astype(np.float32) * 2


@pytest.mark.parametrize("gamma", [0.5, 2.0, 3.0])
def test_focal_losses_are_those_of_keras(gamma: float) -> None:
    """Of targets 0 and 1; alpha is a class weight."""
    alpha = 0.25
    pairs = [
        (
            keras.losses.CategoricalFocalCrossentropy(alpha=alpha, gamma=gamma, from_logits=True),
            losses.FocalCrossEntropy(gamma=gamma, class_weight=[alpha] * 3),
        ),
        (
            keras.losses.BinaryFocalCrossentropy(gamma=gamma, from_logits=True),
            losses.BinaryFocalCrossEntropy(gamma=gamma),
        ),
        (
            keras.losses.BinaryFocalCrossentropy(
                apply_class_balancing=True, alpha=alpha, gamma=gamma, from_logits=True
            ),
            losses.BinaryFocalCrossEntropy(gamma=gamma, class_weight=(1 - alpha, alpha)),
        ),
    ]
    for theirs, ours in pairs:
        wanted, found = (float(loss(HOT, LOGITS)) for loss in (theirs, ours.keras()))
        assert found == pytest.approx(wanted, rel=2e-5)
        steps = [linear(3, loss) for loss in (theirs, ours.keras())]
        for model in steps:
            model.fit(X, HOT, batch_size=60, epochs=1, verbose=0)
        weights = [np.asarray(model.get_weights()[0]) for model in steps]
        np.testing.assert_allclose(*weights, rtol=2e-4, atol=1e-6)


# --- Training ----------------------------------------------------------------------------------


@pytest.mark.parametrize("jit_compile", [False, True])
def test_the_loss_falls(jit_compile: bool) -> None:
    loss = losses.CrossEntropy(class_weight=CLASS_WEIGHT, reduction="weighted_mean")
    model = linear(3, loss.keras(), jit_compile=jit_compile)
    history = model.fit(X, Y, sample_weight=WEIGHTS, batch_size=20, epochs=8, verbose=0)
    curve = history.history["loss"]
    assert curve[-1] < 0.5 * curve[0]
    predicted = model.predict(X, verbose=0).argmax(-1)
    assert (predicted == Y).mean() > 0.9


def test_the_binary_loss_falls() -> None:
    loss = losses.BinaryCrossEntropy(pos_weight=3.0)
    model = linear(1, loss.keras())
    history = model.fit(X, Y == 1, batch_size=20, epochs=8, verbose=0)
    curve = history.history["loss"]
    assert curve[-1] < 0.6 * curve[0]


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weighted", [False, True])
def test_one_step_is_that_of_the_loss_itself(reduction: Any, weighted: bool) -> None:
    """Weights from ``fit`` count as ``sample_weight``, in the loss's own reduction."""
    loss = losses.CrossEntropy(class_weight=CLASS_WEIGHT, reduction=reduction)
    weights = np.where(WEIGHTS > 0.5, WEIGHTS, 0) if weighted else None
    model = linear(3, loss.keras())
    model.fit(X, Y, sample_weight=weights, batch_size=60, epochs=1, verbose=0)
    expected = after_one_step(3, loss, Y, sample_weight=weights)
    np.testing.assert_allclose(model.get_weights()[0], expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("shape", [(60,), (60, 1)], ids=str)
@pytest.mark.parametrize("dtype", ["int64", "int32", "uint8", "float32"])
@pytest.mark.parametrize("weights", [(60,), (60, 1)], ids=str)
def test_class_indices(shape: Any, dtype: str, weights: Any) -> None:
    loss = losses.CrossEntropy()
    model = linear(3, loss.keras())
    y, s = Y.astype(dtype).reshape(shape), WEIGHTS.reshape(weights)
    model.fit(X, y, sample_weight=s, batch_size=60, epochs=1, verbose=0)
    expected = after_one_step(3, loss, Y, sample_weight=WEIGHTS)
    np.testing.assert_allclose(model.get_weights()[0], expected, rtol=1e-5, atol=1e-6)


def test_mass() -> None:
    loss = losses.CrossEntropy(label_smoothing=0.1, class_weight=[1.0, 2.0, 3.0])
    q = np.eye(3, dtype=np.float32)[Y] * WEIGHTS[:, None]
    model = linear(3, loss.keras())
    model.fit(X, q, batch_size=60, epochs=1, verbose=0)
    expected = after_one_step(3, loss, q)
    np.testing.assert_allclose(model.get_weights()[0], expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("shape", [(60,), (60, 1)], ids=str)
@pytest.mark.parametrize("dtype", ["bool", "int64", "float32"])
@pytest.mark.parametrize("weights", [(60,), (60, 1)], ids=str)
def test_binary_targets(shape: Any, dtype: str, weights: Any) -> None:
    loss = losses.BinaryCrossEntropy(class_weight={0: 0.5, 1: 2.0}, reduction="weighted_mean")
    model = linear(1, loss.keras())
    y, s = (Y == 1).astype(dtype).reshape(shape), WEIGHTS.reshape(weights)
    model.fit(X, y, sample_weight=s, batch_size=60, epochs=1, verbose=0)
    expected = after_one_step(1, loss, (Y == 1)[:, None], sample_weight=WEIGHTS)
    np.testing.assert_allclose(model.get_weights()[0], expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("rule", ["marginal", "max", "pinned"])
def test_candidates(rule: Any) -> None:
    """Booleans of the predictions' shape arrive as they are."""
    loss = losses.AnyOfCrossEntropy(rule=rule, class_weight=[1.0, 3.0, 0.5])
    y = (np.arange(3) == Y[:, None]) | (np.arange(3) == 1)
    model = linear(3, loss.keras())
    model.fit(X, y, batch_size=60, epochs=1, shuffle=False, verbose=0)
    got = keras.ops.convert_to_numpy(model.layers[0].kernel)
    np.testing.assert_allclose(got, after_one_step(3, loss, y), rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("kind", [losses.ExpectedCost, losses.PairwiseCost])
def test_costs(kind: Any) -> None:
    loss = kind(costs=[[0.0, 1.0, 5.0], [2.0, 0.0, 1.0], [1.0, 1.0, 0.0]])
    model = linear(3, loss.keras())
    model.fit(X, Y, batch_size=60, epochs=1, shuffle=False, verbose=0)
    got = keras.ops.convert_to_numpy(model.layers[0].kernel)
    np.testing.assert_allclose(got, after_one_step(3, loss, Y), rtol=2e-5, atol=1e-6)


def test_class_weight_of_fit_multiplies() -> None:
    """Keras turns it into sample weights."""
    loss = losses.CrossEntropy(class_weight=[2.0, 2.0, 1.0])
    model = linear(3, loss.keras())
    model.fit(X, Y, class_weight=CLASS_WEIGHT, batch_size=60, epochs=1, verbose=0)
    both = losses.CrossEntropy(class_weight=[2.0, 6.0, 0.5])
    expected = after_one_step(3, both, Y)
    np.testing.assert_allclose(model.get_weights()[0], expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_evaluate_is_the_direct_call(jit_compile: bool) -> None:
    loss = losses.CrossEntropy(class_weight=CLASS_WEIGHT, reduction="weighted_mean")
    model = linear(3, loss.keras(), jit_compile=jit_compile)
    model.set_weights([GENERATOR.standard_normal((4, 3)).astype(np.float32)])
    found = model.evaluate(X, Y, sample_weight=WEIGHTS, batch_size=60, verbose=0)
    logits = X @ model.get_weights()[0]
    assert found == pytest.approx(float(loss(logits, Y, sample_weight=WEIGHTS)), rel=1e-5)


def test_several_outputs() -> None:
    inputs = keras.layers.Input((4,))
    dense = [keras.layers.Dense(n, use_bias=False, name=name) for n, name in ((3, "k"), (1, "b"))]
    model = keras.Model(inputs, {layer.name: layer(inputs) for layer in dense})
    kind, binary = losses.CrossEntropy(), losses.BinaryCrossEntropy()
    model.compile("sgd", loss={"k": kind.keras(), "b": binary.keras()}, jit_compile=False)
    found = model.evaluate(X, {"k": Y, "b": Y == 1}, batch_size=60, verbose=0)
    first, second = (X @ layer.get_weights()[0] for layer in dense)
    expected = float(kind(first, Y)) + float(binary(second, (Y == 1)[:, None]))
    total = found[0] if isinstance(found, list) else found
    assert total == pytest.approx(expected, rel=1e-5)


# --- Masks -------------------------------------------------------------------------------------


TOKENS = np.array([[3, 1, 2, 0, 0], [4, 4, 0, 0, 0], [1, 2, 3, 4, 1]])
TAGS = np.array([[0, 1, 2, 9, 9], [1, 1, 9, 9, 9], [2, 1, 0, 2, 2]])


def sequence_model(outputs: int, loss: Any) -> keras.Model:
    model = keras.Sequential(
        [
            keras.layers.Input((5,), dtype="int32"),
            keras.layers.Embedding(5, 3, mask_zero=True),
            keras.layers.Dense(outputs, use_bias=False),
        ]
    )
    model.compile(keras.optimizers.SGD(RATE), loss=loss, jit_compile=False)
    return model


def logits_of(model: keras.Model) -> np.ndarray:
    table, kernel = model.get_weights()
    return np.asarray(table[TOKENS] @ kernel)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_masked_steps_are_excluded(reduction: Any) -> None:
    """Even their labels may be nonsense; the mean is over the steps that take part."""
    loss = losses.CrossEntropy(class_weight=CLASS_WEIGHT, reduction=reduction)
    model = sequence_model(3, loss.keras())
    mask = TOKENS != 0
    expected = float(loss(logits_of(model), TAGS, mask=mask))
    weights = np.array([1.0, 2.0, 0.5], np.float32)
    weighted = float(loss(logits_of(model), TAGS, mask=mask, sample_weight=weights))
    found = model.evaluate(TOKENS, TAGS, batch_size=3, verbose=0)
    assert found == pytest.approx(expected, rel=1e-5)
    found = model.evaluate(TOKENS, TAGS, sample_weight=weights, batch_size=3, verbose=0)
    assert found == pytest.approx(weighted, rel=1e-5)
    before = model.get_weights()[0]
    model.fit(TOKENS, TAGS, batch_size=3, epochs=1, verbose=0)
    after = model.get_weights()[0]
    assert np.isfinite(after).all()
    np.testing.assert_array_equal(before[0], after[0])  # the padding token is never trained
    assert (before[1:] != after[1:]).all()


@pytest.mark.parametrize("axis", [True, False], ids=["last axis", "no last axis"])
def test_masked_steps_of_a_binary_loss(axis: bool) -> None:
    loss = losses.BinaryCrossEntropy()
    model = sequence_model(1, loss.keras())
    y = TAGS == 1
    expected = float(loss(logits_of(model)[..., 0], y, mask=TOKENS != 0))
    found = model.evaluate(TOKENS, y[..., None] if axis else y, batch_size=3, verbose=0)
    assert found == pytest.approx(expected, rel=1e-5)


# --- The object itself -------------------------------------------------------------------------


def tensor(array: Any, dtype: str = "float32") -> Any:
    return keras.ops.convert_to_tensor(np.asarray(array), dtype=dtype)


def test_order_of_arguments_is_that_of_keras() -> None:
    loss = losses.BinaryCrossEntropy(form="probabilities")
    found = loss.keras()(tensor([1.0, 0.0]), tensor([0.9, 0.4]))
    assert float(found) == pytest.approx(float(loss(np.array([0.9, 0.4]), [1, 0])), rel=1e-6)


def test_names() -> None:
    assert losses.CrossEntropy().keras().name == "cross_entropy"
    assert losses.BinaryCrossEntropy().keras().name == "binary_cross_entropy"
    named = losses.CrossEntropy().keras(name="own")
    assert named.name == "own"
    assert type(named).from_config(named.get_config()).name == "own"
    assert isinstance(losses.CrossEntropy().keras(), keras.losses.Loss)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_predictions_give_a_loss_that_can_be_scaled(dtype: str) -> None:
    """As under mixed precision: Keras multiplies the loss by up to 2^15 and more."""
    logits = tensor([[100.0, 0.0], [0.0, 0.0]], dtype)
    found = losses.CrossEntropy(reduction="sum").keras()(tensor([1, 0], "int32"), logits)
    assert keras.backend.standardize_dtype(found.dtype) == "float32"
    assert np.isfinite(float(found * 2**15))
    found = losses.CrossEntropy(dtype=dtype).keras()(tensor([1, 0], "int32"), logits)
    assert keras.backend.standardize_dtype(found.dtype) == dtype


def test_fractional_labels_are_not_cut() -> None:
    loss = losses.CrossEntropy(validate=False).keras()
    assert np.isnan(float(loss(tensor([0.0, 1.5]), tensor(np.zeros((2, 3))))))
    loss = losses.CrossEntropy(validate=False, ignore_index=-1).keras()
    assert np.isnan(float(loss(tensor([0.0, np.nan]), tensor(np.zeros((2, 3))))))
    assert float(loss(tensor([0.0, -1.0]), tensor(np.zeros((2, 3))))) == pytest.approx(np.log(3))


@pytest.mark.parametrize("reduction", ["none", "parts"])
def test_what_is_no_number_is_refused(reduction: Any) -> None:
    with pytest.raises(ValueError, match=f"reduction='{reduction}'"):
        losses.CrossEntropy(reduction=reduction).keras()


def test_wrong_shapes_are_refused() -> None:
    model = linear(3, losses.CrossEntropy().keras())
    with pytest.raises(ValueError, match="targets has shape"):
        model.fit(X, np.zeros((60, 2)), batch_size=60, epochs=1, verbose=0)
    with pytest.raises(ValueError, match="sample_weight has shape"):
        model.fit(X, Y, sample_weight=np.ones((60, 3)), batch_size=60, epochs=1, verbose=0)


# --- Saving ------------------------------------------------------------------------------------


CONFIGURED = [
    losses.CrossEntropy(),
    losses.CrossEntropy(
        class_weight=CLASS_WEIGHT,
        reduction="weighted_mean",
        ignore_index=-100,
        precision="exact",
        dtype=np.dtype("float64"),
    ),
    losses.CrossEntropy(class_weight=np.array([1.0, 2.0, 0.1]), cost_matrix=np.ones((3, 3))),
    losses.BinaryCrossEntropy(
        pos_weight=np.float32(2.5), label_smoothing=0.1, form="probabilities", clip=1e-7
    ),
    losses.BinaryCrossEntropy(class_weight=[[1.0, 2.0], [3.0, 4.0]], soft_weighting="geometric"),
    losses.CrossEntropy(form=losses.Probabilities(clip=1e-7, normalize="before")),
    losses.BinaryCrossEntropy(form=losses.Probabilities(offset=np.float32(0.5), floor=-100.0)),
    losses.AnyOfCrossEntropy(rule="pinned", class_weight={0: 1.0, 1: 2.0}),
    losses.ExpectedCost(costs=np.ones((2, 2)), label_smoothing=0.1),
    losses.PairwiseCost(costs=[[0.0, 1.0], [2.0, 0.0]]),
    losses.CrossEntropy(form=losses.Logits(2.0, 30.0, np.log([0.5, 0.3, 0.2]), [0.5, 1, 0], 1e-4)),
]


@pytest.mark.parametrize("loss", CONFIGURED, ids=repr)
def test_configuration_survives(loss: Any) -> None:
    config = keras.saving.serialize_keras_object(loss.keras())
    again = keras.saving.deserialize_keras_object(json.loads(json.dumps(config)))
    assert isinstance(again, KerasLoss)
    assert type(again.loss) is type(loss)
    same = {"dtype": "float64", "pos_weight": 2.5}
    for field in fields(loss):
        found = getattr(again.loss, field.name)
        assert found == getattr(loss, field.name) or found == same[field.name]


def test_a_saved_model_trains_on(tmp_path: Path) -> None:
    loss = losses.CrossEntropy(class_weight=CLASS_WEIGHT, reduction="weighted_mean")
    model = linear(3, loss.keras())
    model.fit(X, Y, batch_size=60, epochs=1, verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert again.loss.loss == loss
    for each in (model, again):
        each.fit(X, Y, batch_size=60, epochs=1, verbose=0)
    np.testing.assert_allclose(again.get_weights()[0], model.get_weights()[0], rtol=1e-6)


def test_tensors_are_not_saved() -> None:
    loss = losses.CrossEntropy(class_weight=tensor([1.0, 2.0, 3.0])).keras()
    assert float(loss(tensor([1], "int32"), tensor([[0.0, 0.0, 0.0]]))) == pytest.approx(
        2 * np.log(3)
    )
    with pytest.raises(TypeError, match="class_weight is .* compile=False"):
        loss.get_config()


DIALECTS: dict[str, tuple[int, Any]] = {
    "BinaryCrossentropy": (1, (Y[:, None] == 1).astype(np.float32)),
    "CategoricalCrossentropy": (3, np.eye(3, dtype=np.float32)[Y]),
    "SparseCategoricalCrossentropy": (3, Y),
}


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_class_forms_of_the_dialect_train_as_those_of_keras(name: str, weights: Any) -> None:
    outputs, y = DIALECTS[name]
    steps = []
    for loss in (
        getattr(dialects.keras, name)(from_logits=True).keras(),
        getattr(keras.losses, name)(from_logits=True),
    ):
        model = linear(outputs, loss)
        model.fit(X, y, sample_weight=weights, batch_size=60, epochs=2, shuffle=False, verbose=0)
        steps.append(np.asarray(model.get_weights()[0]))
    np.testing.assert_allclose(*steps, rtol=1e-4, atol=1e-6)


def test_a_saved_class_form_is_the_same_again() -> None:
    own = dialects.keras.CategoricalCrossentropy(
        from_logits=True, label_smoothing=0.1, name="own", dtype=np.dtype("float32")
    )
    again = DialectLoss.from_config(json.loads(json.dumps(own.keras().get_config())))
    assert vars(again.loss) == vars(own) | {"dtype": "float32"}
    assert again.name == "own"
    with pytest.raises(ValueError, match="no number for Keras"):
        dialects.keras.BinaryCrossentropy(reduction="none").keras()


def test_a_capped_layer_is_a_loss_with_a_cap() -> None:
    """The last layer of Gemma, whose cap is in it, or in the loss."""
    hidden = GENERATOR.standard_normal((60, 3)).astype(np.float32) * 4
    layers = [keras.layers.ReversibleEmbedding(3, 3, logit_soft_cap=cap) for cap in (None, 3.0)]
    for layer in layers:
        layer.build((None,))
        layer.embeddings.assign(np.linspace(-2, 2, 9, dtype=np.float32).reshape(3, 3))
    plain, capped = (layer(hidden, reverse=True) for layer in layers)
    expected = keras.losses.sparse_categorical_crossentropy(Y, capped, from_logits=True)
    own = losses.CrossEntropy(form=losses.Logits(softcap=3.0)).keras()(Y, plain)
    found = keras.ops.convert_to_numpy(own)
    mean = keras.ops.convert_to_numpy(keras.ops.mean(expected))
    np.testing.assert_allclose(found, mean, rtol=1e-5)
