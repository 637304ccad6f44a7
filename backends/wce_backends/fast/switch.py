"""Are compiled loops used?"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

from wce_core.compilers import assume_constant_result

VARIABLE = "WCE_FAST"
OFF = ("0", "false", "no", "off")
_USED: bool | None = None
"""None: nobody has asked yet."""


@assume_constant_result
def in_use() -> bool:
    """Are compiled loops used? Numba is imported when this is asked for the first time."""
    global _USED  # noqa: PLW0603  # asked in every call
    if _USED is None:
        _USED = os.environ.get(VARIABLE, "").lower() not in OFF and _importable()
    return _USED


def followed() -> bool:
    """Is this in ``torch.compile``, to which NumPy's arrays are tensors?"""
    torch: Any = sys.modules.get("torch")
    return torch is not None and torch.compiler.is_dynamo_compiling()


def use(on: bool) -> None:
    """Use compiled loops from here on, or do not, in all threads of this process.

    Raises ImportError where they are asked for and Numba is missing.

    >>> use(False)
    >>> in_use()
    False
    >>> use(True)
    >>> in_use()
    True
    """
    global _USED  # noqa: PLW0603  # a switch
    if on:
        importlib.import_module(".loops", __package__)
    _USED = on


def _importable() -> bool:
    """Is Numba there, and can it work with this NumPy? It says so by an ImportError."""
    try:
        importlib.import_module(".loops", __package__)
    except ImportError:
        return False
    return True
