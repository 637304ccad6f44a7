"""``python keras_saving.py save|load FOLDER IMPORT IMPORT``; run by test_keras_backends.py.

``save`` trains a model of each loss, saves it, trains on and keeps what came of it; ``load``, a
fresh process, goes on from what was saved and must come to the same.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import numpy as np

GENERATOR = np.random.default_rng(0)
X = GENERATOR.standard_normal((40, 4)).astype(np.float32)
INDEX = GENERATOR.integers(0, 3, 40)
ROWS = np.eye(3, dtype=np.float32)[INDEX]


def cases() -> dict[str, tuple[Any, Any]]:
    """Losses, and targets that they take, of models that end in a softmax over three classes."""
    from wce_core import dialects, losses

    normalized = losses.Probabilities(clip=1e-7, normalize="before")
    weighted = losses.CrossEntropy(
        class_weight={0: 1.0, 1: 3.0, 2: 0.5}, form=normalized, reduction="weighted_mean"
    )
    labels = losses.BinaryCrossEntropy(
        class_weight="balanced", pos_weight=[1.0, 2.0, 3.0], form="probabilities"
    )
    focal = losses.FocalCrossEntropy(gamma=1.5, class_weight=[1.0, 2.0, 0.5], form=normalized)
    regions = losses.DiceLoss(class_weight=[1.0, 2.0, 0.5], form="probabilities", per="batch")
    both = losses.combine((0.5, weighted), (0.5, regions))
    smoothed = dialects.keras.CategoricalCrossentropy(label_smoothing=0.1, dtype=np.float32)
    return {
        "CrossEntropy": (weighted.keras(name="own"), INDEX),
        "BinaryCrossEntropy": (labels.keras(), ROWS),
        "FocalCrossEntropy": (focal.keras(), INDEX),
        "Combined": (both.keras(), INDEX),
        "dialect": (smoothed.keras(), ROWS),
        "function": (dialects.keras.categorical_crossentropy, ROWS),
        "older function": (dialects.keras2.binary_crossentropy, ROWS),
    }


def trained(model: Any, y: Any) -> Any:
    """The model's weights and scores after an epoch more."""
    fit = model.fit(X, y, batch_size=20, epochs=1, shuffle=False, verbose=0)
    scores = [fit.history["loss"][-1], fit.history["f1"][-1]]
    return np.append(np.asarray(model.get_weights()[0]), scores)


def save(folder: Path) -> None:
    """Models in the middle of their training, and where it led."""
    import keras

    import wce_core.keras

    for name, (loss, y) in cases().items():
        layers = [keras.layers.Input((4,)), keras.layers.Dense(3, activation="softmax")]
        model = keras.Sequential(layers)
        f1 = wce_core.keras.Outcomes("f1", average="macro", form="probabilities")
        model.compile(keras.optimizers.SGD(0.5, momentum=0.9), loss=loss, metrics=[f1])
        trained(model, y)
        model.save(folder / f"{name}.keras")
        np.save(folder / f"{name}.npy", trained(model, y))


def load(folder: Path) -> None:
    """The same training, gone on with."""
    import keras

    # Before anything of this library was asked for.
    models = {path.stem: keras.models.load_model(path) for path in folder.glob("*.keras")}
    for name, (loss, y) in cases().items():
        found = models[name].loss
        assert type(found) is type(loss), found
        assert found is loss or found.get_config() == loss.get_config()
        expected = np.load(folder / f"{name}.npy")
        np.testing.assert_allclose(trained(models[name], y), expected, rtol=1e-5, err_msg=name)
    print("loaded", *models)


if __name__ == "__main__":
    for module in sys.argv[3:]:
        importlib.import_module(module)
    {"save": save, "load": load}[sys.argv[1]](Path(sys.argv[2]))
