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
    for only in ("tensorflow", "jax"):
        if f"{only}_only" in metafunc.fixturenames:
            metafunc.parametrize(f"{only}_only", [f for f in installed if f == only])


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


def all_pass(config: pytest.Config, framework: str, *files: str, deal: bool = False) -> None:
    """Every test of these files, or of the sample that is run, passes, and none is skipped."""
    options = ["-q", "-p", "no:cacheprovider", "--tb=short", f"--backend={framework}"]
    options += [f"--one-in={config.option.one_in}", *(["--deal"] if deal else [])]
    output = run(framework, "-m", "pytest", *options, *(f"tests/homes/{file}" for file in files))
    assert " passed" in output
    assert " skipped" not in output


def test_training(framework: str, pytestconfig: pytest.Config) -> None:
    """The tests of keras_training.py and keras_classes.py, which every framework runs."""
    deal = pytestconfig.option.deal
    all_pass(pytestconfig, framework, "keras_training.py", "keras_classes.py", deal=deal)


def test_a_saved_model_trains_on_in_a_fresh_process(framework: str, tmp_path: Path) -> None:
    """Whichever of Keras and this library is imported first."""
    script, folder = "tests/homes/keras_saving.py", str(tmp_path)
    run(framework, script, "save", folder, "keras", "wce_core")
    for order in (("keras", "wce_core"), ("wce_core", "keras")):
        assert run(framework, script, "load", folder, *order).startswith("loaded ")


def test_replicas(tensorflow_only: str, pytestconfig: pytest.Config) -> None:
    """The tests of keras_replicas.py."""
    all_pass(pytestconfig, tensorflow_only, "keras_replicas.py")


ON_NUMPY = """
    import numpy as np
    import wce_core.keras as home
    from wce_core import losses, metrics

    x, y = np.linspace(-1, 1, 12, dtype=np.float32).reshape(4, 3), np.array([0, 2, 1, 1])
    s = np.array([1.0, 0.5, 2.0, 0.0], np.float32)
    for kind in ("CrossEntropy", "DiceLoss", "FocalCrossEntropy"):
        given = {"class_weight": [1.0, 2.0, 3.0], "reduction": "weighted_mean"}
        wanted = getattr(losses, kind)(**given)(x, y, sample_weight=s)
        found = getattr(home, kind)(**given)(y, x, sample_weight=s)
        np.testing.assert_allclose(found, wanted, rtol=1e-6)
    metric = home.Outcomes("f1")
    for piece in (slice(0, 3), slice(3, 4)):
        metric.update_state(y[piece], x[piece], sample_weight=s[piece])
    np.testing.assert_allclose(metric.result(), metrics.outcomes(x, y, sample_weight=s).f1())
"""


def test_calls_on_numpy(jax_only: str) -> None:
    """Keras' backend without gradients; once, whatever is installed."""
    del jax_only
    run("numpy", "-c", textwrap.dedent(ON_NUMPY))


SHARDED = """
    import os
    os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=4"
    import keras
    import numpy as np
    import wce_core.keras as home

    x = np.random.default_rng(0).standard_normal((24, 3)).astype(np.float32)
    y = np.concatenate([np.arange(12) % 3, np.full(12, -1)])
    kinds = {
        "weighted": home.CrossEntropy(
            class_weight=[1.0, 3.0, 0.5], reduction="weighted_mean", ignore_index=-1
        ),
        "dice": home.DiceLoss(per="batch", ignore_index=-1),
    }

    def trained(loss):
        dense = keras.layers.Dense(3, kernel_initializer="zeros")
        model = keras.Sequential([keras.layers.Input((3,)), dense])
        scores = [home.Outcomes("f1", average="macro", ignore_index=-1)]
        model.compile(keras.optimizers.SGD(1.0), loss=loss, metrics=scores)
        history = model.fit(x, y, batch_size=24, epochs=2, shuffle=False, verbose=0).history
        return [*model.get_weights(), history["loss"], history["f1"]]

    expected = {name: trained(loss) for name, loss in kinds.items()}
    devices = keras.distribution.list_devices()
    assert len(devices) == 4
    keras.distribution.set_distribution(keras.distribution.DataParallel(devices=devices))
    for name, loss in kinds.items():
        for one, other in zip(trained(loss), expected[name], strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6, err_msg=name)
"""


def test_a_sharded_batch_has_one_denominator(jax_only: str) -> None:
    """Keras' own distribution, where some devices have nothing but ignored items."""
    run(jax_only, "-c", textwrap.dedent(SHARDED))
