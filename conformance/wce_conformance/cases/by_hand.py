"""Short notation for cases written by hand."""

from collections.abc import Callable, Iterator
from typing import Any

from wce_conformance.cases.case import Argument, Case, Tensor
from wce_conformance.oracle import Grid, Nested

DTYPES = ("float64", "float32", "float16", "bfloat16")
INF, NAN = float("inf"), float("nan")


def each_dtype(write: Callable[[str], Iterator[Case]]) -> Iterator[Case]:
    """The cases that `write` gives, in every dtype."""
    for dtype in DTYPES:
        yield from write(dtype)


def in_turn(write: Callable[[str], Iterator[Case]]) -> Iterator[Case]:
    """The cases that `write` gives, each in one dtype: enough where the dtype matters little."""
    versions = [list(write(dtype)) for dtype in DTYPES]
    for number, same in enumerate(zip(*versions, strict=True)):
        yield same[number % len(same)]


def multiclass(
    name: str,
    dtype: str,
    predictions: Nested,
    targets: Nested,
    comment: str,
    *flags: str,
    **arguments: Any,
) -> Case:
    """A case of `cross_entropy`: nested lists become arrays, floats rounded to their dtype."""
    return of_loss("cross_entropy", name, dtype, predictions, targets, comment, *flags, **arguments)


def binary(
    name: str,
    dtype: str,
    predictions: Nested,
    targets: Nested,
    comment: str,
    *flags: str,
    **arguments: Any,
) -> Case:
    """A case of `binary_cross_entropy`, likewise."""
    return of_loss(
        "binary_cross_entropy", name, dtype, predictions, targets, comment, *flags, **arguments
    )


def of_loss(
    loss: str,
    name: str,
    dtype: str,
    predictions: Nested,
    targets: Nested,
    comment: str,
    *flags: str,
    **arguments: Any,
) -> Case:
    """A case of any loss, likewise."""
    made = Tensor.rounded(predictions, dtype)
    target_grid: Grid[Any] = Grid.of(targets)
    # An empty array has no values that tell its dtype: its rank does.
    indices = len(target_grid.shape) < len(made.shape)
    return Case(
        id=f"{loss}/{name}/{dtype}",
        loss=loss,
        dtype=dtype,
        predictions=made,
        targets=_array(targets, "int64" if indices else dtype),
        arguments={key: _argument(value) for key, value in arguments.items()},
        comment=comment,
        flags=("extreme", *flags),
    )


def _argument(value: Any) -> Argument:
    """Lists are arrays: weights in float64, which no dtype of predictions narrows."""
    return _array(value, "float64") if isinstance(value, list | Grid) else value


def _array(nested: Nested, float_dtype: str) -> Tensor:
    kinds = {type(value) for value in Grid.of(nested).flat}
    dtypes = {bool: "bool", int: "int64", float: float_dtype}
    if len(kinds) > 1:
        raise TypeError(f"one kind of number each: {kinds}")
    return Tensor.rounded(nested, dtypes[kinds.pop()] if kinds else float_dtype)
