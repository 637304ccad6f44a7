"""Functions and classes as they are once imported: their signatures and docstrings are made there.

griffe, which mkdocstrings asks, reads source. There a loss of another term has only what it does
not share, and the classes for Keras are lines of a table.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import griffe

from website import api

ROLE = re.compile(r":(?:func|class|mod|meth|attr|data):`[~.]*(?P<name>[\w.]+)`")
LITERAL = re.compile(r"::$", re.MULTILINE)
TABLE = re.compile(r"^(?P<rows>(?P<rule>=+(?: +=+)+)\n(?:.+\n)+(?P=rule))$", re.MULTILINE)
"""Columns under and above a line of equals signs, as reStructuredText has them."""
REFERENCE = re.compile(r"^\.\. \[(\d+)\] ", re.MULTILINE)
CITED = re.compile(r"\[(\d+)\]_")
KINDS = {
    inspect.Parameter.POSITIONAL_ONLY: griffe.ParameterKind.positional_only,
    inspect.Parameter.POSITIONAL_OR_KEYWORD: griffe.ParameterKind.positional_or_keyword,
    inspect.Parameter.VAR_POSITIONAL: griffe.ParameterKind.var_positional,
    inspect.Parameter.KEYWORD_ONLY: griffe.ParameterKind.keyword_only,
    inspect.Parameter.VAR_KEYWORD: griffe.ParameterKind.var_keyword,
}


class Runtime(griffe.Extension):
    """Puts what is imported in the place of what was read, for every name that a page shows."""

    def on_package(self, *, pkg: griffe.Module, **rest: Any) -> None:
        """Called when the sources of a package have been read."""
        del rest
        for module in api.MODULES:
            parent = pkg if module.name == pkg.name else pkg[module.name.removeprefix("wce_core.")]
            found = importlib.import_module(module.name)
            for name in api.documented(module):
                _replace(parent, name, _described(name, getattr(found, name)))


def _replace(parent: griffe.Module, name: str, found: griffe.Object) -> None:
    parent.members.pop(name, None)
    parent.set_member(name, found)


def _described(name: str, thing: Any) -> griffe.Class | griffe.Function:
    if not inspect.isclass(thing):
        return _function(name, thing)
    found = griffe.Class(name, docstring=_docstring(thing))
    constructor = _function("__init__", thing)
    constructor.docstring = None
    found.set_member("__init__", constructor)
    for method in _methods(thing):
        found.set_member(method.name, method)
    return found


def _methods(kind: type) -> Iterator[griffe.Function]:
    """The public methods of this library that are documented, and those of its bases."""
    ours = [base for base in kind.__mro__ if base.__module__.startswith("wce_core")]
    names = dict.fromkeys(name for base in ours for name in vars(base))
    for name in sorted(name for name in names if not name.startswith("_")):
        method = inspect.getattr_static(kind, name)
        method = getattr(method, "__func__", method)  # of a class or static method
        if inspect.isfunction(method) and method.__doc__:
            yield _function(name, method)


def _function(name: str, thing: Callable[..., Any]) -> griffe.Function:
    signature = _signature(thing)
    returns = signature.return_annotation
    return griffe.Function(
        name,
        parameters=griffe.Parameters(*map(_parameter, signature.parameters.values())),
        returns=None if returns is signature.empty else _written(returns),
        docstring=_docstring(thing),
    )


def _signature(thing: Callable[..., Any]) -> inspect.Signature:
    try:
        return inspect.signature(thing)
    except ValueError:  # of something that is not written in Python
        return inspect.Signature()


def _parameter(parameter: inspect.Parameter) -> griffe.Parameter:
    empty = parameter.empty
    return griffe.Parameter(
        parameter.name,
        kind=KINDS[parameter.kind],
        annotation=None if parameter.annotation is empty else _written(parameter.annotation),
        default=None if parameter.default is empty else _default(parameter.default),
    )


def _written(annotation: object) -> str:
    return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)


def _default(value: object) -> str:
    """What a call would say; addresses in memory are nobody's business."""
    text = repr(value)
    return "…" if " at 0x" in text or text.startswith("<") else text


def _docstring(thing: object) -> griffe.Docstring | None:
    text = inspect.getdoc(thing)
    return griffe.Docstring(in_markdown(text), lineno=1, parser="numpy") if text else None


def in_markdown(text: str) -> str:
    """A docstring whose references are links, where the site has a page for them.

    >>> in_markdown("See :func:`wce_core.losses.dice_loss`, :func:`numpy.exp`::")
    'See [`dice_loss`][wce_core.losses.dice_loss], `numpy.exp`:'
    """

    def link(found: re.Match[str]) -> str:
        name = found["name"]
        known = name in _known()
        return f"[`{name.rpartition('.')[2]}`][{name}]" if known else f"`{name}`"

    def plain(found: re.Match[str]) -> str:
        return f"```text\n{ROLE.sub(lambda role: role['name'], found['rows'])}\n```"

    text = LITERAL.sub(":", ROLE.sub(link, TABLE.sub(plain, text)))
    return CITED.sub(r"[\1]", REFERENCE.sub(r"\1. ", text))


@cache
def _known() -> set[str]:
    return {f"{module.name}.{name}" for module in api.MODULES for name in api.documented(module)}
