"""Losses in the manner of optax: a loss for each item, ``axis``, ``where``."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Literal, Protocol, overload

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from wce_core.call.parts import LossParts
from wce_core.errors import shape_error
from wce_core.losses.configured import ConfiguredItems
from wce_core.losses.registry import LOSSES
from wce_core.losses.signatures import ToArray
from wce_core.types import Reduction

PARAMETERS = """
Parameters
----------
logits
    What the loss reads: NumPy's, too, become JAX arrays. Other forms by ``form=``.
labels
    What the loss takes as its {targets}.
axis
    As the loss has it.
where
    Boolean: which items take part, the ``mask`` of the loss. The others cost 0, and a NaN in them
    reaches nothing. {where}
reduction
    ``"none"``: the loss of each item. ``jnp.mean`` of these divides by all items, with those that
    take no part; the reductions of the loss have the other denominators.
**options
    All other arguments of the loss: weights, smoothing, ``ignore_index`` and so on.

Returns
-------
jax.Array
    Of the items' shape, unless another reduction is asked for.

Raises
------
TypeError, ValueError
    What the loss raises{raised}.

See Also
--------
wce_core.losses.{name} : the same with ``reduction="mean"``, and what every argument means.
"""
OF_CLASSES = (
    "It has the items' shape, is broadcast to it like ``sample_weight``, and may have\n"
    "    the class axis with length 1."
)
OF_LABELS = "It is broadcast to the logits like ``sample_weight``."
LEAVES_CLASSES_OUT = ", and a ValueError for ``where`` of single classes"


class ItemLoss(Protocol):
    """A loss for each item, called as those of optax are."""

    __name__: str

    @overload
    def __call__(
        self,
        logits: ArrayLike,
        labels: Any,
        axis: int | None = ...,
        where: Any = ...,
        *,
        reduction: Literal["parts"],
        **options: Any,
    ) -> LossParts: ...
    @overload
    def __call__(
        self,
        logits: ArrayLike,
        labels: Any,
        axis: int | None = ...,
        where: Any = ...,
        *,
        reduction: ToArray = ...,
        **options: Any,
    ) -> jax.Array: ...


def _of(name: str) -> ItemLoss:
    """The loss of that name, with the signature and documentation that users see."""
    kind = LOSSES[name]
    loss, own = kind._function, inspect.signature(kind._function).parameters

    def item_loss(
        logits: Any,
        labels: Any,
        axis: Any = own["axis"].default,
        where: Any = None,
        *,
        reduction: Reduction = "none",
        **options: Any,
    ) -> Any:
        if "mask" in options:
            raise TypeError(f"{name} got mask; here, as in optax, it is called where")
        logits = jnp.asarray(logits)
        mask = _of_items(where, logits, axis) if kind._categorical else where
        return loss(logits, labels, axis=axis, mask=mask, reduction=reduction, **options)

    item_loss.__module__ = "wce_core.jax"
    item_loss.__name__ = item_loss.__qualname__ = name
    # Which inspect looks for.
    item_loss.__signature__ = _signature(item_loss, own)  # type: ignore[attr-defined]
    item_loss.__doc__ = _documentation(kind)
    return item_loss


def _of_items(where: Any, logits: jax.Array, axis: int) -> Any:
    """Which items take part, without a class axis of length 1."""
    if where is None:
        return None
    shape = jnp.shape(where)
    if not shape or len(shape) != logits.ndim:
        return where
    if shape[axis] != 1:
        raise shape_error(
            "where",
            shape,
            f"which items take part, without the class axis or with length 1 along axis={axis}; "
            "to leave classes out of the softmax set their logits to -inf, or call "
            "wce_core.dialects.optax.softmax_cross_entropy",
        )
    return jnp.squeeze(jnp.asarray(where), axis)


def _signature(item_loss: Callable[..., Any], own: Any) -> inspect.Signature:
    """Its own parameters, and the others of the loss."""
    mine = inspect.signature(item_loss)
    first = [p for p in mine.parameters.values() if p.kind is not p.VAR_KEYWORD]
    taken = {"axis", "mask", "reduction"}
    rest = [p for p in own.values() if p.kind is p.KEYWORD_ONLY and p.name not in taken]
    return mine.replace(parameters=[*first, *rest])


def _documentation(kind: type[ConfiguredItems[Any]]) -> str | None:
    text = kind._function.__doc__
    if text is None:  # python -OO
        return None
    said = inspect.cleandoc(text).partition("\nParameters\n---")[0]
    targets = list(inspect.signature(kind._function).parameters)[1]
    return said + PARAMETERS.format(
        name=kind._function.__name__,
        targets=f"``{targets}``",
        where=OF_CLASSES if kind._categorical else OF_LABELS,
        raised=LEAVES_CLASSES_OUT if kind._categorical else "",
    )


cross_entropy = _of("cross_entropy")
binary_cross_entropy = _of("binary_cross_entropy")
focal_cross_entropy = _of("focal_cross_entropy")
binary_focal_cross_entropy = _of("binary_focal_cross_entropy")
any_of_cross_entropy = _of("any_of_cross_entropy")
expected_cost = _of("expected_cost")
pairwise_cost = _of("pairwise_cost")
poly_cross_entropy = _of("poly_cross_entropy")
generalized_cross_entropy = _of("generalized_cross_entropy")
asymmetric_loss = _of("asymmetric_loss")
