"""The linear layer of a loss of hidden states, as arrays that fit these."""

from __future__ import annotations

from math import prod
from typing import Any

from wce_core.dtypes import FLOATING, at_least_float32
from wce_core.errors import dtype_error, shape_error
from wce_core.evaluation.linear import ITEMSIZE
from wce_core.evaluation.options import Options
from wce_core.formulas.layout import Layout, same_length
from wce_core.frameworks.backend import Backend
from wce_core.types import Array, Arrays

from .companions import _companion

LEAST_BYTES = 2**24
"""16 MiB: with fewer the products take longer, and the memory is small beside all else."""


def layer_of(be: Backend, options: Options, hidden: Array, given: dict[str, Any]) -> Arrays:
    """``projection`` and ``bias``, checked; nothing where predictions are no hidden states."""
    if options.chunk_bytes is None:
        return {}
    projection = _floating(be, given["projection"], hidden, "weight")
    shape, width = be.shape(projection), be.shape(hidden)[-1:]
    if not width:
        raise shape_error("hidden", (), "hidden states along its last axis")
    if len(shape) != 2 or not same_length(shape[1], width[0]):
        raise shape_error("weight", shape, f"(V, {width[0]}), a row for each of V classes")
    if not shape[0]:
        raise shape_error("weight", shape, "a row for each class, one at least")
    layer = {"projection": projection}
    if given.get("bias") is not None:
        layer["bias"] = _floating(be, given["bias"], hidden, "bias")
        if be.shape(layer["bias"]) != shape[:1]:
            raise shape_error("bias", be.shape(layer["bias"]), f"{shape[:1]}, one for each class")
    return layer


def layout_of_logits(be: Backend, layout: Layout, layer: Arrays) -> Layout:
    """That of hidden states, with classes in the place of their width."""
    classes = be.shape(layer["projection"])[0]
    return Layout.of((*layout.shape[:-1], classes), len(layout.shape) - 1, categorical=True)


def bytes_of_chunks(be: Backend, options: Options, arrays: Arrays, compute: str) -> int | None:
    """Of logits at a time. "auto": half of what the weight takes, ``LEAST_BYTES`` at least.

    Each chunk reads the whole weight, and its gradient: with few items most of the time is that.
    """
    if options.chunk_bytes != "auto":
        return options.chunk_bytes
    known = [length or 0 for length in be.shape(arrays["projection"])]
    return max(LEAST_BYTES, prod(known) * ITEMSIZE[at_least_float32(compute)] // 2)


def with_items_of(be: Backend, hidden: Array, targets: Array) -> Array:
    """Dense targets, of which tracing left open whether they have the items of the hidden states.

    Their classes are not those of the hidden states, so one of them is looked at.
    """
    if None not in be.shape(targets) and None not in be.shape(hidden):
        return targets
    first = be.require_shape(targets[..., :1], hidden, len(be.shape(hidden)) - 1)
    return be.xp.concat([first, targets[..., 1:]], axis=-1)


def _floating(be: Backend, value: Any, hidden: Array, name: str) -> Array:
    array = _companion(be, value, hidden, name)
    if be.dtype_name(array) not in FLOATING:
        expected = "a floating dtype: " + ", ".join(FLOATING)
        raise dtype_error(name, be.dtype_name(array), expected)
    return array
