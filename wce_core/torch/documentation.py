"""Signature and documentation of a module, of those of the loss that it stands for."""

from __future__ import annotations

import inspect
from typing import Any

from wce_core.losses.configured import Configured
from wce_core.losses.further import documented_by

AT_CALL = ("predictions", "targets", "candidates", "sample_weight", "mask", "normalizer")
"""What a module is called with, and not made of."""
ITSELF = """
It is :func:`wce_core.losses.{function}`, called as
``loss(input, target, {at_call})``:
input is what is called predictions there, and target what is called {targets}.
{rule}
Parameters
----------
persistent
    Are weights in the ``state_dict``? If not, a checkpoint is loaded whatever they are.
"""
CLASS_AXIS = """\
axis
    The class axis: 1 if it is not given, as in PyTorch's own losses, and 0 of a lone row.
"""


def documented(module: type[Any], kind: type[Configured[Any]], class_axis: int) -> None:
    """Gives a module the signature of the configured loss, and what its function documents."""
    called = list(inspect.signature(kind._function).parameters)
    module.__signature__ = _signature(kind, class_axis)
    if module.__doc__ is None:  # python -OO
        return
    at_call = ", ".join(f"{name}=None" for name in AT_CALL[3:] if name in called)
    rule = inspect.cleandoc(kind._function.__doc__ or "").partition("\nParameters\n")[0]
    words = {"at_call": at_call, "function": kind._function.__name__, "targets": called[1]}
    itself = ITSELF.format(**words, rule=rule.partition("\n")[2])
    title, _, own = inspect.cleandoc(module.__doc__).partition("\n")
    axis = CLASS_AXIS if kind._categorical else ""
    module.__doc__ = "\n".join([title, itself + axis, own.strip()]) + "\n"
    documented_by(kind._function, without=AT_CALL)(module)


def _signature(kind: type[Configured[Any]], class_axis: int) -> inspect.Signature:
    signature = inspect.signature(kind)
    given = dict(signature.parameters)
    if kind._categorical:
        given["axis"] = given["axis"].replace(default=class_axis)
    persistent = inspect.Parameter(
        "persistent", inspect.Parameter.KEYWORD_ONLY, default=False, annotation="bool"
    )
    return inspect.Signature([*given.values(), persistent])
