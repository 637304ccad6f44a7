"""How what is optional is installed."""

from __future__ import annotations


def command(extra: str) -> str:
    """For a checkout of this repository.

    >>> command("demo")
    'pip install -c constraints.txt ".[demo]"'
    """
    return f'pip install -c constraints.txt ".[{extra}]"'
