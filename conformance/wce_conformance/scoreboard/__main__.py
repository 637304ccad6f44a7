"""``python -m wce_conformance.scoreboard``: the command by itself."""

import argparse
import sys

from wce_conformance.scoreboard import add_parser

parser = argparse.ArgumentParser(prog="python -m wce_conformance.scoreboard")
commands = parser.add_subparsers()
add_parser(commands)
options = parser.parse_args(["scoreboard", *sys.argv[1:]])
sys.exit(options.function(options))
