"""Signature and documentation of a module, of those of the loss that it stands for."""

from __future__ import annotations

import inspect
from dataclasses import fields
from typing import Any

from wce_core.losses.configured import Configured
from wce_core.losses.further import documented_by

ARRAYS = ("predictions", "hidden", "weight", "targets", "candidates")
BESIDE = ("bias", "sample_weight", "mask", "normalizer")
AT_CALL = (*ARRAYS, *BESIDE)
"""What a module is called with, and not made of."""
ITSELF = """
It is :func:`wce_core.losses.{function}`, called as
``loss({arrays}, {at_call})``:
input is what is called {first} there, and target what is called {last}.
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
    first, *between, last = (name for name in called if name in ARRAYS)
    arrays = ", ".join(("input", *between, "target"))
    at_call = ", ".join(f"{name}=None" for name in BESIDE if name in called)
    rule = inspect.cleandoc(kind._function.__doc__ or "").partition("\nParameters\n")[0]
    words = {"arrays": arrays, "at_call": at_call, "first": first, "last": last}
    words["function"] = kind._function.__name__
    itself = ITSELF.format(**words, rule=rule.partition("\n")[2])
    title, _, own = inspect.cleandoc(module.__doc__).partition("\n")
    axis = CLASS_AXIS if has_class_axis(kind) else ""
    module.__doc__ = "\n".join([title, itself + axis, own.strip()]) + "\n"
    documented_by(kind._function, without=AT_CALL)(module)


def has_class_axis(kind: type[Configured[Any]]) -> bool:
    """Are classes along an axis that can be chosen? Of a layer they are where it has its rows."""
    return kind._categorical and "axis" in (field.name for field in fields(kind))


def _signature(kind: type[Configured[Any]], class_axis: int) -> inspect.Signature:
    signature = inspect.signature(kind)
    given = dict(signature.parameters)
    if has_class_axis(kind):
        given["axis"] = given["axis"].replace(default=class_axis)
    persistent = inspect.Parameter(
        "persistent", inspect.Parameter.KEYWORD_ONLY, default=False, annotation="bool"
    )
    return inspect.Signature([*given.values(), persistent])
