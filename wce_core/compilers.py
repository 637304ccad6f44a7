"""Marks for functions that no compiler of Python need follow; they import no framework."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

F = TypeVar("F", bound=Callable[..., object])


def do_not_convert(function: F) -> F:
    """The function, marked as ``tf.autograph.experimental.do_not_convert`` marks.

    AutoGraph otherwise parses and compiles anew whatever a ``tf.function`` calls, all of this
    library, which costs seconds at the first trace and changes nothing. Set here, the mark needs
    no TensorFlow; were it not understood, only those seconds would come back.
    """
    function.autograph_info__ = {}  # type: ignore[attr-defined]  # functions take any attribute
    return function


def assume_constant_result(function: F) -> F:
    """The function, marked as ``torch.compiler.assume_constant_result`` marks.

    Dynamo otherwise follows it, watches every dictionary that it read, and compiles anew whenever
    one of them has grown. Marked, it is called while compiling, and its result is final.
    """
    function._dynamo_marked_constant = True  # type: ignore[attr-defined]  # functions take any attribute
    return function
