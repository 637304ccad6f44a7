"""The command ``python -m wce_conformance``: ``run``, ``hunt``, ``generate``, …"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from wce_conformance.adapters import NAMES
from wce_conformance.positive import positive

if TYPE_CHECKING:
    from wce_conformance.runner import Choice, Record

NOTHING_RAN = 2
"""The exit status of a run that says nothing, as of arguments that are wrong."""
JOBS = {"jax": 2, "tensorflow": 2, "torch": 2}
"""Processes where compiling takes most of the time."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit status."""
    # Read by TensorFlow while it is imported; whoever set it already knows better.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        return _done(_parser().parse_args(arguments))
    except ModuleNotFoundError as error:
        if error.name not in _FROM:
            raise
        words = f"{error.name} is not installed: pip install '{_FROM[error.name]}'"
        print(words, file=sys.stderr)
        return NOTHING_RAN


_FROM = {
    **dict.fromkeys(("numpy", "ml_dtypes", "rich"), "wce-vectors[run]"),
    "hypothesis": "wce-vectors[hunt]",
    "wce_core": "wce-core",
}
"""What brings the packages that only some commands need."""


def _done(options: argparse.Namespace) -> int:
    if options.command == "generate":
        return _generate(options)
    if options.command == "npm":
        return _npm(options)
    if options.command == "hunt":
        return int(options.function(options))
    wrong = _wrong(options)
    if wrong is not None:
        print(f"{options.command}: {wrong}", file=sys.stderr)
        return NOTHING_RAN
    status: int = (options.function if options.command == "scoreboard" else _run)(options)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m wce_conformance", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_run(commands.add_parser("run", help="put the vectors to an implementation"))
    generate = commands.add_parser("generate", help="write the vectors by the oracle")
    generate.add_argument("--check", action="store_true", help="only say whether they would change")
    generate.add_argument(
        "--large", type=Path, metavar="FOLDER", help="write the large tier to a folder instead"
    )
    npm = commands.add_parser("npm", help="write the vectors as an npm package")
    npm.add_argument("folder", type=Path, help="a new folder")
    from wce_conformance.scoreboard import add_parser

    add_parser(commands)
    from wce_conformance.hunt import add_parser as add_hunt

    add_hunt(commands)
    return parser


def _add_run(run: argparse.ArgumentParser) -> None:
    run.add_argument(
        "--backend", action="append", choices=NAMES, default=[], help="wce_core on this framework"
    )
    run.add_argument("--exec", metavar="COMMAND", help="a program that answers JSON lines")
    run.add_argument(
        "--route", action="append", default=[], help="of a backend: eager, compiled, …"
    )
    run.add_argument("--precision", action="append", choices=("native", "exact"), default=[])
    run.add_argument("--limit", type=positive, help="only so many vectors")
    run.add_argument("--all", action="store_true", help="every vector by the slow routes too")
    run.add_argument("--jobs", type=positive, help="processes")
    run.add_argument(
        "--markdown", type=Path, metavar="FILE", help="write the worst errors per backend"
    )
    run.add_argument("--vectors", type=Path, help="a file or folder instead of those stored")


def _generate(options: argparse.Namespace) -> int:
    from rich.console import Console
    from rich.progress import Progress

    from wce_conformance import generate
    from wce_conformance.bookkeeping import unrecorded
    from wce_conformance.cases.long import large_cases
    from wce_conformance.vectors import FOLDER

    count = len(large_cases() if options.large else generate.cases())
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("oracle", total=count)

        def advance() -> None:
            progress.advance(task)

        if options.check:
            found = [*generate.differences(advance=advance), *unrecorded(FOLDER)]
        elif options.large:
            found = [f"wrote {f}" for f in generate.generate_large(options.large, advance=advance)]
        else:
            found = [f"wrote {file}" for file in generate.generate(FOLDER, advance=advance)]
    print("\n".join(found) or "the vectors are what is generated")
    return 1 if options.check and found else 0


def _npm(options: argparse.Namespace) -> int:
    from wce_conformance.npm import write

    try:
        write(options.folder)
    except FileExistsError as error:
        print(f"npm: {error}", file=sys.stderr)
        return NOTHING_RAN
    print(f"wrote {options.folder}: `npm pack {options.folder}` makes the package")
    return 0


def _wrong(options: argparse.Namespace) -> str | None:
    """Why there would be nothing to run."""
    from wce_conformance.vectors import load_vectors

    try:
        load_vectors(options.vectors)
    except ValueError as error:
        return str(error)
    if options.command == "scoreboard":
        return None
    if not options.backend and not options.exec:
        return "name a --backend, or a program with --exec"
    return _wrong_route(options)


def _wrong_route(options: argparse.Namespace) -> str | None:
    from wce_conformance.adapters import adapter

    if options.route and options.exec:
        return "--route is for a --backend; a program has one way to be called"
    for backend in options.backend if options.route else ():
        own = adapter(backend)
        routes = (*own.routes, *own.own_routes)
        for route in options.route:
            if route not in routes:
                return f"{backend} has no route {route!r}; it has {', '.join(routes)}"
    return None


def _run(options: argparse.Namespace) -> int:
    runs = {backend: _run_backend(options, backend) for backend in options.backend}
    if options.markdown:
        from wce_conformance.errors_page import write

        write(options.markdown, runs, everything=options.all)
    if options.exec:
        runs[options.exec] = _run_program(options)
    silent = [name for name, records in runs.items() if not _judged(records)]
    for name in silent:
        print(f"run: of {name} nothing was judged: {_reason(runs[name])}", file=sys.stderr)
    failed = any(record.status == "failed" for records in runs.values() for record in records)
    return 1 if failed else NOTHING_RAN if silent else 0


def _judged(records: Sequence[Record]) -> bool:
    return any(record.status != "not offered" for record in records)


def _reason(records: Sequence[Record]) -> str:
    if records:
        return f"none of {len(records)} calls is offered"
    return "the sample of a slow route has none of these vectors; --all runs every one"


def _run_backend(options: argparse.Namespace, backend: str) -> list[Record]:
    from wce_conformance.progress import with_progress
    from wce_conformance.runner import run_backend
    from wce_conformance.this_library import WceCore

    implementation = WceCore(backend)
    jobs = options.jobs or JOBS.get(backend, 1)
    choice = _choice(options)
    return with_progress(
        implementation, choice, lambda advance: run_backend(backend, choice, jobs, advance)
    )


def _run_program(options: argparse.Namespace) -> list[Record]:
    from wce_conformance.program import Program
    from wce_conformance.progress import with_progress
    from wce_conformance.runner import run

    precisions = tuple(options.precision) or ("native",)
    program = Program(shlex.split(options.exec), precisions)
    choice = _choice(options)._replace(routes=())
    try:
        return with_progress(program, choice, lambda advance: run(program, choice, advance))
    finally:
        program.close()


def _choice(options: argparse.Namespace) -> Choice:
    from wce_conformance.runner import Choice

    return Choice(
        tuple(options.route), tuple(options.precision), options.limit, options.all, options.vectors
    )


if __name__ == "__main__":
    sys.exit(main())
