"""The worst errors of each backend, dtype and quantity, as a page of Markdown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from wce_conformance.judging.numbers import BOUND
from wce_conformance.report import KINDS, worst_errors
from wce_conformance.runner import Record
from wce_conformance.this_library import SAMPLED

QUANTITIES = {"reduced": ("value", "total", "weight"), "item": ("item",), "gradient": ("gradient",)}
COLUMNS = (
    "backend", "route", "precision", "dtype", "vectors", "failed",
    "reduced", "item", "gradient", "to weights and targets",
)  # fmt: skip
HEAD = f"""# How exact each backend is

Made by `{{command}}`.

Every vector of the conformance suite through every backend, by every route by which it can be run
and differentiated. Under **native**, the worst error of each quantity in eps of its scale, as
[the suite](../conformance/README.md#what-counts-as-right) defines scales: the sum of the item
losses' magnitudes over the denominator for a reduced loss; the item loss itself, however tiny; for
a gradient the largest size among the elements of its item, which for an item of one class is its
gradient at the target, however tiny. **The bound that is promised and asserted is k = {BOUND:g}**
for every entry. Under **exact**, results of float32, bfloat16 and float16 are compared with the
oracle's bits: *0 bits* says that none differs but those of vectors that are
[known to fail](../conformance/README.md#what-counts-as-right). Float64, in which exact mode
computes, is judged by the same bound there.

| {" | ".join(COLUMNS)} |
|{"---|" * len(COLUMNS)}
"""


def write(file: Path, runs: Mapping[str, Sequence[Record]], *, everything: bool) -> None:
    """One page for all backends that were run."""
    backends = " ".join(f"--backend {backend}" for backend in runs)
    flag = " --all" if everything else ""
    command = f"python -m wce_conformance run {backends}{flag} --markdown {file}"
    rows = [row for backend, records in runs.items() for row in _rows(backend, records)]
    notes = [] if everything else list(_samples(runs))
    file.write_text("\n".join([HEAD.format(command=command) + "\n".join(rows), *notes, ""]))


def _rows(backend: str, records: Sequence[Record]) -> Iterator[str]:
    groups: dict[tuple[str, str, str], list[Record]] = defaultdict(list)
    for record in records:
        if record.kind != "invalid" and record.status != "not offered":
            groups[record.route, record.precision, record.kind].append(record)
    for (route, precision, kind), group in sorted(groups.items(), key=_order):
        failed = sum(record.status == "failed" for record in group)
        cells = [backend, route, precision, kind, len(group), failed]
        yield f"| {' | '.join(map(str, cells))} | {' | '.join(_cells(group, precision, kind))} |"


def _order(group: tuple[tuple[str, str, str], list[Record]]) -> tuple[bool, int, str]:
    (route, precision, kind), _ = group
    return precision != "native", KINDS.index(kind), route


def _cells(group: Sequence[Record], precision: str, kind: str) -> list[str]:
    if precision == "exact" and kind != "float64":
        same = all(record.status in ("passed", "known") for record in group)
        return ["0 bits" if same else "differs"] * len(QUANTITIES) + [""]
    worst = worst_errors(group)
    further = [error for name, error in worst.items() if name.startswith("gradient to")]
    named = [[worst[n] for n in names if n in worst] for names in QUANTITIES.values()]
    return [f"{max(errors):.2f}" if errors else "" for errors in (*named, further)]


def _samples(runs: Mapping[str, Sequence[Record]]) -> Iterator[str]:
    slow = [(backend, *each) for backend in runs for each in SAMPLED.get(backend, {}).items()]
    if slow:
        yield "\nOf routes that compile every vector a sample: " + ", ".join(
            f"{backend} {route} 1 in {one_in}" for backend, route, one_in in slow
        )
