"""Looking for a call that two implementations answer differently: the command ``hunt``.

Random calls until the time is over. A disagreement is shrunk to the smallest call that still shows
it, and written as a vector, so that ``run --vectors`` puts it to anybody.
"""

from wce_conformance.hunt.command import add_parser

__all__ = ["add_parser"]
