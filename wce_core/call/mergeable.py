"""What all sums of metrics have in common: they can be added up, and begin with nothing."""

from __future__ import annotations

from typing import Any, NoReturn, Self

from wce_core.call.collectives import all_reduced, psummed
from wce_core.call.merging import added, refuse_order
from wce_core.compilers import do_not_convert
from wce_core.errors import shape_error
from wce_core.frameworks.registry import backend_of


class Mergeable(tuple[Any, ...]):
    """``+`` and ``sum()`` of sums: field by field, of the same shapes.

    The second base of a class whose first one is a NamedTuple of sums.
    """

    __slots__ = ()

    @classmethod
    def zero(cls, like: Any = None) -> Self:
        """The sums of nothing, to begin with.

        Without ``like``, Python's 0.0, to which sums of every framework can be added. With
        ``like``, sums of this kind, arrays of 0 like those: the state of a compiled loop.
        """
        kind: Any = cls  # a NamedTuple, too
        if like is not None and not isinstance(like, cls):
            raise TypeError(f"like is {type(like).__name__}; expected {cls.__name__}")
        nothing = (0.0 for _ in kind._fields) if like is None else map(_nothing, like)
        made: Self = kind(*nothing)
        return made

    @do_not_convert
    def __add__(self, other: object) -> Self:  # not concatenation
        """Field by field."""
        if isinstance(other, type(self)):
            _check_shapes(self, other)
        return added(self, other)

    def __radd__(self, other: object) -> Self:
        """As on the other side."""
        return self.__add__(other)

    def all_reduce(self, group: Any = None, *, averaged_over: int = 1) -> Self:
        """The sums of all ranks, as :meth:`wce_core.LossParts.all_reduce` makes them.

        In PyTorch over ``group``, in TensorFlow over the replicas of a strategy. ``averaged_over``
        is for sums that have a gradient: over how many ranks an engine averages it.
        """
        return all_reduced(self, group, averaged_over)

    def psum(self, axis_name: Any) -> Self:
        """The sums of all devices along a named axis of JAX, as :meth:`wce_core.LossParts.psum`."""
        return psummed(self, axis_name)

    def __mul__(self, number: object) -> NoReturn:  # not repetition
        """Refused: it would change no metric."""
        raise TypeError(f"{type(self).__name__} times {type(number).__name__}; expected no number")

    __rmul__ = __mul__

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


def _nothing(array: Any) -> Any:
    be = backend_of(array)
    return 0.0 if be is None else be.xp.zeros_like(array)


def _check_shapes(one: tuple[Any, ...], other: tuple[Any, ...]) -> None:
    """Nothing is broadcast, but Python's 0.0 of :meth:`Mergeable.zero`."""
    for a, b in zip(one, other, strict=True):
        own, more = getattr(a, "shape", None), getattr(b, "shape", None)
        if own is not None and more is not None and tuple(own) != tuple(more):
            raise shape_error(f"{type(other).__name__} that is added", tuple(more), f"{tuple(own)}")
