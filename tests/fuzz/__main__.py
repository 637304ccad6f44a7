"""``python -m fuzz --minutes 60``: random calls until the time is over, and what was found."""

from __future__ import annotations

import argparse
import re
import sys
import time
from importlib.util import find_spec

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis.database import DirectoryBasedExampleDatabase
from hypothesis.errors import HypothesisException
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from wce_conformance.adapters import NAMES, Adapter, adapter
from wce_conformance.cases import Case

from .calls import Call, calls
from .running import failures
from .showing import shown

ROUND = 100
"""Examples between two looks at the clock."""


def main() -> int:
    """The status is 1 if anything was found."""
    options = _parser().parse_args()
    names = options.backend or [name for name in NAMES if find_spec(name)]
    found: list[str] = []
    with _progress() as progress:
        for name in names:
            own = adapter(name)
            routes = [r for r in own.routes if not options.route or r in options.route]
            for route in routes:
                seconds = 60 * options.minutes / len(names) / len(routes)
                found += Hunt(own, route, seconds, options.seed).run(progress)
    print(f"{len(found)} kinds of calls failed" if found else "none failed")
    return 1 if found else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0, help="in all (60)")
    parser.add_argument("--backend", action="append", choices=NAMES, help="default: all installed")
    parser.add_argument("--route", action="append", help="default: all")
    parser.add_argument("--seed", type=int, default=0, help="of the first round (0)")
    return parser


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[count]} calls, {task.fields[found]} found"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )


class Hunt:
    """A backend and a route for some seconds."""

    def __init__(self, own: Adapter, route: str, seconds: float, first: int) -> None:
        self.adapter, self.route, self.seconds, self.first = own, route, seconds, first
        self.count = 0
        self.until = 0.0
        self.found: dict[str, str] = {}
        """A call of each kind of failure; of the same kind no other is looked for."""

    def run(self, progress: Progress) -> list[str]:
        """Round after round, each with a seed of its own; what was found, shown at once."""
        name = f"{self.adapter.name}, {self.route}"
        task = progress.add_task(name, total=self.seconds, count=0, found=0)
        began, number = time.monotonic(), self.first
        self.until = began + self.seconds
        while (spent := time.monotonic() - began) < self.seconds:
            progress.update(task, completed=spent, count=self.count, found=len(self.found))
            simplest = self.round(number)
            if simplest is not None:
                print(self._note(*simplest), flush=True)
            number += 1
        progress.update(task, completed=spent, count=self.count, found=len(self.found))
        return list(self.found.values())

    def _note(self, call: Call, wrong: list[str]) -> str:
        text = shown(call, self.adapter, self.route, wrong)
        self.found[kind(call, wrong)] = text
        return text

    def round(self, number: int) -> tuple[Call, list[str]] | None:
        """Some calls; the simplest that failed, which Hypothesis runs last.

        When the time is over nothing fails any more, so that a search for a simpler one ends.
        """
        simplest: list[tuple[Call, list[str]]] = []

        @seed(number)
        @self._settings(known=number == self.first)
        @given(calls(self.adapter))
        def right(call: Call) -> None:
            if time.monotonic() > self.until:
                return
            self.count += 1
            wrong = failures(call, self.adapter, self.route)
            if wrong and kind(call, wrong) not in self.found:
                simplest[:] = [(call, wrong)]
                raise AssertionError

        try:
            right()
        except (AssertionError, HypothesisException):
            assert simplest
        return simplest[0] if simplest else None

    def _settings(self, *, known: bool) -> settings:
        """Calls that once failed come first, in the first round."""
        phases = (Phase.generate, Phase.shrink)
        folder = f".hypothesis/fuzz/{self.adapter.name} {self.route}"
        return settings(
            max_examples=ROUND,
            deadline=None,
            phases=(Phase.reuse, *phases) if known else phases,
            database=DirectoryBasedExampleDatabase(folder),
            suppress_health_check=list(HealthCheck),
            print_blob=False,
            verbosity=Verbosity.quiet,
        )


def kind(call: Call, wrong: list[str]) -> str:
    """What failures that are likely to have one cause have in common."""
    case = call.cases[0]
    failure = re.sub(r"-?\d[\d.e+-]*", "#", wrong[0])
    return " ".join([case.loss, _form(case), call.precision, failure])


def _form(case: Case) -> str:
    form = case.arguments.get("form", "logits")
    return form if isinstance(form, str) else "conventions"


if __name__ == "__main__":
    sys.exit(main())
