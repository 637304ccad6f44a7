"""How a wrong implementation is made from the right one."""

from __future__ import annotations

from collections.abc import Callable

from wce_conformance.wrong.reference import Reference


class Wrong(Reference):
    """The reference with one step changed.

    `flag`: one that a vector must have that rejects it. The docstring says what is wrong.
    """

    flag: str


WRONG: dict[str, type[Wrong]] = {}
"""Every wrong implementation, by name."""


def wrong(flag: str) -> Callable[[type[Wrong]], type[Wrong]]:
    """Enter a class in the registry; `flag` is that of the vectors made to catch it."""

    def enter(own: type[Wrong]) -> type[Wrong]:
        own.flag = flag
        own.name = _spaced(own.__name__)
        WRONG[own.name] = own
        return own

    return enter


def _spaced(name: str) -> str:
    """CamelCase as words."""
    return "".join(f" {c.lower()}" if c.isupper() else c for c in name).strip()
