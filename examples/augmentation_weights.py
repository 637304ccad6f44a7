"""Some images have many augmented copies, others one: how should copies count?

Digits 0 to 4 come from a folder that was augmented ten-fold, digits 5 to 9 from one that was
not. An item with n copies counts once if each copy has the weight 1/n. The reduction decides what
happens to the size of the loss. The model is trained by Keras' fit(sample_weight=), on
scikit-learn's handwritten digits.
"""

from __future__ import annotations

import os
from typing import Any, NamedTuple

os.environ["KERAS_BACKEND"] = "torch"  # any other is as good

import keras
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import common
from results import Measure, Scores
from wce_core import losses

COPIES = 10
SETTINGS = (
    "copies count, mean",
    "no copies, mean",
    "1/n, mean",
    "1/n, weighted_mean",
)
MEASURES = (
    Measure("log-loss", higher=False, percent=False, digits=3),
    Measure("right, digits 0–4"),
    Measure("right, digits 5–9"),
)


class Images(NamedTuple):
    """Pixels, labels, and of how many copies of its original each image is one."""

    x: np.ndarray
    y: np.ndarray
    n: np.ndarray


def load(seed: int) -> tuple[Images, Images]:
    """100 originals to learn from, each digit as often; the rest to be judged by."""
    digits: Any = load_digits()
    pixels = (digits.data / 16).astype(np.float32)
    parts: Any = train_test_split(
        pixels, digits.target, train_size=100, stratify=digits.target, random_state=seed
    )
    x, test_x, y, test_y = parts
    return Images(x, y, np.ones(len(y))), Images(test_x, test_y, np.ones(len(test_y)))


def augmented(images: Images, seed: int) -> Images:
    """Copies, brighter or darker and with noise: ten of digits 0 to 4, one of others."""
    rng = np.random.default_rng(seed)
    n = np.where(images.y < 5, COPIES, 1)
    which = np.repeat(np.arange(len(n)), n)
    light = rng.uniform(0.6, 1.4, size=(len(which), 1))
    copies = light * images.x[which] + rng.normal(scale=0.15, size=(len(which), 64))
    return Images(copies.astype(np.float32), images.y[which], n[which])


def trained(setting: str, seed: int, images: Images, steps: int) -> Any:
    """A network after that many steps, each with all images."""
    keras.utils.set_random_seed(seed)
    if setting != "no copies, mean":
        images = augmented(images, seed)
    layers = [keras.layers.Dense(32, activation="relu"), keras.layers.Dense(10)]
    model: Any = keras.Sequential([keras.Input((64,)), *layers])
    reduction: Any = setting.split(", ")[1]
    loss = losses.CrossEntropy(reduction=reduction)
    model.compile(optimizer=keras.optimizers.SGD(0.1, momentum=0.9), loss=loss.keras())
    weights = (1 / images.n).astype(np.float32) if setting.startswith("1/n") else None
    as_one = {"batch_size": len(images.y), "epochs": steps, "verbose": 0}
    model.fit(images.x, images.y, sample_weight=weights, **as_one)
    return model


def judged(model: Any, test: Images) -> dict[str, float]:
    """On images as they are."""
    logits = np.asarray(model.predict(test.x, batch_size=len(test.x), verbose=0))
    right = logits.argmax(axis=1) == test.y
    numbers = (
        losses.cross_entropy(logits, test.y),
        right[test.y < 5].mean(),
        right[test.y >= 5].mean(),
    )
    return {m.name: float(number) for m, number in zip(MEASURES, numbers, strict=True)}


def draw(run: common.Run, scores: Scores) -> None:
    """The loss, and who pays for copies that count."""
    figure = common.figure("Digits 0–4 have ten copies each, digits 5–9 one: how do copies count?")
    for panel, measure in zip(figure.subplots(1, 3, sharey=True), MEASURES, strict=True):
        common.dots(panel, scores, measure)
    common.save(run, figure, "small dots: one seed; bars: mean ± standard deviation")


def main() -> None:
    """Train every setting with every seed."""
    run = common.start(__file__, __doc__)
    scores: Scores = {setting: [] for setting in SETTINGS}
    for seed, setting in common.trainings(run, SETTINGS):
        images, test = load(seed)
        model = trained(setting, seed, images, 10 if run.quick else 80)
        scores[setting].append(judged(model, test))
    draw(run, scores)
    copies = augmented(load(0)[0], seed=0)
    larger = len(copies.n) / (1 / copies.n).sum()
    note = (
        "With weights 1/n, “mean” divides by the number of images, “weighted_mean” by Σ 1/n: the "
        f"gradient is the same, and the steps of “weighted_mean” are {larger:.1f} times as large."
    )
    common.conclude(run, scores, MEASURES, ["keras", "torch", "scikit-learn"], [note])


if __name__ == "__main__":
    main()
