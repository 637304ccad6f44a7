"""The demo: what it prints and draws, and that all frameworks learn the same model."""

from __future__ import annotations

import io
import os
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.image import imread
from rich.console import Console

from wce_core import extras
from wce_core.demo import comparison, frameworks, report, run
from wce_core.demo.data import load
from wce_core.demo.metrics import judge
from wce_core.demo.plot import STYLES
from wce_core.demo.training import train
from wce_core.demo.weightings import choices
from wce_core.frameworks.registry import BUILT_IN

STEPS = 4
INSTALLED = [name for name in BUILT_IN if find_spec(name)]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """One short run in every installed framework."""
    path = (
        tmp_path_factory.mktemp("a_folder_with_a_name_that_is_too_long_for_one_line") / "plot.png"
    )
    console = _recorder()
    agreements = run(steps=STEPS, output=path, console=console)
    return SimpleNamespace(path=path, text=console.export_text(), agreements=agreements)


def _recorder() -> Console:
    return Console(width=80, record=True, file=io.StringIO())


def _short_run(tmp_path: Path) -> str:
    console = _recorder()
    run(steps=1, output=tmp_path / "plot.png", console=console)
    return console.export_text()


def test_exact_results_have_the_bits_of_numpy(shown: SimpleNamespace) -> None:
    assert set(shown.agreements) == set(INSTALLED) - {"numpy"}
    images, parameters = len(load().train.is_eight), 64 + 1
    for name, own in shown.agreements.items():
        assert own.differing == 0, name
        assert own.compared == 4 * (STEPS * (1 + images) + parameters), name
        assert own.native_loss <= 8, name
        assert own.native_gradient <= 8, name


def test_tables_name_every_weighting_and_framework(shown: SimpleNamespace) -> None:
    words = ["unweighted", "balanced", "{0: 0.11, 1: 0.89}", "pos_weight 30", "recall", "accuracy"]
    for word in [*words, *INSTALLED, str(shown.path.name)]:
        assert word in shown.text
    assert shown.text.count("0 of ") == len(INSTALLED) - 1
    assert all(len(line) <= 80 or line == str(shown.path) for line in shown.text.splitlines())


def test_table_of_frameworks_counts_what_differs() -> None:
    console = _recorder()
    found = [frameworks.Framework(name, BUILT_IN["numpy"]()) for name in ("numpy", "other")]
    report.show_agreement(console, found, {"other": comparison.Agreement(1.5, 2.25, 3, 4000)})
    text = console.export_text()
    for cell in ("reference", "1.50 eps", "2.25 eps", "3 of 4,000", "exact: computed in float64"):
        assert cell in text


def test_no_eights_called_is_no_precision() -> None:
    console = _recorder()
    (choice, *_) = choices(load().train.is_eight)
    model = np.zeros(65, np.float32)
    model[-1] = -1.0
    judged = judge(load().test, model, choice)
    assert (judged.recall, np.isnan(judged.precision)) == (0.0, True)
    report.show_weightings(console, [choice], [judged])
    assert "precision from – to –" in " ".join(console.export_text().split())


def test_plot_shows_a_line_of_every_colour(shown: SimpleNamespace) -> None:
    pixels = imread(shown.path)[..., :3]
    assert pixels.shape[0] >= 500
    assert pixels.shape[1] >= 1200
    for style in STYLES:
        colour = np.array([int(style["color"][i : i + 2], 16) / 255 for i in (1, 3, 5)])
        assert (np.abs(pixels - colour).max(axis=-1) < 0.02).sum() > 200


def test_weights_raise_recall_and_lower_precision() -> None:
    data = load()
    results = []
    for choice in choices(data.train.is_eight):
        own = train(BUILT_IN["numpy"](), data.train, choice.arguments, 200, lambda: None)
        assert own.native.losses[0] == pytest.approx(np.log(2.0), abs=1e-7)
        assert np.diff(own.native.losses).max() < 0
        results.append(judge(data.test, own.models[-1], choice))
    plain, balanced, by_hand, heavy = results
    assert plain.recall < by_hand.recall <= balanced.recall < heavy.recall
    assert plain.precision > by_hand.precision >= balanced.precision > heavy.precision
    assert min(one.accuracy for one in results) > 0.85


def test_balanced_classes_have_the_same_total_weight() -> None:
    is_eight = load().train.is_eight
    (w0, w1) = choices(is_eight)[1].arguments["class_weight"]
    assert w1 * is_eight.sum() == pytest.approx(w0 * (1 - is_eight).sum())
    assert w1 * is_eight.sum() + w0 * (1 - is_eight).sum() == pytest.approx(len(is_eight))


def test_one_last_bit_is_seen() -> None:
    data = load()
    reference = train(BUILT_IN["numpy"](), data.train, {}, 2, lambda: None)
    other = train(BUILT_IN["numpy"](), data.train, {}, 2, lambda: None)
    assert comparison.compare([other], [reference]).differing == 0
    other.exact.gradients[1, 5] = np.nextafter(other.exact.gradients[1, 5], np.float32(np.inf))
    other.native.losses[0] *= np.float32(1 + 2 * comparison.EPS)
    seen = comparison.compare([other], [reference])
    assert seen.differing == 1
    assert seen.native_loss == pytest.approx(2, abs=0.5)


def test_numpy_alone_says_how_to_add_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        frameworks, "find_spec", lambda name: find_spec(name) if name == "numpy" else None
    )
    text = _short_run(tmp_path)
    assert "nothing to compare" in text
    for name in ("torch", "jax", "tensorflow"):
        assert extras.command(name) in text


def test_a_framework_that_cannot_be_imported_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        os.write(2, b"libbroken.so\n")
        raise ImportError("no such library")

    monkeypatch.setattr(frameworks, "find_spec", lambda name: name in ("numpy", "torch") or None)
    monkeypatch.setitem(BUILT_IN, "torch", broken)
    text = _short_run(tmp_path)
    assert "ImportError: no such library" in " ".join(text.split())
    assert extras.command("torch") not in text


def test_noise_of_an_import_is_kept_for_a_failure(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def loud() -> str:
        os.write(2, b"I0000 choosing kernels\n")
        return "backend"

    def failing() -> None:
        loud()
        raise OSError("no")

    monkeypatch.setitem(BUILT_IN, "numpy", loud)
    assert frameworks.framework("numpy").backend == "backend"
    assert capfd.readouterr().err == ""
    monkeypatch.setitem(BUILT_IN, "numpy", failing)
    assert frameworks.framework("numpy").trouble == "OSError: no"
    assert capfd.readouterr().err == "I0000 choosing kernels\n"
