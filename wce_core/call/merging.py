"""What can be added up over batches: sums, field by field, and nothing else that a tuple can do."""

from __future__ import annotations

from numbers import Real
from typing import Any, NoReturn, TypeVar

T = TypeVar("T", bound=tuple[Any, ...])


def added(parts: T, other: object) -> T:
    """Field by field; 0, with which ``sum()`` begins, changes nothing."""
    kind = type(parts)
    if isinstance(other, kind):
        return kind(*(a + b for a, b in zip(parts, other, strict=True)))
    if isinstance(other, Real) and other == 0:
        return parts
    # NotImplemented would make Python concatenate, where the other one is a tuple.
    raise TypeError(f"{kind.__name__} + {type(other).__name__}; expected {kind.__name__}")


def refuse_order(parts: tuple[Any, ...], other: object) -> NoReturn:
    """A TypeError: tuples have an order, sums have none."""
    raise TypeError(
        f"{type(parts).__name__} compared with {type(other).__name__}; compare what they come to, "
        "such as mean() or accuracy()"
    )
