"""The pytest plugin: a test for each vector, and a file that says what is not run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from wce_conformance import load_vectors
from wce_conformance.pytest_plugin import bugs
from wce_conformance.skips import SkipFileError, read_skips

VECTORS = {vector.id: vector for vector in load_vectors()}
CHOSEN = [
    next(v for v in VECTORS.values() if "log1p" in v.flags and "value" in v.answer),
    VECTORS["cross_entropy/257 items, mean/bfloat16"],
    VECTORS["cross_entropy/mask/sum/28"],
    next(v for v in VECTORS.values() if v.error == "ValueError"),
]
RIGHT = """
import numpy as np

def answer(vector):
    if vector.error == "ValueError":
        raise ValueError("as it should")
    if "mask" in vector.arrays:
        raise NotImplementedError("no masks here")
    expected, predictions = vector.expected, vector.arrays["predictions"]
    values = [float(x) for text in [vector.answer["value"]["digits"]] for x in text]
    value = np.array(values).astype(predictions.dtype)
    slopes = [float(x) for x in vector.answer["gradient"]["digits"]] * vector.times
    shape = vector.case.loss_shape if vector.reduction == "none" else ()
    return value.reshape(shape), np.array(slopes).reshape(predictions.shape)

def test_vectors(wce_check):
    wce_check(answer)
"""
WRONG = RIGHT.replace("return value.", "return 1.1 * value.")


def plugin() -> list[str]:
    """As pytest finds it; by name where the distribution is not installed."""
    installed = entry_points(group="pytest11", name="wce-vectors")
    return [] if installed else ["-p", "wce_conformance.pytest_plugin"]


def run(folder: Path, text: str, *options: str, skips: str = "") -> str:
    """Pytest in a folder of its own, over the chosen vectors."""
    (folder / "test_own.py").write_text(text, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    if skips:
        (folder / "wce-skip.toml").write_text(skips, encoding="utf-8")
    chosen = {"vectors": [dict(vector.line) for vector in CHOSEN]}
    (folder / "some.json").write_text(json.dumps(chosen), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", *plugin(), "--wce-vectors", "some.json", "-v"]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "" if not plugin() else "1"}
    done = subprocess.run(
        [*command, *options],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
        env={name: value for name, value in environment.items() if value},
    )
    return done.stdout + done.stderr


def test_a_test_for_each_vector_and_the_reasons_of_what_is_not_run(tmp_path: Path) -> None:
    printed = run(tmp_path, RIGHT)
    assert "3 passed, 1 not run" in printed, printed
    assert "1 not run: no masks here" in printed
    assert "test_vectors[count_dtype: cross_entropy/257 items, mean/bfloat16] PASSED" in printed
    assert "log1p" in printed


def test_a_wrong_number_fails_and_says_by_how_much(tmp_path: Path) -> None:
    printed = run(tmp_path, WRONG)
    assert "2 failed, 1 passed, 1 skipped" in printed, printed
    assert "more items than the dtype can count" in printed
    assert "eps" in printed


def test_skips_and_known_failures(tmp_path: Path) -> None:
    skips = '[skip]\n"dtype:bfloat16" = "none"\n[fails]\n"flag:log1p" = "tracker#12"\n'
    printed = run(tmp_path, WRONG, skips=skips)
    assert "1 known to fail: tracker#12" in printed, printed
    assert "1 not run: none" in printed
    assert " failed" not in printed


def test_what_is_known_to_fail_and_passes_is_a_failure(tmp_path: Path) -> None:
    printed = run(tmp_path, RIGHT, skips='[fails]\n"flag:log1p" = "tracker#12"\n')
    assert "[XPASS(strict)] tracker#12" in printed
    assert "1 failed" in printed


@pytest.mark.parametrize(
    ("skips", "words"),
    [
        ('[skip]\n"flag:nonesuch" = "why"\n', "no vector is meant by 'flag:nonesuch'"),
        ('[skip]\n"cross_entropy/*" = ""\n', "needs a reason"),
        ('[sikp]\n"cross_entropy/*" = "why"\n', "'sikp' is neither"),
        ("skip", "is no TOML"),
    ],
)
def test_files_of_skips_that_are_wrong(tmp_path: Path, skips: str, words: str) -> None:
    file = tmp_path / "wce-skip.toml"
    file.write_text(skips, encoding="utf-8")
    with pytest.raises(SkipFileError, match=words):
        read_skips(file, CHOSEN)


def test_a_wrong_file_is_said_in_a_sentence(tmp_path: Path) -> None:
    printed = run(tmp_path, RIGHT, skips='[skip]\n"flag:nonesuch" = "why"\n')
    assert "no vector is meant by 'flag:nonesuch'; take the line out" in printed
    assert "Traceback" not in printed


def test_patterns(tmp_path: Path) -> None:
    file = tmp_path / "wce-skip.toml"
    lines = ["argument:mask", "loss:dice_loss", "cross_entropy/one c*", "dtype:float16"]
    file.write_text("[skip]\n" + "".join(f'"{line}" = "{line}"\n' for line in lines))
    skips = read_skips(file, list(VECTORS.values()))
    found = {name: skips.reason_to_skip(vector) for name, vector in VECTORS.items()}
    assert found["cross_entropy/mask/sum/28"] == "argument:mask"
    assert found["cross_entropy/one class/float64"] == "cross_entropy/one c*"
    assert found["cross_entropy/257 items, mean/bfloat16"] is None
    dice = {found[n] for n, v in VECTORS.items() if v.loss == "dice_loss"}
    assert dice <= {"loss:dice_loss", "argument:mask"}


def test_ids_name_bugs_and_differ() -> None:
    named = [f"{bugs(vector)}: {vector.id}" for vector in VECTORS.values()]
    assert len(set(named)) == len(named)
    assert not any(name.startswith((":", "extreme:")) for name in named)
