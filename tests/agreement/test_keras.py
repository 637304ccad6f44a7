"""Keras 3 trains through ``.keras()`` on each of its backends, each in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec

import pytest

PROGRAM = """
import keras, numpy as np, wce_core
from wce_core import losses

keras.utils.set_random_seed(0)
rng = np.random.default_rng(0)
y = (rng.random(200) < 0.2).astype("int64")
x = (rng.normal(size=(200, 5)) + 1.5 * y[:, None]).astype("float32")
s = rng.random(200).astype("float32")

def trained(loss, outputs, labels, **fit):
    model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(outputs)])
    model.compile(optimizer=keras.optimizers.SGD(0.5), loss=loss.keras())
    first = model.evaluate(x, labels, batch_size=200, verbose=0, **fit)
    model.fit(x, labels, epochs=20, batch_size=50, verbose=0, **fit)
    last = model.evaluate(x, labels, batch_size=200, verbose=0, **fit)
    logits = keras.ops.convert_to_numpy(model(x))
    return float(first), float(last), logits

for labels in (y, y[:, None]):
    loss = losses.CrossEntropy(class_weight={0: 1.0, 1: 4.0}, reduction="weighted_mean")
    first, last, logits = trained(loss, 2, labels, sample_weight=s)
    assert last < 0.8 * first, (first, last)
    np.testing.assert_allclose(last, loss(logits, y, sample_weight=s), rtol=1e-5)
loss = losses.BinaryCrossEntropy(class_weight={0: 1.0, 1: 4.0}, reduction="weighted_mean")
first, last, logits = trained(loss, 1, y[:, None])
assert last < 0.8 * first, (first, last)
np.testing.assert_allclose(last, loss(logits, y[:, None]), rtol=1e-5)

# The mask that an Embedding makes excludes time steps.
tokens = np.array([[1, 2, 0, 0], [3, 0, 0, 0]])
inputs = keras.Input((4,), dtype="int32")
hidden = keras.layers.Embedding(4, 3, mask_zero=True)(inputs)
model = keras.Model(inputs, keras.layers.Dense(2)(hidden))
mean = losses.CrossEntropy()
model.compile(optimizer="sgd", loss=mean.keras())
steps = np.array([[0, 1, 1, 1], [1, 0, 0, 0]])
got = model.evaluate(tokens, steps, verbose=0)
logits = keras.ops.convert_to_numpy(model(tokens))
np.testing.assert_allclose(got, mean(logits, steps, mask=tokens != 0), rtol=1e-5)
print("trained")
"""
BACKENDS = [name for name in ("torch", "jax", "tensorflow") if find_spec(name)]


@pytest.mark.parametrize("backend_of_keras", BACKENDS)
def test_training(backend_of_keras: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "KERAS_BACKEND": backend_of_keras, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.stdout.endswith("trained\n"), done.stderr[-3000:]
