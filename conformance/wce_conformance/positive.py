"""Numbers of command lines."""

from __future__ import annotations

from argparse import ArgumentTypeError


def positive(text: str) -> int:
    """A number of at least 1."""
    number = int(text)
    if number < 1:
        raise ArgumentTypeError(f"{number} is not a positive number")
    return number
