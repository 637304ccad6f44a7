"""``LossParts``: a loss that is not divided yet, mergeable."""

from __future__ import annotations

import operator
from collections.abc import Callable
from numbers import Real
from typing import Any, NamedTuple, NoReturn

from wce_core.arrays.numerics import divide_or
from wce_core.compilers import do_not_convert
from wce_core.dtypes import FLOATING, at_least_float32, result_name
from wce_core.errors import dtype_error
from wce_core.frameworks.backend import Backend
from wce_core.frameworks.registry import backend_of
from wce_core.types import Array

from .arguments import as_companion, as_predictions
from .collectives import all_reduced, psummed
from .handles import Tracked, plain
from .merging import added, refuse_order

REALS = ("total", "weight", "absolute_weight")
"""The fields that are no counts."""


class LossParts(NamedTuple):
    """The sum of the item losses and every denominator, of a part of a batch.

    Parts of any split along the items' leading axis, added up, give the value and the gradient of
    the whole, to rounding: gradient accumulation, several devices, a scan over chunks. A NamedTuple
    passes through ``jax.jit``, ``lax.scan``, ``lax.psum``, ``tf.function`` and ``torch.func``.

    ``+`` and ``sum()`` add field by field, and 0 changes nothing; :meth:`zero` is where a loop
    begins. ``parts * number`` and ``parts / number`` scale the loss: ``total`` alone, in its own
    dtype. The denominators stay, so that ``(parts * 2).mean()`` is ``2 * parts.mean()`` for every
    mean. A TensorFlow tensor that scales them stands on the right. What a tuple would make of an
    operator is a TypeError: adding anything else, multiplying parts by parts, ordering them.

    >>> import numpy as np
    >>> from wce_core import losses
    >>> x, y = np.zeros((4, 3)), np.array([0, 1, 2, 2])
    >>> first = losses.cross_entropy(x[:3], y[:3], class_weight=[1, 2, 3], reduction="parts")
    >>> last = losses.cross_entropy(x[3:], y[3:], class_weight=[1, 2, 3], reduction="parts")
    >>> round(float((first + last).weighted_mean()), 6)
    1.098612
    >>> round(float((sum([first, last]) * 2).weighted_mean()), 6)
    2.197225
    """

    total: Any
    """Σℓ; float32, or float64 for float64 predictions."""
    items: Any
    """Items not excluded: an integer."""
    all_items: Any
    """All items: an integer."""
    weight: Any
    """Σω; float32, or float64 for float64 predictions; ∞ beyond the dtype's largest number."""
    nonzero: Any
    """Items with ω ≠ 0: an integer."""
    batch: Any
    """Length of the items' leading axis, 1 for a single item: an integer."""
    absolute_weight: Any
    """Σ|ω|, like Σω, from which it differs where weights are negative."""

    @classmethod
    def zero(cls, like: Any = None, *, dtype: Any = None) -> LossParts:
        """The parts of nothing, to begin a sum with.

        Without ``like``, Python's 0 and 0.0, to which parts of every framework can be added:
        enough for a Python loop and for ``lax.scan``. With ``like``, predictions or parts, they are
        arrays with the dtypes, the device and, in ``jax.shard_map``, the varying axes of the parts
        that such predictions have, so that they may be carried through ``tf.while_loop``,
        ``lax.while_loop`` and every other loop whose state keeps its type. ``dtype`` is the one
        that the loss was given, if it was.

        >>> LossParts.zero()[:6]
        (0.0, 0, 0, 0.0, 0, 0)
        >>> import numpy as np
        >>> LossParts.zero(np.zeros((8, 3), np.float32)).weight
        np.float32(0.0)
        >>> LossParts.zero().mean()
        0.0
        """
        if like is not None:
            return _zeros(like, dtype)
        if dtype is not None:
            raise TypeError("dtype without like; expected like=predictions, which has a framework")
        return cls(0.0, 0, 0, 0.0, 0, 0, 0.0)

    def all_reduce(self, group: Any = None, *, averaged_over: int = 1) -> LossParts:
        """The parts of all ranks, added up: the denominators of the whole batch, on every rank.

            S = Σ_r S_r,     what flows back to S_r: ``averaged_over`` · ∂L/∂S

        A loss L of them, such as ``parts.all_reduce().weighted_mean()``, has the same value on
        every rank, that of one process with the whole batch. Its gradient on a rank is what the
        items of that rank contribute. Added up over ranks they are the gradient of L. Engines that
        average gradients over W ranks, as DDP, FSDP and Horovod do, divide that by W:
        ``averaged_over=W`` undoes it, and leaves the value as it is.

        A call of every rank of the group, those without items too. Nothing is communicated in the
        backward pass. Counts are integers, and exact.

        Parameters
        ----------
        group
            PyTorch: a group of ``torch.distributed``, all ranks if None. TensorFlow: None, the
            replicas of the strategy whose ``run`` this is called in.
        averaged_over
            Over how many ranks the engine averages gradients; 1 if it adds them up.

        Raises
        ------
        RuntimeError
            Without a process group, or outside of ``strategy.run``.
        TypeError
            For parts of NumPy and JAX, of ``LossParts.zero()`` without ``like``, and of a DTensor,
            which are those of its mesh already.

        Examples
        --------
        >>> import torch
        >>> import torch.distributed as dist
        >>> from wce_core import losses
        >>> dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
        >>> loss = losses.CrossEntropy(class_weight=[1.0, 3.0], reduction="parts")
        >>> parts = loss(torch.zeros(2, 2), torch.tensor([0, 1])).all_reduce(averaged_over=1)
        >>> dist.destroy_process_group()
        >>> parts.weight, round(parts.weighted_mean().item(), 4)
        (tensor(4.), 0.6931)

        """
        return all_reduced(self, group, averaged_over)

    def psum(self, axis_name: Any) -> LossParts:
        """The parts of all devices along a named axis of JAX: ``lax.psum`` of each.

        For ``jax.shard_map`` and ``jax.vmap(axis_name=...)``. Under ``jit`` over
        sharded arrays, parts are those of all devices already. JAX differentiates through it:
        gradients of replicated parameters are those of the whole batch, outside of ``shard_map``
        and in it. Where JAX does not add them up, as under ``check_vma=False``, average them by
        ``lax.pmean``.

        Raises
        ------
        NameError
            JAX', where no axis has that name.
        TypeError
            For parts of other frameworks, and of ``LossParts.zero()`` without ``like``.

        Examples
        --------
        >>> import jax, jax.numpy as jnp
        >>> from wce_core import losses
        >>> def loss(logits, labels):
        ...     parts = losses.cross_entropy(logits, labels, reduction="parts")
        ...     return parts.psum("devices").mean()
        >>> jax.vmap(loss, axis_name="devices")(jnp.zeros((2, 3, 2)), jnp.zeros((2, 3), int))
        Array([0.6931472, 0.6931472], dtype=float32)

        """
        return psummed(self, axis_name)

    def __add__(self, other: object) -> LossParts:  # not concatenation
        """Field by field."""
        return added(self, other)

    def __radd__(self, other: object) -> LossParts:
        """As on the other side."""
        return self.__add__(other)

    def __mul__(self, number: Any) -> LossParts:  # not repetition
        """The loss times a number: Σℓ alone, so that every mean is multiplied by it."""
        return self._replace(total=_scaled(self.total, number, operator.mul))

    def __rmul__(self, number: Any) -> LossParts:
        """As on the other side."""
        return self.__mul__(number)

    def __truediv__(self, number: Any) -> LossParts:
        """The loss divided by a number: Σℓ alone."""
        return self._replace(total=_scaled(self.total, number, operator.truediv))

    def __lt__(self, other: object) -> NoReturn:
        """Refused, as every order."""
        refuse_order(self, other)

    def __le__(self, other: object) -> NoReturn:
        """Refused."""
        refuse_order(self, other)

    def __gt__(self, other: object) -> NoReturn:
        """Refused."""
        refuse_order(self, other)

    def __ge__(self, other: object) -> NoReturn:
        """Refused."""
        refuse_order(self, other)

    def sum(self, normalizer: Any = None) -> Any:
        """Σℓ, or Σℓ / normalizer."""
        return self.total if normalizer is None else _fraction(self.total, normalizer)

    def mean(self) -> Any:
        """Σℓ / items not excluded."""
        return _fraction(self.total, self.items)

    def mean_over_all(self) -> Any:
        """Σℓ / all items."""
        return _fraction(self.total, self.all_items)

    def weighted_mean(self) -> Any:
        """Σℓ / Σω."""
        return _fraction(self.total, self.weight)

    def absolute_weighted_mean(self) -> Any:
        """Σℓ / Σ|ω|."""
        return _fraction(self.total, self.absolute_weight)

    def nonzero_mean(self) -> Any:
        """Σℓ / items with ω ≠ 0."""
        return _fraction(self.total, self.nonzero)

    def batch_mean(self) -> Any:
        """Σℓ / length of the items' leading axis."""
        return _fraction(self.total, self.batch)


# A NumPy scalar on the left leaves the operation to the parts. Not a field: set afterwards.
LossParts.__array_ufunc__ = None  # type: ignore[attr-defined]  # NumPy's protocol, not typeshed's


@do_not_convert
def _fraction(total: Any, denominator: Any) -> Any:
    """total / denominator in the dtype of the total; 0, with gradient 0, over 0."""
    if type(total) in (Tracked, float, int):
        if denominator != 0:
            return total / _of_dtype(total, denominator)
        return total.nothing() if isinstance(total, Tracked) else 0.0
    be = backend_of(total)
    if be is None:
        raise TypeError(f"LossParts.total is {type(total).__name__}; expected an array")
    with be.scope():
        under = be.scalar(denominator, be.dtype_name(total), total)
        return divide_or(be.xp, total, under, 0.0)


def _of_dtype(total: Any, denominator: Any) -> Any:
    """A denominator that the value of a handle can be divided by: the standard mixes no dtypes."""
    if not isinstance(total, Tracked):
        return denominator
    be, value = total.predictions.backend, total.value
    return be.scalar(denominator, be.dtype_name(value), value)


@do_not_convert
def _scaled(total: Any, number: Any, operation: Callable[[Any, Any], Any]) -> Any:
    """total × or ÷ a number, in the dtype of the total."""
    be = backend_of(total)
    if be is None:  # a handle, or Python's 0.0
        return operation(total, _real(number))
    with be.scope():
        return operation(total, _factor(be, number, total))


def _factor(be: Backend, number: Any, total: Array) -> Array:
    """A number as an array of the total's framework and dtype."""
    dtype = be.dtype_name(total)
    if backend_of(number) is None:
        return be.scalar(_real(number), dtype, total)
    array = as_companion(be, number, total, "the factor")
    if be.shape(array) not in ((), be.shape(total)):
        raise _no_number(f"an array of shape {be.shape(array)}")
    return be.scalar(array, dtype, total)


def _real(number: Any) -> Any:
    if backend_of(number) is not None or isinstance(number, (int, float, Tracked)):
        return number
    if not isinstance(number, Real):
        raise _no_number(type(number).__name__)
    return float(number)


def _no_number(what: str) -> TypeError:
    return TypeError(f"LossParts times or divided by {what}; expected a number")


@do_not_convert
def _zeros(like: Any, dtype: Any) -> LossParts:
    be, own = as_predictions(plain(like.total if isinstance(like, LossParts) else like))
    name = result_name(dtype) or be.result_dtype(own)
    if name not in FLOATING:
        raise dtype_error("like", name, "the floating dtype of predictions")
    real = at_least_float32(name)
    with be.scope():
        return LossParts(
            *(_nothing(be, own, real if f in REALS else be.index_dtype) for f in LossParts._fields)
        )


def _nothing(be: Backend, like: Array, dtype: str) -> Array:
    """Derived from ``like``, so that it is where that is, and varies where that varies."""
    own = be.dtype(dtype)
    return be.xp.sum(be.xp.zeros_like(like, dtype=own), dtype=own)
