"""One in thirty is positive: do weights help, and do all frameworks learn the same model?

A logistic regression is trained by gradient descent from zeros, on scikit-learn's
make_classification. NumPy, PyTorch, JAX with optax, and Keras run the same loop, with the same
configured loss.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, NamedTuple

os.environ["KERAS_BACKEND"] = "torch"  # any other is as good

import jax
import keras
import numpy as np
import optax
import torch
from sklearn.datasets import make_classification
from sklearn.metrics import balanced_accuracy_score, precision_score, recall_score
from sklearn.model_selection import train_test_split

import common
import wce_core
from results import Measure, Scores
from wce_core import losses
from wce_core.class_weights import class_weights

RATE = 0.5
SETTINGS = ("no weights", "pos_weight=5", "balanced")


class Trained(NamedTuple):
    """A model, and its loss before each step."""

    model: np.ndarray
    curve: np.ndarray


def with_numpy(loss: Any, x: np.ndarray, y: np.ndarray, steps: int) -> Trained:
    """NumPy has no differentiation of its own: ``value_and_grad`` gives both."""
    curve: list[float] = []
    model = np.zeros(x.shape[1], np.float32)
    for _ in range(steps):
        value, gradient = wce_core.value_and_grad(loss)(x @ model, y)
        model -= np.float32(RATE) * (gradient @ x)
        curve.append(float(value))
    return Trained(model, np.array(curve))


def with_torch(loss: Any, x: np.ndarray, y: np.ndarray, steps: int) -> Trained:
    """The usual loop."""
    inputs, targets = torch.from_numpy(x), torch.from_numpy(y)
    curve: list[float] = []
    model = torch.zeros(x.shape[1], requires_grad=True)
    optimizer = torch.optim.SGD([model], lr=RATE)
    for _ in range(steps):
        optimizer.zero_grad()
        value = loss(inputs @ model, targets)
        value.backward()
        optimizer.step()
        curve.append(value.item())
    return Trained(model.detach().numpy(), np.array(curve))


def with_jax(loss: Any, x: np.ndarray, y: np.ndarray, steps: int) -> Trained:
    """The usual loop with optax, compiled."""
    optimizer = optax.sgd(RATE)

    @jax.jit
    def step(model: Any, state: Any) -> Any:
        value, gradient = jax.value_and_grad(lambda model: loss(x @ model, y))(model)
        updates, state = optimizer.update(gradient, state)
        return optax.apply_updates(model, updates), state, value

    curve: list[float] = []
    model = jax.numpy.zeros(x.shape[1])
    state = optimizer.init(model)
    for _ in range(steps):
        model, state, value = step(model, state)
        curve.append(float(value))
    return Trained(np.asarray(model), np.array(curve))


def with_keras(loss: Any, x: np.ndarray, y: np.ndarray, steps: int) -> Trained:
    """``fit``, with the whole data set as one batch."""
    dense = keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")
    model: Any = keras.Sequential([keras.Input((x.shape[1],)), dense])
    model.compile(optimizer=keras.optimizers.SGD(RATE), loss=loss.keras())
    fitted = model.fit(x, y[:, None], batch_size=len(x), epochs=steps, shuffle=False, verbose=0)
    return Trained(np.asarray(dense.kernel)[:, 0], np.array(fitted.history["loss"]))


FRAMEWORKS: dict[str, Callable[..., Trained]] = {
    "NumPy": with_numpy,
    "PyTorch": with_torch,
    "JAX": with_jax,
    "Keras": with_keras,
}
BALANCED = {name: Measure(f"balanced accuracy, {name}") for name in FRAMEWORKS}
MEASURES = (*BALANCED.values(), Measure("recall"), Measure("precision"))


def load(seed: int) -> list[np.ndarray]:
    """A third to learn from, others to be judged by: features, a column of ones, and targets."""
    x, y = make_classification(
        12_000, 20, n_informative=8, weights=[29 / 30], class_sep=1.2, random_state=0
    )
    x = np.concatenate([x / x.std(axis=0), np.ones((len(x), 1))], axis=1).astype(np.float32)
    parts: Any = train_test_split(x, y.astype(np.float32), test_size=2 / 3, random_state=seed)
    return list(parts)


def judged(models: dict[str, np.ndarray], x: np.ndarray, y: np.ndarray) -> dict[str, float]:
    """Balanced accuracy of every framework's model at p = ½; the rest of NumPy's."""
    found = {BALANCED[n].name: balanced_accuracy_score(y, x @ w > 0) for n, w in models.items()}
    called = x @ models["NumPy"] > 0
    found["recall"] = recall_score(y, called)
    found["precision"] = precision_score(y, called)
    return {name: float(value) for name, value in found.items()}


def draw(run: common.Run, scores: Scores, curves: dict[str, dict[str, np.ndarray]]) -> None:
    """Losses on top of each other, how far they are apart, and what the weights do."""
    figure = common.figure("One positive in thirty: four frameworks, one model for each weighting")
    left, middle, right = figure.subplots(1, 3)
    for i, framework in enumerate(FRAMEWORKS):
        style = {"color": common.COLOURS[i], "linewidth": 7 - 1.9 * i, "label": framework}
        for setting in SETTINGS:
            left.plot(curves[setting][framework], **style)
            style.pop("label", None)
        if framework != "NumPy":
            apart = [abs(curves[s][framework] / curves[s]["NumPy"] - 1) for s in SETTINGS]
            style = {"color": common.COLOURS[i], "label": framework}
            middle.plot(np.max(apart, axis=0) / np.finfo(np.float32).eps, **style)
    for setting in SETTINGS:
        end = curves[setting]["NumPy"][-1]
        place = (len(curves[setting]["NumPy"]), end + 0.012)
        left.annotate(setting, place, fontsize=9, va="bottom", ha="right")
    common.styled(left, "Training loss, first seed", "steps", "weighted mean")
    common.styled(middle, "Difference from NumPy's loss", "steps", "largest, in eps of float32")
    left.legend(frameon=False, fontsize=9)
    middle.legend(frameon=False, fontsize=9)
    shown = {
        f"{s}, {of}": [{"recall and precision": e[of]} for e in scores[s]]
        for s in SETTINGS
        for of in ("recall", "precision")
    }
    common.dots(right, shown, Measure("recall and precision"), colours=(common.INK,))
    common.save(run, figure, "small dots: one seed; bars: mean ± standard deviation")


def main() -> None:
    """Train every setting in every framework, with every seed."""
    run = common.start(__file__, __doc__)
    scores: Scores = {setting: [] for setting in SETTINGS}
    first: dict[str, dict[str, np.ndarray]] = {}
    apart = 0.0
    for seed, setting in common.trainings(run, SETTINGS):
        x, test_x, y, test_y = load(seed)
        weights: dict[str, Any] = {
            "pos_weight=5": {"pos_weight": 5.0},
            "balanced": {"class_weight": class_weights(y)},
        }
        loss: Any = losses.BinaryCrossEntropy(reduction="weighted_mean", **weights.get(setting, {}))
        trained = {n: train(loss, x, y, 25 if run.quick else 60) for n, train in FRAMEWORKS.items()}
        scores[setting].append(judged({n: t.model for n, t in trained.items()}, test_x, test_y))
        first.setdefault(setting, {n: t.curve for n, t in trained.items()})
        apart = max(apart, *(abs(t.model - trained["NumPy"].model).max() for t in trained.values()))
    note = f"After training, no parameter differs from NumPy's by more than {apart:.1e}."
    draw(run, scores, first)
    common.conclude(
        run, scores, MEASURES, ["torch", "jax", "optax", "keras", "scikit-learn"], [note]
    )


if __name__ == "__main__":
    main()
