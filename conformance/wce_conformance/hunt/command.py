"""The command ``hunt``: rounds of random calls, a progress bar, and what was found."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress

    from wce_conformance.cases import Case
    from wce_conformance.hunt.pair import Disagreement, Pair
    from wce_conformance.hunt.state import State

HELP = "compare two implementations on random calls for some time"
ROUND = 50
"""Calls between two looks at the clock."""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to those of ``python -m wce_conformance``."""
    parser = subparsers.add_parser("hunt", help=HELP, description=HELP)
    parser.add_argument("first", help="a library, as torch, or a program, as 'node main.js'")
    parser.add_argument("second", nargs="?", default="oracle", help="another (default: oracle)")
    parser.add_argument("--minutes", type=float, default=10.0, help="how long (10)")
    parser.add_argument(
        "--folder", type=Path, default=Path("hunt"), help="where it goes on, and what it finds"
    )
    parser.set_defaults(function=main)


def main(options: argparse.Namespace) -> int:
    """1 if anything was found, now or before; 2 if no call was compared."""
    from wce_conformance.hunt.pair import Pair, implementation
    from wce_conformance.hunt.state import loaded

    try:
        _refuse_two_backends_of_keras(options.first, options.second)
        state = loaded(options.folder, (options.first, options.second))
        pair = Pair(implementation(options.first), implementation(options.second))
    except ValueError as error:
        print(f"hunt: {error}", file=sys.stderr)
        return 2
    try:
        _rounds(pair, state, options.folder, 60 * options.minutes)
    except KeyboardInterrupt:
        print("interrupted: the same command goes on", file=sys.stderr)
    finally:
        for own in pair:
            getattr(own, "close", lambda: None)()
    return _said(state, options.folder)


def _refuse_two_backends_of_keras(*names: str) -> None:
    from wce_conformance.peers import PEERS, environment

    own = [str(environment(name)) for name in names if name in PEERS and environment(name)]
    if len(set(own)) > 1:
        raise ValueError("Keras has one backend in a process; hunt each against the oracle")


def _said(state: State, folder: Path) -> int:
    if not state.compared:
        reason = f"none of {state.calls} random calls is offered by both"
        print(f"hunt: nothing was compared: {reason}", file=sys.stderr)
        return 2
    kinds = len(state.kinds)
    where = f", in {folder / 'found.json'}" if kinds else ""
    print(f"{state.compared} calls compared, {kinds} kinds of disagreement{where}")
    return 1 if kinds else 0


def _rounds(pair: Pair, state: State, folder: Path, seconds: float) -> None:
    from wce_conformance.hunt.state import keep

    began = time.monotonic()
    with _progress() as progress:
        task = progress.add_task(" and ".join(state.pair), total=seconds, compared=0, found=0)
        while (spent := time.monotonic() - began) < seconds:
            found = smallest(pair, state, began + seconds)
            if found is not None:
                state.kinds.append(found.kind)
                keep(folder, found)
                progress.console.print(shown(found, state.pair), markup=False, highlight=False)
            state.seed += 1
            state.save(folder)
            kinds = len(state.kinds)
            progress.update(task, completed=spent, compared=state.compared, found=kinds)


def smallest(pair: Pair, state: State, until: float) -> Disagreement | None:
    """Of one round, the simplest disagreement of a new kind, which Hypothesis runs last.

    When the time is over nothing disagrees any more, so that a search for a simpler one ends.
    """
    from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
    from hypothesis.errors import HypothesisException

    from wce_conformance.hunt.drawing import cases

    last: list[Disagreement] = []

    @seed(state.seed)
    @settings(
        max_examples=ROUND,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        database=None,
        suppress_health_check=[
            HealthCheck.too_slow,
            HealthCheck.filter_too_much,
            HealthCheck.data_too_large,
        ],
        print_blob=False,
        verbosity=Verbosity.quiet,
    )
    @given(cases())
    def agree(case: Case) -> None:
        if time.monotonic() > until:
            return
        state.calls += 1
        try:
            found = pair.compared(case)
        except LookupError:
            return
        state.compared += 1
        if found is not None and found.kind not in state.kinds:
            last[:] = [found]
            raise AssertionError

    try:
        agree()
    except (AssertionError, HypothesisException):
        if not last:
            raise
    return last[0] if last else None


def shown(found: Disagreement, names: tuple[str, str]) -> str:
    """A disagreement in lines."""
    case = found.vector.case
    arrays = {"predictions": case.predictions, "targets": case.targets}
    lines = [f"{case.loss}, {case.dtype}"]
    lines += [f"  {name} {own.shape}: {list(own.data)}" for name, own in arrays.items()]
    lines += [f"  {name}: {getattr(a, 'data', a)}" for name, a in case.arguments.items()]
    for name, wrong in zip(names, found.wrong, strict=True):
        lines.append(f"  {name}: {'; '.join(wrong[:2]) if wrong else 'right'}")
    return "\n".join(lines)


def _progress() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[compared]} compared, {task.fields[found]} found"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
