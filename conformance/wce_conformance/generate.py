"""Writing the vectors: every case with the oracle's answer, and every call to be refused."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from wce_conformance.bookkeeping import lines_of, record, refuse_problems
from wce_conformance.cases import Argument, Case, Tensor, small_cases
from wce_conformance.cases.hunting import hunting_cases
from wce_conformance.cases.long import large_cases, more_cases
from wce_conformance.cases.of_layers import layer_cases
from wce_conformance.cases.reported import reported_cases
from wce_conformance.cases.steps import step_cases
from wce_conformance.cases.systematic import MODES
from wce_conformance.files import changed, put
from wce_conformance.invalid_calls import BAD_INPUTS, BadInput
from wce_conformance.vectors import FOLDER
from wce_conformance.vectors.encode import document, encode, encode_input
from wce_conformance.vectors.reading import files_of

OWN_FILES = ("balanced", "negative_weight", "steps")
"""Flags of cases that have files of their own."""
GROUPS = {2: "pairs", 3: "triples"}
"""The file of cases with several weighting modes; those with one are in the mode's own."""


def generate(folder: Path = FOLDER, *, advance: Callable[[], object] = lambda: None) -> list[Path]:
    """Write every vector file, the ledger and checksums; gives back what is new or has changed.

    A ValueError if an id would vanish, or be that of another call.
    """
    texts = rendered(advance=advance)
    refuse_problems(folder, lines_of(texts.values()))
    return [*put(folder, texts), *record(folder)]


def generate_large(folder: Path, *, advance: Callable[[], object] = lambda: None) -> list[Path]:
    """Write the large tier, which is not part of the package."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [_advanced(encode(case), advance) for case in large_cases()]
    file = folder / "large.json"
    file.write_text(document(lines), encoding="utf-8")
    return [file]


def differences(
    folder: Path = FOLDER,
    *,
    advance: Callable[[], object] = lambda: None,
    texts: Mapping[str, str] | None = None,
) -> list[str]:
    """What `generate` would change, file by file; `texts` are those of :func:`rendered`."""
    texts = rendered(advance=advance) if texts is None else texts
    stale = [file.name for file in files_of(folder) if file.name not in texts]
    return [f"{name} is not what is generated" for name in changed(folder, texts)] + [
        f"{name} is not generated" for name in stale
    ]


def cases() -> list[Case]:
    """The cases of all vectors but the invalid ones."""
    return [
        *small_cases(),
        *more_cases(),
        *hunting_cases(),
        *step_cases(),
        *reported_cases(),
        *layer_cases(),
    ]


def rendered(*, advance: Callable[[], object] = lambda: None) -> dict[str, str]:
    """The text of every file, by name."""
    lines: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for case in cases():
        lines[file_of(case)].append(_advanced(encode(case), advance))
    for bad in BAD_INPUTS:
        file = f"{bad.loss}.invalid.json" if bad.loss in MODES else f"{bad.loss}.json"
        lines[file].append(invalid(bad))
    return {name: document(lines[name]) for name in sorted(lines)}


def file_of(case: Case) -> str:
    """One file per cross-entropy and mode, and for its pairs, triples and extremes.

    Of any other loss there is one file.
    """
    if case.loss not in MODES:
        return f"{case.loss}.json"
    if "systematic" not in case.flags:
        theme = next((flag for flag in case.flags if flag in OWN_FILES), "extremes")
        return f"{case.loss}.{theme}.json"
    modes = case.id.split("/")[1]
    return f"{case.loss}.{GROUPS.get(modes.count('+') + 1, modes)}.json"


def invalid(bad: BadInput) -> dict[str, Any]:
    """A call to be refused."""
    predictions = array(bad.predictions)
    case = Case(
        id=f"{bad.loss}/invalid/{bad.name}",
        loss=bad.loss,
        dtype=predictions.dtype,
        predictions=predictions,
        targets=array(bad.targets),
        arguments={name: _argument(value) for name, value in bad.arguments.items()},
        comment=bad.name,
        flags=("invalid", "values" if bad.of_values else "shapes"),
    )
    return {**encode_input(case), "error": bad.error.__name__, "of_values": bad.of_values}


def array(given: np.ndarray) -> Tensor:
    """A NumPy array as plain data."""
    return Tensor(given.dtype.name, given.shape, tuple(given.reshape(-1).tolist()))


def _argument(value: Any) -> Argument:
    if isinstance(value, np.ndarray):
        return array(value)
    if isinstance(value, Mapping):
        return {str(label): weight for label, weight in value.items()}
    argument: Argument = value
    return argument


def _advanced(line: dict[str, Any], advance: Callable[[], object]) -> dict[str, Any]:
    advance()
    return line
