"""A long tail of rare classes: which weights from the data help, and does a focal loss?

Of the handwritten digits to learn from, the most frequent occurs 120 times and the rarest 3 times.
Which digits are rare is up to chance. The images to judge by have the same number for each class.
Weights come from ``wce_core.class_weights``. The model is a small network in Keras.
"""

from __future__ import annotations

import os
from typing import Any, NamedTuple

os.environ["KERAS_BACKEND"] = "torch"  # any other is as good

import keras
import numpy as np
from sklearn.datasets import load_digits

import common
from results import Measure, Scores
from wce_core import losses
from wce_core.class_weights import class_weights

MOST, LEAST = 120, 3
COUNTS = np.geomspace(MOST, LEAST, 10).round().astype(int)
SETTINGS = (
    "no weights",
    "balanced",
    "sqrt_inverse",
    "effective_number",
    "focal",
    "focal, balanced",
    "logit adjustment",
)
MEASURES = (
    Measure("balanced accuracy"),
    Measure("recall, three rarest"),
    Measure("recall, three most frequent"),
)


class Images(NamedTuple):
    """Pixels and classes, numbered from the most frequent to the rarest."""

    x: np.ndarray
    y: np.ndarray


def load(seed: int) -> tuple[Images, Images]:
    """To learn from, a long tail; to be judged by, 50 images of each class."""
    digits: Any = load_digits()
    rng = np.random.default_rng(seed)
    x = digits.data / 16 + rng.normal(scale=0.25, size=digits.data.shape)
    rank = rng.permutation(10)[digits.target]
    rows = [rng.permutation(np.flatnonzero(rank == k)) for k in range(10)]
    learned = np.concatenate([own[:count] for own, count in zip(rows, COUNTS, strict=True)])
    unseen = np.concatenate([own[-50:] for own in rows])
    x = x.astype(np.float32)
    return Images(x[learned], rank[learned]), Images(x[unseen], rank[unseen])


def loss_of(setting: str, y: np.ndarray) -> Any:
    """With weights from the labels of the training set."""
    if setting == "logit adjustment":
        return losses.CrossEntropy(form=losses.Logits(adjustment=np.log(COUNTS / COUNTS.sum())))
    scheme = setting.removeprefix("focal").removeprefix(", ")
    options: dict[str, Any] = {"beta": 0.99} if scheme == "effective_number" else {}
    known = scheme not in ("", "no weights")
    weights = class_weights(y, scheme, normalize="mean_one", **options) if known else None
    if setting.startswith("focal"):
        return losses.FocalCrossEntropy(gamma=2.0, class_weight=weights)
    return losses.CrossEntropy(class_weight=weights)


def recalls(setting: str, seed: int, images: Images, test: Images, epochs: int) -> np.ndarray:
    """Of each class, from the most frequent to the rarest, the share that is recognised."""
    keras.utils.set_random_seed(seed)
    layers = [keras.layers.Dense(64, activation="relu"), keras.layers.Dense(10)]
    model: Any = keras.Sequential([keras.Input((64,)), *layers])
    loss = loss_of(setting, images.y).keras()
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss=loss)
    model.fit(images.x, images.y, batch_size=len(images.y), epochs=epochs, verbose=0)
    said = np.asarray(model.predict(test.x, batch_size=len(test.x), verbose=0)).argmax(axis=1)
    return np.array([(said[test.y == k] == k).mean() for k in range(10)])


def draw(run: common.Run, scores: Scores, found: dict[str, list[np.ndarray]]) -> None:
    """What each setting reaches, and for which classes."""
    figure = common.figure(
        "A long tail, 120 images of one digit to 3 of another: what helps the rare?"
    )
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.35))
    common.dots(left, scores, MEASURES[0])
    usual = np.array(found["no weights"])
    for i, setting in enumerate(SETTINGS):
        style = {"color": common.COLOURS[i], "marker": common.MARKERS[i], "label": setting}
        common.band(right, range(10), 100 * (np.array(found[setting]) - usual), **style)
    right.set_xticks(range(10), [str(count) for count in COUNTS])
    common.styled(
        right,
        "Recall of each class beside that without weights",
        "images of the class to learn from",
        "points more, seed by seed",
    )
    right.legend(frameon=False, fontsize=9)
    common.save(run, figure, "small dots: one seed; bars and bands: mean ± standard deviation")


def main() -> None:
    """Train every setting with every seed."""
    run = common.start(__file__, __doc__)
    scores: Scores = {setting: [] for setting in SETTINGS}
    found: dict[str, list[np.ndarray]] = {setting: [] for setting in SETTINGS}
    for seed, setting in common.trainings(run, SETTINGS):
        own = recalls(setting, seed, *load(seed), epochs=10 if run.quick else 60)
        found[setting].append(own)
        numbers = (own.mean(), own[-3:].mean(), own[:3].mean())
        scores[setting].append({m.name: float(n) for m, n in zip(MEASURES, numbers, strict=True)})
    draw(run, scores, found)
    common.conclude(run, scores, MEASURES, ["keras", "torch", "scikit-learn"])


if __name__ == "__main__":
    main()
