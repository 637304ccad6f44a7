"""Rows of JAX arrays in another order, whose transpose is the order back: a primitive of its own.

A gather's transpose is a scatter, which JAX makes where the derivative is asked for: of float64 it
cannot be made in a float32 program.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir

from wce_core.types import Array


def permuted(values: Array, order: Array, back: Array) -> Array:
    """``values`` along the last axis in this order; ``back`` leads back."""
    found: Array = _PERMUTE.bind(values, order, back)
    return found


def _made(values: Array, order: Array, back: Array) -> Array:
    del back
    with jax.enable_x64(True):  # a program is made where it runs, not in the scope of the loss
        return jnp.take_along_axis(values, order, axis=-1, mode="promise_in_bounds")


def _pushed(tangent: Array, values: Array, order: Array, back: Array) -> Array:
    del values
    return permuted(tangent, order, back)


def _pulled(cotangent: Array, values: Any, order: Array, back: Array) -> list[Array | None]:
    del values
    return [permuted(cotangent, back, order), None, None]


def _batched(arrays: Any, axes: Any) -> tuple[Array, int]:
    (size,) = {a.shape[axis] for a, axis in zip(arrays, axes, strict=True) if axis is not None}
    laid = [
        jnp.broadcast_to(array, (size, *array.shape))
        if axis is None
        else jnp.moveaxis(array, axis, 0)
        for array, axis in zip(arrays, axes, strict=True)
    ]
    return permuted(*laid), 0


_RULES: Any = ad  # unannotated
_PERMUTE: Any = Primitive("permute")
_PERMUTE.def_impl(jax.jit(_made))
_PERMUTE.def_abstract_eval(lambda values, order, back: values)
_RULES.defjvp(_PERMUTE, _pushed, None, None)
_RULES.primitive_transposes[_PERMUTE] = _pulled
batching.primitive_batchers[_PERMUTE] = _batched
mlir.register_lowering(_PERMUTE, mlir.lower_fun(_made, multiple_results=False))
