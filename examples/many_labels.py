"""A thousand labels, ten of them positive in each sample: which loss finds the ten?

Labels are as uneven as words are: the n-th has about 1/n of the positives of the first. A model
names ten labels. What counts is how many of a sample's ten are among them, and how the rare labels
fare. The data are made up, and their true model is log-linear. The trained model is linear, in JAX
with optax.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

import common
from results import Measure, Scores
from wce_core import losses
from wce_core.class_weights import class_weights

LABELS, POSITIVES, FEATURES, BATCH = 1000, 10, 64, 256
SETTINGS = (
    "no weights",
    "pos_weight=99",
    "per label: balanced",
    "per label: sqrt_inverse",
    "asymmetric_loss",
)
MEASURES = (
    Measure("found in the top ten"),
    Measure("the first is right"),
    Measure("found, labels counting alike"),
)
OPTIMIZER = optax.adam(0.02)


class Data(NamedTuple):
    """Samples to learn from, and samples to be judged by."""

    x: np.ndarray
    y: np.ndarray
    test_x: np.ndarray
    test_y: np.ndarray


@functools.lru_cache(maxsize=1)
def load(seed: int, count: int) -> Data:
    """The ten best labels by features, popularity and chance, of twice as many samples."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(2 * count, FEATURES)).astype(np.float32)
    directions = rng.normal(scale=2.0 / FEATURES**0.5, size=(FEATURES, LABELS))
    popularity = -np.log(np.arange(LABELS) + 1.0)
    liking = x @ directions + popularity + rng.gumbel(size=(2 * count, LABELS))
    y = np.zeros(liking.shape, bool)
    np.put_along_axis(y, top(liking, POSITIVES), values=True, axis=1)
    return Data(x[:count], y[:count], x[count:], y[count:])


def top(numbers: np.ndarray, count: int) -> np.ndarray:
    """The places of the largest numbers of each row, the largest first."""
    return np.argsort(-numbers, axis=1)[:, :count]


def loss_of(setting: str, y: np.ndarray) -> Any:
    """With weights from the labels of the training set."""
    if setting.startswith("per label: "):
        scheme = setting.removeprefix("per label: ")
        # A label that never occurs in the training set has nothing to be learned.
        weights = class_weights(y, scheme, kind="multi_label", missing="one")
        return losses.BinaryCrossEntropy(class_weight=weights)
    if setting == "asymmetric_loss":
        return losses.AsymmetricLoss()
    return losses.BinaryCrossEntropy(pos_weight=99.0 if setting == "pos_weight=99" else None)


@jax.jit
def step(loss: Any, model: Any, state: Any, x: Any, y: Any) -> Any:
    """One step of Adam. A configured loss is a pytree, so it is an argument like any other."""
    gradient = jax.grad(lambda model: loss(x @ model["w"] + model["b"], y))(model)
    updates, state = OPTIMIZER.update(gradient, state, model)
    return optax.apply_updates(model, updates), state


def ranking(setting: str, seed: int, data: Data, steps: int) -> np.ndarray:
    """For each sample not trained on, labels by how likely the model holds them."""
    rng = np.random.default_rng(seed)
    loss = loss_of(setting, data.y)
    model: Any = {"w": jnp.zeros((FEATURES, LABELS)), "b": jnp.full(LABELS, -4.6)}
    state = OPTIMIZER.init(model)
    for _ in range(steps):
        rows = rng.integers(len(data.x), size=BATCH)
        model, state = step(loss, model, state, data.x[rows], data.y[rows])
    return top(np.asarray(data.test_x @ model["w"] + model["b"]), 50)


def recalls(y: np.ndarray, ranked: np.ndarray) -> np.ndarray:
    """Of the positives of each label, the share among the first ten; NaN without positives."""
    said = np.zeros(y.shape, bool)
    np.put_along_axis(said, ranked[:, :POSITIVES], values=True, axis=1)
    with np.errstate(invalid="ignore"):
        return np.asarray((said & y).sum(axis=0) / y.sum(axis=0))


def draw(
    run: common.Run,
    scores: Scores,
    curves: dict[str, list[np.ndarray]],
    rare: dict[str, list[np.ndarray]],
) -> None:
    """Hits among the first k, and hits by how frequent a label is."""
    figure = common.figure("Ten positives among a thousand labels: who is found?")
    left, middle, right = figure.subplots(1, 3, width_ratios=(1.15, 1, 1))
    common.dots(left, scores, MEASURES[0])
    for setting, colour in zip(SETTINGS, common.COLOURS, strict=False):
        common.band(middle, range(1, 51), 100 * np.array(curves[setting]), color=colour)
        common.band(
            right, range(len(GROUPS)), 100 * np.array(rare[setting]), color=colour, marker="o"
        )
    middle.axvline(POSITIVES, color=common.INK, linewidth=0.8, linestyle=":")
    common.styled(middle, "Found among the first k", "k", "of a sample's ten positives, %")
    right.set_xticks(range(len(GROUPS)), [f"{a + 1}–{b}" for a, b in GROUPS], rotation=20)
    common.styled(right, "By frequency", "labels, most frequent first", "found in the top ten, %")
    common.save(run, figure, "dots: one seed; bars and bands: mean ± standard deviation")


GROUPS = ((0, 10), (10, 30), (30, 100), (100, 300), (300, 1000))


def main() -> None:
    """Train every setting with every seed."""
    run = common.start(__file__, __doc__)
    scores: Scores = {setting: [] for setting in SETTINGS}
    curves: dict[str, list[np.ndarray]] = {setting: [] for setting in SETTINGS}
    rare: dict[str, list[np.ndarray]] = {setting: [] for setting in SETTINGS}
    for seed, setting in common.trainings(run, SETTINGS):
        data = load(seed, 1000 if run.quick else 2500)
        ranked = ranking(setting, seed, data, 20 if run.quick else 150)
        hits = np.take_along_axis(data.test_y, ranked, axis=1)
        own = recalls(data.test_y, ranked)
        numbers = (hits[:, :POSITIVES].mean(), hits[:, 0].mean(), np.nanmean(own))
        scores[setting].append({m.name: float(n) for m, n in zip(MEASURES, numbers, strict=True)})
        curves[setting].append(hits.cumsum(axis=1).mean(axis=0) / POSITIVES)
        rare[setting].append(np.array([np.nanmean(own[a:b]) for a, b in GROUPS]))
    draw(run, scores, curves, rare)
    common.conclude(run, scores, MEASURES, ["jax", "optax"])


if __name__ == "__main__":
    main()
