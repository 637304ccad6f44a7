"""Imports on demand, and what is to be done once somebody else has imported a framework.

JAX must know of a type before it flattens one, and Keras of a class before it loads a model, in
programs that have not called this library yet.
"""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

Action = Callable[[], object]
_AWAITED: dict[str, list[Action]] = {}


def named(path: str) -> Any:
    """What ``module:attribute`` names, the way entry points do; imported when it is asked for.

    So a lower floor calls a higher one, and a framework's backend costs nothing before it is used.
    """
    module, _, attribute = path.partition(":")
    return getattr(importlib.import_module(module), attribute)


def when_imported(module: str, action: Action) -> None:
    """Does it now if the top-level module is there, else as soon as somebody has imported it."""
    if sys.modules.get(module) is not None:
        _do(module, action)
        return
    if _FINDER not in sys.meta_path:
        sys.meta_path.insert(0, _FINDER)
    _AWAITED.setdefault(module, []).append(action)


def _do(module: str, action: Action) -> None:
    try:
        action()
    except Exception as error:  # a version that lacks something is imported all the same
        text = f"wce_core could not make itself known to this version of {module}: {error!r}"
        warnings.warn(text, ImportWarning, stacklevel=2)


class _Finder(MetaPathFinder):
    """Finds what those after it find, to be told when it is loaded."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec of an awaited module, with a loader that tells."""
        if fullname not in _AWAITED:
            return None
        later = sys.meta_path[sys.meta_path.index(self) + 1 :]  # earlier ones have found nothing
        others = (finder for finder in later if hasattr(finder, "find_spec"))
        found = (finder.find_spec(fullname, path, target) for finder in others)
        spec = next((spec for spec in found if spec is not None), None)
        if spec is not None and spec.loader is not None:
            spec.loader = _Telling(spec.loader)
        return spec


class _Telling(Loader):
    """Another loader, whose place it leaves before the module can see it."""

    def __init__(self, own: Loader) -> None:
        self.own = own

    def __getattr__(self, name: str) -> Any:
        return getattr(self.own, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """As the other does."""
        return self.own.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """As the other does; then what was awaiting the module."""
        module.__loader__ = self.own
        assert module.__spec__ is not None
        module.__spec__.loader = self.own
        self.own.exec_module(module)
        for action in _AWAITED.pop(module.__name__, ()):
            _do(module.__name__, action)
        if not _AWAITED and _FINDER in sys.meta_path:
            sys.meta_path.remove(_FINDER)


_FINDER = _Finder()
