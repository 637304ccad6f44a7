"""What an adopter gets from the wheel of wce-vectors, beside NumPy and pytest alone."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from importlib.metadata import files, requires
from importlib.util import find_spec
from pathlib import Path

import pytest

import wce_conformance

EXAMPLE = Path(__file__).parents[2] / "conformance" / "examples" / "numpy"


def test_nothing_else_is_there() -> None:
    assert "site-packages" in (wce_conformance.__file__ or "")
    assert find_spec("numpy")
    found = ("wce_core", "wce_backends", "torch", "jax", "tensorflow", "rich", "ml_dtypes")
    assert [name for name in found if find_spec(name)] == []


def test_contents() -> None:
    names = {str(path) for path in files("wce-vectors") or ()}
    vectors = "wce_conformance/vectors/v1/"
    for name in ("schema.json", "ids.tsv", "SHA256SUMS", "cross_entropy.mask.json"):
        assert vectors + name in names
    assert "wce_conformance/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    needed = [line for line in requires("wce-vectors") or () if "extra ==" not in line]
    assert needed == ["mpmath>=1.3"]


def put_to_all(folder: Path) -> str:
    """Pytest over every vector, in a copy of the example."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--tb=line", "-c", "/dev/null", "--rootdir=."],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    return done.stdout + done.stderr


@pytest.fixture
def example(tmp_path: Path) -> Path:
    return Path(shutil.copytree(EXAMPLE, tmp_path / "own"))


def test_ten_lines_run_every_vector_and_list_what_they_skip(example: Path) -> None:
    lines = (example / "test_vectors.py").read_text(encoding="utf-8").splitlines()
    assert len([line for line in lines if line.strip()]) <= 10
    printed = put_to_all(example)
    counts = re.search(r"(\d+) passed, (\d+) not run", printed)
    assert counts, printed[-3000:]
    passed, skipped = map(int, counts.groups())
    assert passed >= 90
    assert passed + skipped == len(wce_conformance.load_vectors())
    for reason in ("no cost matrices", "NumPy has none", "no dice_loss"):
        assert f"not run: {reason}" in printed


def test_a_bug_has_its_name_in_the_tests_that_fail(example: Path) -> None:
    """Without log1p the tail of what is right is lost."""
    losses = example / "losses.py"
    text = losses.read_text(encoding="utf-8")
    assert "np.log1p(others.sum(-1))" in text
    losses.write_text(text.replace("np.log1p(others.sum(-1))", "np.log(1 + others.sum(-1))"))
    printed = put_to_all(example)
    failed = re.findall(r"^FAILED .*?\[(.*?): ", printed, re.MULTILINE)
    assert "tail" in failed, printed[-3000:]


WITHOUT_NUMPY = """
import sys
sys.modules["numpy"] = None
from wce_conformance import load_vectors
from wce_conformance.oracle import LOSSES
vectors = load_vectors()
vector = next(v for v in vectors if v.id == "cross_entropy/one class/float64")
print(len(vectors), vector.case.expected().loss_scale, vector.expected.loss_scale)
"""


def test_vectors_and_oracle_need_no_numpy() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_NUMPY], capture_output=True, text=True, check=True
    )
    assert int(done.stdout.split()[0]) > 1000


def test_what_is_missing_is_said_with_how_to_install_it() -> None:
    command = [sys.executable, "-m", "wce_conformance", "run", "--exec", "true"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "rich is not installed: pip install 'wce-vectors[run]'" in done.stderr
    assert "Traceback" not in done.stderr
