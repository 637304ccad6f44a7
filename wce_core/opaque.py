"""A mark for functions that TensorFlow's AutoGraph need not rewrite."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

F = TypeVar("F", bound=Callable[..., object])


def opaque(function: F) -> F:
    """The function, marked as ``tf.autograph.experimental.do_not_convert`` marks.

    AutoGraph otherwise parses and compiles anew whatever a ``tf.function`` calls, all of this
    library, which costs seconds at the first trace and changes nothing. Set here, the mark needs
    no TensorFlow; were it not understood, only those seconds would come back.
    """
    function.autograph_info__ = {}  # type: ignore[attr-defined]  # functions take any attribute
    return function
