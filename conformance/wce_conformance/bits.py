"""Counts bits that differ between backends: ``python -m wce_conformance.bits``.

Gradients of exact cross-entropy of random batches, by wce_core on each backend's route, each beside
each. What was counted is kept in a file after every batch, so that a run can be interrupted, by
Ctrl-C or otherwise, and goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from wce_conformance.files import replace
from wce_conformance.positive import positive

SHAPES = ((4096, 1000), (65_536, 10), (128, 32_000))


def main(arguments: Sequence[str] | None = None) -> int:
    """Count until there are as many elements as were asked for; 1 if any differs."""
    options = _parser().parse_args(arguments)
    routes = [tuple(each.split(":")) for each in options.routes]
    kept = _kept(options.state, options.routes)
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("elements", total=options.elements, completed=kept["elements"])
        try:
            while kept["elements"] < options.elements:
                count = _batch(kept, routes)
                replace(options.state, json.dumps(kept))
                progress.advance(task, count)
        except KeyboardInterrupt:
            progress.stop()
    _show(kept)
    return int(any(kept["differing"].values()))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m wce_conformance.bits", description=__doc__)
    parser.add_argument(
        "routes", nargs="+", metavar="BACKEND:ROUTE", help="as numpy:eager or jax:compiled"
    )
    parser.add_argument("--elements", type=positive, default=10**9, help="of gradients, each")
    parser.add_argument("--state", type=Path, default=Path("bits.json"), help="what was counted")
    return parser


def _kept(file: Path, names: list[str]) -> dict[str, Any]:
    """What was counted before, for these routes and no others."""
    if not file.exists():
        pairs = {" ".join(pair): 0 for pair in combinations(names, 2)}
        return {"routes": names, "batches": 0, "elements": 0, "differing": pairs}
    kept: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    if kept["routes"] != names:
        sys.exit(f"{file} counts {' '.join(kept['routes'])}; name another file by --state")
    return kept


def _batch(kept: dict[str, Any], routes: list[tuple[str, ...]]) -> int:
    """One batch more; how many elements it has."""
    found = list(_gradients(kept["batches"], routes))
    pairs = combinations(found, 2)
    for name, (one, other) in zip(kept["differing"], pairs, strict=True):
        kept["differing"][name] += int(np.sum(one != other))
    kept["batches"] += 1
    kept["elements"] += found[0].size
    return int(found[0].size)


def _gradients(seed: int, routes: list[tuple[str, ...]]) -> Iterator[np.ndarray]:
    """Bits of the gradient by each route."""
    from wce_conformance.adapters import adapter
    from wce_core import losses

    rng, (items, classes) = np.random.default_rng(seed), SHAPES[seed % len(SHAPES)]
    loss = losses.CrossEntropy(
        class_weight=rng.random(classes).astype(np.float32),
        reduction="weighted_mean",
        precision="exact",
    )
    arrays: dict[str, np.ndarray] = {
        "predictions": rng.standard_normal((items, classes), dtype=np.float32) * 3,
        "targets": rng.integers(0, classes, items),
    }
    for backend, route in routes:
        own = adapter(backend)
        given = {name: own.array(array) for name, array in arrays.items()}
        _, gradient = own.differentiate(route, loss, given, "predictions")
        yield np.ascontiguousarray(own.numpy(gradient)).view(np.int32)


def _show(kept: dict[str, Any]) -> None:
    table = Table("pair", "differing elements", title=f"{kept['elements']:,} elements each")
    for name, count in kept["differing"].items():
        table.add_row(name, f"{count:,}")
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
