"""What the losses of other terms share with the two cross-entropies, and where it comes from.

A further loss is a function of its own arguments and ``**rest``, the arguments of a cross-entropy,
and a configured class of its own fields. Signature and documentation of all the rest are those of
the cross-entropy, which has them alone.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])
Kind = TypeVar("Kind", bound=type[Any])
Sections = dict[str, str]
SHARED = ("Parameters", "Returns", "Raises")
"""What is taken from the documentation of the other loss."""
ORDER = (*SHARED, "See Also", "Notes", "References", "Examples")


def completed_by(base: Callable[..., Any], without: Collection[str] = ()) -> Callable[[F], F]:
    """Gives a loss the signature and the documentation of another for what is in ``**rest``.

    Its own arguments come first and are documented by itself, in numpydoc's sections. It has none
    of those ``without``.
    """

    def complete(loss: F) -> F:
        signature = _signature(loss, base, without)
        loss.__signature__ = signature  # type: ignore[attr-defined]  # which inspect looks for
        loss.__doc__ = _documentation(loss.__doc__, base.__doc__, without)
        return loss

    return complete


def documented_by(base: object, without: Collection[str] = ()) -> Callable[[Kind], Kind]:
    """Gives a class of losses the documentation of another, or of a loss, for what both have."""

    def complete(kind: Kind) -> Kind:
        kind.__doc__ = _documentation(kind.__doc__, base.__doc__, without)
        return kind

    return complete


def _signature(
    loss: Callable[..., Any], base: Callable[..., Any], without: Collection[str]
) -> inspect.Signature:
    """The loss' own parameters, and the base's keyword parameters that it has not."""
    signature = inspect.signature(loss)
    own = {n: p for n, p in signature.parameters.items() if p.kind is not p.VAR_KEYWORD}
    theirs = inspect.signature(base).parameters.values()
    taken = [p for p in theirs if p.kind is p.KEYWORD_ONLY and p.name not in without]
    rest = [p for p in taken if p.name not in own]
    return signature.replace(parameters=[*own.values(), *rest])


def _documentation(own: str | None, base: str | None, without: Collection[str]) -> str | None:
    if own is None or base is None:  # python -OO
        return own
    introduction, sections = _sections(own)
    _, theirs = _sections(base)
    parameters = _parameters(sections.get("Parameters", ""), theirs["Parameters"], without)
    merged = {**{n: theirs[n] for n in SHARED if n in theirs}, **sections, "Parameters": parameters}
    parts = [f"{n}\n{'-' * len(n)}\n{merged[n].strip()}" for n in ORDER if n in merged]
    return "\n\n".join([introduction.strip(), *parts]) + "\n"


def _sections(documentation: str) -> tuple[str, Sections]:
    """What stands before the first heading, and each section by its heading."""
    introduction, *rest = re.split(
        r"^([A-Z][\w ]+)\n-+\n", inspect.cleandoc(documentation), flags=re.M
    )
    return introduction, dict(zip(rest[::2], rest[1::2], strict=True))


def _parameters(own: str, base: str, without: Collection[str]) -> str:
    """Predictions and targets, the loss' own, and all others of the base."""
    mine, theirs = _entries(own), _entries(base)
    theirs = {n: text for n, text in theirs.items() if not set(n.split(", ")) <= set(without)}
    arrays = {name: text for name, text in theirs.items() if name in ("predictions", "targets")}
    return "".join(
        {**arrays, **mine, **{n: t for n, t in theirs.items() if n not in mine}}.values()
    )


def _entries(section: str) -> Mapping[str, str]:
    """Each parameter's entry, by the names that it has."""
    entries = re.findall(r"^(\S.*\n(?:(?: .*)?\n)*)", section.strip() + "\n", re.M)
    return {entry.partition("\n")[0]: entry for entry in entries}
