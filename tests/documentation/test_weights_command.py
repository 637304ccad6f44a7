"""``wce-core weights``: what it reads, shows and writes, and what it says of bad files."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from wce_core.class_weights import class_weights, files
from wce_core.cli import main

LABELS = np.array([0] * 12 + [1] * 6 + [2] * 2, np.uint8)


def npy(folder: Path) -> list[str]:
    np.save(folder / "labels.npy", LABELS)
    return [str(folder / "labels.npy")]


def npz(folder: Path) -> list[str]:
    np.savez(folder / "labels.npz", x=np.zeros(3), y=LABELS)
    return [str(folder / "labels.npz"), "--column", "y"]


def csv(folder: Path) -> list[str]:
    lines = [f"name {i},{label}" for i, label in enumerate(LABELS)]
    (folder / "labels.csv").write_text("\n".join(["id,label", *lines]))
    return [str(folder / "labels.csv"), "--column", "label"]


def csv_without_names(folder: Path) -> list[str]:
    (folder / "plain.csv").write_text("\n".join(map(str, LABELS)))
    return [str(folder / "plain.csv")]


def parquet(folder: Path) -> list[str]:
    import pyarrow
    from pyarrow import parquet as format_

    table = pyarrow.table({"label": LABELS, "x": np.zeros(LABELS.size)})
    format_.write_table(table, folder / "labels.parquet")
    return [str(folder / "labels.parquet"), "--column", "label"]


def masks(folder: Path) -> list[str]:
    from PIL import Image

    (folder / "masks").mkdir()
    for i, part in enumerate(LABELS.reshape(2, 5, 2)):
        Image.fromarray(part).save(folder / "masks" / f"{i}.png")
    return [str(folder / "masks")]


FILES = {f.__name__: f for f in (npy, npz, csv, csv_without_names, parquet, masks)}


@pytest.mark.parametrize("piece", [3, 2**22])
@pytest.mark.parametrize("kind", FILES)
def test_every_kind_of_file(
    kind: str, piece: int, tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "PIECE", piece)
    monkeypatch.setattr(files, "ROWS", piece)
    out = tmp_path / "weights.json"
    arguments = FILES[kind](tmp_path)
    assert main(["weights", *arguments, "--json", str(out)]) == 0
    found = json.loads(out.read_text())
    np.testing.assert_array_equal(found["class_weight"], class_weights(LABELS))
    assert found["counts"] == [12, 6, 2]
    shown = capsys.readouterr().out
    assert "20 labels, balanced" in shown
    assert "60.0000%" in shown


def test_every_kind_of_file_is_here() -> None:
    endings = {".npy": npy, ".npz": npz, ".csv": csv, ".parquet": parquet, ".pq": parquet}
    assert endings.keys() == files.READERS.keys()


def test_options(tmp_path: Path) -> None:
    out = tmp_path / "weights.json"
    options = ["--scheme", "effective_number", "--beta", "0.9", "--normalize", "sum_to_classes"]
    more = ["--classes", "4", "--missing", "2.5", "--json", str(out)]
    assert main(["weights", *npy(tmp_path), *options, *more]) == 0
    want = class_weights(
        LABELS, "effective_number", beta=0.9, normalize="sum_to_classes", classes=4, missing=2.5
    )
    np.testing.assert_array_equal(json.loads(out.read_text())["class_weight"], want)


def test_nothing_is_overwritten_unasked(tmp_path: Path, capsys: Any) -> None:
    out = tmp_path / "weights.json"
    out.write_text("mine")
    arguments = ["weights", *npy(tmp_path), "--json", str(out)]
    assert main(arguments) == 1
    assert "--force" in capsys.readouterr().err
    assert out.read_text() == "mine"
    assert main([*arguments, "--force"]) == 0
    assert out.read_text() != "mine"


def _text(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


def _save(path: Path, array: Any) -> str:
    np.save(path, array, allow_pickle=True)
    return str(path)


def _bytes(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    return str(path)


def _cut(path: str) -> str:
    """The same file, of which the last bytes are missing."""
    return _bytes(Path(path), Path(path).read_bytes()[:-7])


BAD: dict[str, tuple[Any, str]] = {
    "absent": (lambda d: [str(d / "no.npy")], "does not exist"),
    "ending": (lambda d: [_text(d / "a.txt", "0")], "'.txt'; expected one of"),
    "no array": (lambda d: [_text(d / "a.npy", "zero")], "can't be read"),
    "objects": (lambda d: [_save(d / "a.npy", np.array([{}, 1]))], "can't be read"),
    "several columns": (lambda d: [_text(d / "a.csv", "a,b\n0,1")], "--column is one of: a, b"),
    "wrong column": (
        lambda d: [_text(d / "a.csv", "a,b\n0,1"), "--column", "c"],
        "there is no column 'c'",
    ),
    "a word": (lambda d: [_text(d / "a.csv", "a\n0\ncat")], "line 3 holds 'cat'"),
    "empty": (lambda d: [_text(d / "a.csv", "")], "it is empty"),
    "no bytes": (lambda d: [_text(d / "a.npy", "")], "a.npy can't be read"),
    "cut off": (lambda d: [_cut(npy(d)[0])], "labels.npy can't be read"),
    "a damaged archive": (lambda d: [_cut(npz(d)[0])], "labels.npz can't be read"),
    "no archive": (lambda d: [str(Path(npy(d)[0]).rename(d / "a.npz"))], "is no archive"),
    "no Parquet": (lambda d: [_text(d / "a.parquet", "PAR1")], "a.parquet can't be read"),
    "no text": (lambda d: [_bytes(d / "a.csv", b"a\n\xff\xfe")], "a.csv can't be read"),
    "a line too short": (
        lambda d: [_text(d / "a.csv", "a,b\n0,1\n2"), "--column", "b"],
        "a.csv can't be read: line 3 holds 'nothing'",
    ),
    "beyond int64": (lambda d: [_text(d / "a.csv", f"a\n{2**63}")], "line 2 holds '9223372"),
    "a number that is none": (lambda d: [_text(d / "a.csv", "a\nnan")], "line 2 holds 'nan'"),
    "fractions": (lambda d: [_save(d / "a.npy", np.array([0.5]))], "a.npy: labels is 0.5"),
    "negative": (lambda d: [_save(d / "a.npy", np.array([0, -1]))], "a.npy: labels holds -1"),
    "far out": (lambda d: [_save(d / "a.npy", np.array([2**40]))], "expected a class index below"),
    "infinite": (lambda d: [*npy(d), "--scheme", "power", "--alpha", "5e3"], "of class 0 is inf"),
    "NaN for a class": (lambda d: [*npy(d), "--missing", "nan"], "missing is nan"),
    "a folder for JSON": (lambda d: [*npy(d), "--json", str(d)], "--json names a folder"),
    "no folder for JSON": (
        lambda d: [*npy(d), "--json", str(d / "no" / "w.json")],
        "no, which does not exist",
    ),
    "the labels for JSON": (
        lambda d: [*npy(d), "--force", "--json", str(d / "labels.npy")],
        "--json names the file of labels",
    ),
    "no masks": (lambda d: [str(d)], "holds no .png files"),
    "range": (lambda d: [_text(d / "a.csv", "a\n0\n5"), "--classes", "3"], "5 at flat position 1"),
    "missing": (lambda d: [_text(d / "a.csv", "a\n0\n2")], "class 1 never occurs"),
    "a column of an array": (lambda d: [*npy(d), "--column", "y"], "has no columns"),
    "a column of masks": (lambda d: [*masks(d), "--column", "y"], "has no columns"),
    "a number": (lambda d: [_save(d / "a.npy", np.array(1))], "a single number"),
    "option": (lambda d: [*npy(d), "--beta", "0.5"], "got beta"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files(name: str, tmp_path: Path, capsys: Any) -> None:
    arguments, message = BAD[name]
    assert main(["weights", *arguments(tmp_path)]) == 1
    error = capsys.readouterr().err
    assert error.startswith("wce-core weights: ")
    assert message in error


def test_the_labels_are_still_there(tmp_path: Path) -> None:
    arguments = npy(tmp_path)
    before = Path(arguments[0]).read_bytes()
    assert main(["weights", *arguments, "--json", arguments[0], "--force"]) == 1
    assert Path(arguments[0]).read_bytes() == before


def test_a_missing_weight_that_is_no_number(tmp_path: Path, capsys: Any) -> None:
    with pytest.raises(SystemExit):
        main(["weights", *npy(tmp_path), "--missing", "half"])
    assert "'half' is none of error, zero, one or a number" in capsys.readouterr().err


def test_a_bad_label_is_found_in_its_piece(
    tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "PIECE", 4)
    file = _save(tmp_path / "a.npy", np.array([0, 1, 0, 1, 1, -1]))
    assert main(["weights", file]) == 1
    assert "a.npy, after 4 entries: labels holds -1 at flat position 1" in capsys.readouterr().err


def test_a_bad_mask_is_named(tmp_path: Path, capsys: Any) -> None:
    folder = masks(tmp_path)[0]
    assert main(["weights", folder, "--classes", "2"]) == 1
    assert "1.png: labels holds 2" in capsys.readouterr().err


def test_missing_values_in_a_table(tmp_path: Path, capsys: Any) -> None:
    import pyarrow
    from pyarrow import parquet as format_

    format_.write_table(pyarrow.table({"y": [0, None, 1]}), tmp_path / "a.parquet")
    assert main(["weights", str(tmp_path / "a.parquet")]) == 1
    assert "1 missing values" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("package", "kind"), [("pyarrow", parquet), ("PIL", masks)], ids=["pyarrow", "pillow"]
)
def test_a_package_that_is_not_there(
    package: str, kind: Any, tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = kind(tmp_path)
    monkeypatch.setitem(sys.modules, package, None)
    assert main(["weights", *arguments]) == 1
    assert "need the package" in capsys.readouterr().err


def test_several_labels(tmp_path: Path, capsys: Any) -> None:
    np.save(tmp_path / "bits.npy", np.array([[1, 0], [0, 1], [0, 1]]))
    assert main(["weights", str(tmp_path / "bits.npy"), "--kind", "multi_label"]) == 0
    assert "label 1, 1" in capsys.readouterr().out


def test_masks_of_several_channels(tmp_path: Path, capsys: Any) -> None:
    from PIL import Image

    Image.fromarray(np.zeros((2, 2, 3), np.uint8)).save(tmp_path / "rgb.png")
    (tmp_path / "broken.png").write_text("no picture")
    assert main(["weights", str(tmp_path)]) == 1
    assert "broken.png can't be read" in capsys.readouterr().err
    (tmp_path / "broken.png").unlink()
    assert main(["weights", str(tmp_path)]) == 1
    assert "3 channels" in capsys.readouterr().err
