"""Keras 3 on each installed framework, a process for each: Keras chooses when it is imported."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from importlib.util import find_spec
from pathlib import Path

import pytest

FRAMEWORKS = ("torch", "jax", "tensorflow")
ROOT = Path(__file__).parents[2]


def frameworks(config: pytest.Config) -> list[str]:
    named = config.getoption("--backend") or FRAMEWORKS
    return [f for f in FRAMEWORKS if f in named and find_spec("keras") and find_spec(f)]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    installed = frameworks(metafunc.config)
    if "framework" in metafunc.fixturenames:
        metafunc.parametrize("framework", installed)
    if "tensorflow_only" in metafunc.fixturenames:
        metafunc.parametrize("tensorflow_only", [f for f in installed if f == "tensorflow"])


def run(framework: str, *arguments: str) -> str:
    settings = {"KERAS_BACKEND": framework, "TF_CPP_MIN_LOG_LEVEL": "3", "OMP_NUM_THREADS": "1"}
    environment = {n: v for n, v in os.environ.items() if not n.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment | settings,
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_training(framework: str) -> None:
    """Every test of keras_training.py."""
    file = "tests/homes/keras_training.py"
    output = run(framework, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=short", file)
    assert " passed" in output
    assert " skipped" not in output


def test_a_saved_model_trains_on_in_a_fresh_process(framework: str, tmp_path: Path) -> None:
    """Whichever of Keras and this library is imported first."""
    script, folder = "tests/homes/keras_saving.py", str(tmp_path)
    run(framework, script, "save", folder, "keras", "wce_core")
    for order in (("keras", "wce_core"), ("wce_core", "keras")):
        assert run(framework, script, "load", folder, *order).startswith("loaded ")


REPLICAS = """
    import numpy as np
    import tensorflow as tf
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    import keras
    from wce_core import losses

    x = np.arange(24, dtype=np.float32).reshape(8, 3) / 24
    y = np.arange(8) % 2

    def trained(loss):
        keras.utils.set_random_seed(0)
        model = keras.Sequential(
            [keras.layers.Input((3,)), keras.layers.Dense(2, kernel_initializer="zeros")]
        )
        model.compile(keras.optimizers.SGD(1.0), loss=loss)
        model.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0)
        return model.get_weights()[0]

    for reduction in ("mean", "sum", "batch_mean"):
        expected = trained(losses.CrossEntropy(reduction=reduction).keras())
        with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
            found = trained(losses.CrossEntropy(reduction=reduction).keras())
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6, err_msg=reduction)
"""


def test_replicas(tensorflow_only: str) -> None:
    """Under ``tf.distribute`` two replicas take the step that one takes on the whole batch."""
    run(tensorflow_only, "-c", textwrap.dedent(REPLICAS))
