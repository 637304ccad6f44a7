"""From JSON to vectors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from wce_conformance.cases import Argument, Case, Tensor
from wce_conformance.cases.long import Tiled
from wce_conformance.oracle import Conventions, Logits, Probabilities
from wce_conformance.vectors.numbers import read_plain
from wce_conformance.vectors.vector import Vector

FOLDER = Path(__file__).parent / "v1"


def load_vectors(path: str | Path | None = None) -> list[Vector]:
    """The vectors of a file, of all files in a folder, or, by default, of this package.

    A ValueError if there are none: tests of no vectors would pass.
    """
    place = FOLDER if path is None else Path(path)
    vectors = [vector for file in files_of(place) for vector in _read(file)]
    if not vectors:
        raise ValueError(f"{place} has no vectors" if place.exists() else f"there is no {place}")
    return vectors


def files_of(place: Path) -> list[Path]:
    """The vector files in a folder, or the file itself."""
    if place.is_file():
        return [place]
    return sorted(file for file in place.glob("*.json") if file.name != "schema.json")


def _read(file: Path) -> list[Vector]:
    try:
        lines = json.loads(file.read_text(encoding="utf-8"))["vectors"]
    except (ValueError, TypeError, KeyError):
        raise ValueError(f"{file} is no file of vectors") from None
    return [decode(line, file.name) for line in lines]


def decode(line: Mapping[str, Any], file: str = "") -> Vector:
    """A vector of one JSON object."""
    times = line.get("expected", {}).get("times", 1)
    block = _case(line, in_full=False)
    return Vector(
        case=block if times == 1 else _case(line, in_full=True),
        answer=line.get("expected", {}),
        error=line.get("error"),
        of_values=line.get("of_values", False),
        line=line,
        file=file,
        block=block,
        times=times,
    )


def _case(line: Mapping[str, Any], *, in_full: bool) -> Case:
    return Case(
        id=line["id"],
        loss=line["loss"],
        dtype=line["dtype"],
        predictions=_tensor(line["predictions"], in_full=in_full),
        targets=_tensor(line["targets"], in_full=in_full),
        arguments={n: _argument(n, v, in_full=in_full) for n, v in line["arguments"].items()},
        comment=line["comment"],
        flags=tuple(line["flags"]),
    )


def _argument(name: str, value: Any, *, in_full: bool) -> Argument:
    if not isinstance(value, dict):
        plain: Argument = value  # finite: "nan" is a value of `empty`
        return plain
    if "shape" in value:
        return _tensor(value, in_full=in_full)
    return _conventions(value) if name == "form" else dict(value)


def _conventions(value: Mapping[str, Any]) -> Conventions:
    """Of logits or of probabilities: no name is of both."""
    of_logits = value.keys() <= {field.name for field in fields(Logits)}
    return Logits(**value) if of_logits else Probabilities(**value)


def _tensor(value: Mapping[str, Any], *, in_full: bool) -> Tensor:
    times = value.get("times", 1)
    data = tuple(read_plain(number) for number in value["data"])
    length, *rest = value["shape"] or [1]
    shape = (length // times, *rest) if value["shape"] else ()
    block = Tensor(value["dtype"], shape, data)
    if times == 1 or not in_full:
        return block
    return Tiled(value["dtype"], tuple(value["shape"]), data * times)
