"""The command ``wce-core``: ``demo``, ``backends``, ``weights`` and ``playground``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

from wce_core.frameworks.registry import BUILT_IN

from . import __version__, extras
from .class_weights import command as weights

NEEDED = {
    "demo": ("rich", "matplotlib", "sklearn"),
    "backends": ("rich",),
    "weights": ("rich",),
    "playground": ("starlette", "uvicorn"),
}
"""What a command imports beyond the requirements of wce_core itself."""
EXTRAS = {"playground": "playground"}
"""The extra that has it, if it is not that of the demo."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit status."""
    options = _parser().parse_args(arguments)
    missing = [name for name in NEEDED[options.command] if find_spec(name) is None]
    if missing:
        print(
            f"wce-core {options.command} needs {', '.join(missing)}. In the checkout: "
            + extras.command(EXTRAS.get(options.command, "demo")),
            file=sys.stderr,
        )
        return 1
    # Read by TensorFlow while it is imported; whoever set it already knows better.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    run: dict[str, Callable[[argparse.Namespace], int]] = {
        "demo": _demo,
        "backends": _backends,
        "weights": weights.run,
        "playground": _playground,
    }
    return run[options.command](options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="wce-core", description=__doc__)
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser(
        "backends", help="which frameworks are installed, their devices, and float64"
    )
    weights.add_parser(
        commands.add_parser("weights", help="count the labels in a file, and weigh the classes")
    )
    playground = commands.add_parser(
        "playground", help="a page of sliders: what do my weights do? Served on this machine alone"
    )
    playground.add_argument("--port", type=_positive, default=8642, help="of the page (8642)")
    demo = commands.add_parser(
        "demo", help="train on real images with weighted losses, in every installed framework"
    )
    demo.add_argument("--steps", type=_positive, default=200, help="of gradient descent (200)")
    demo.add_argument(
        "--output", type=Path, default=Path("wce-core-demo.png"), help="where the plot goes"
    )
    demo.add_argument(
        "--frameworks",
        nargs="+",
        choices=tuple(BUILT_IN),
        metavar="NAME",
        help="beside numpy, only these of " + ", ".join(BUILT_IN),
    )
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not a positive number")
    return number


def _demo(options: argparse.Namespace) -> int:
    from .demo import run

    run(steps=options.steps, output=options.output, frameworks=options.frameworks)
    return 0


def _backends(options: argparse.Namespace) -> int:
    del options
    from .demo.frameworks import show

    show()
    return 0


def _playground(options: argparse.Namespace) -> int:
    from .playground.server import serve

    serve(options.port)
    return 0
