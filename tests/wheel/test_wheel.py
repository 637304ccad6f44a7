"""What a user gets from the wheel, in an environment without the checkout and the frameworks."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points, files, requires
from importlib.util import find_spec

import numpy as np
import pytest

import wce_core
from wce_core import losses


def test_the_wheel_is_tested_not_the_checkout() -> None:
    assert "site-packages" in (wce_core.__file__ or "")
    assert not any(find_spec(name) for name in ("torch", "jax", "tensorflow"))


def test_contents() -> None:
    names = {str(path) for path in files("wce-core") or ()}
    for package in ("wce_core", "wce_backends"):
        assert f"{package}/py.typed" in names
    tops = {name.partition("/")[0] for name in names}
    assert tops <= {
        "wce_core",
        "wce_backends",
        f"wce_core-{wce_core.__version__}.dist-info",
        "..",
    }
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert "wce_core/playground/page.html" in names


def test_extras() -> None:
    listed = requires("wce-core") or []
    frameworks = ("torch", "jax", "tensorflow", "keras")
    for extra in (*frameworks, "demo", "playground", "conformance", "examples", "all"):
        assert any(f"extra == '{extra}'" in line.replace('"', "'") for line in listed), extra


def test_command_line() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "wce_core", "--help"], capture_output=True, text=True, check=True
    )
    assert "demo" in done.stdout
    assert "backends" in done.stdout


def test_a_third_partys_backend_is_found_by_its_arrays() -> None:
    from wce_toy import Box

    (point,) = entry_points(group="wce_core.backends")
    assert point.name == "wce_toy"
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(6, 4)), rng.integers(0, 4, 6)
    arguments = {"class_weight": [1.0, 2.0, 3.0, 4.0], "label_smoothing": 0.1}
    before = Box.made
    value, gradient = wce_core.value_and_grad(
        lambda p: losses.cross_entropy(p, Box(y), **arguments)
    )(Box(x))
    assert Box.made > before + 20
    want, slope = wce_core.value_and_grad(lambda p: losses.cross_entropy(p, y, **arguments))(x)
    assert isinstance(value, Box)
    assert isinstance(gradient, Box)
    np.testing.assert_allclose(value.values, want, rtol=1e-14)
    np.testing.assert_allclose(gradient.values, slope, rtol=1e-13)


def test_arrays_of_two_frameworks_are_refused() -> None:
    from wce_toy import Box

    with pytest.raises(
        TypeError, match="targets is an array of wce_toy, the predictions are of numpy"
    ):
        losses.cross_entropy(np.zeros((2, 3)), Box([0, 1]))
