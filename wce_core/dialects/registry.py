"""What each dialect says of another library: the source of docs/dialects.md, every line tested.

The lines stand in ``registry.toml``. ``theirs``, ``ours`` and ``core`` are the same loss as Python
expressions: a call of the library, of the dialect, and of :mod:`wce_core.losses`. Their names:
logits ``x``, probabilities ``p`` whose rows sum to 1, class indices ``y``, rows of targets ``q``
that sum to 1, binary targets ``t``, class weights ``w``, weights of items ``s``; ``P`` is
:class:`wce_core.losses.Probabilities`.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources


@dataclass(frozen=True)
class Fault:
    """Where a dialect differs from its library, and why."""

    library: str
    text: str


@dataclass(frozen=True)
class Dialect:
    """One function of another library."""

    library: str
    path: str
    """Under ``wce_core.dialects``."""
    formula: str
    denominator: str
    conventions: str
    theirs: str
    ours: str
    core: str
    """Empty where the function is no loss."""
    faults: tuple[str, ...] = ()


@dataclass(frozen=True)
class Migration:
    """The same loss in several libraries; one that says it in no single expression is absent."""

    task: str
    core: str
    libraries: Mapping[str, str]


@dataclass(frozen=True)
class Registry:
    """All of it."""

    versions: Mapping[str, str]
    """Libraries, and the version in which everything here was measured."""
    faults: Mapping[str, Fault]
    dialects: tuple[Dialect, ...]
    """Every function, library by library."""
    migrations: tuple[Migration, ...]


@functools.cache
def registry() -> Registry:
    """As the file has it."""
    file = resources.files("wce_core.dialects").joinpath("registry.toml")
    data = tomllib.loads(file.read_text(encoding="utf-8"))
    return Registry(
        versions=data["versions"],
        faults={name: Fault(**fault) for name, fault in data["faults"].items()},
        dialects=tuple(
            Dialect(**{**each, "faults": tuple(each.get("faults", ()))})
            for each in data["dialects"]
        ),
        migrations=tuple(Migration(**each) for each in data["migrations"]),
    )
