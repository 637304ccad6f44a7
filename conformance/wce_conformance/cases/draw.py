"""Random data that its dtype holds exactly."""

from collections.abc import Callable, Sequence
from math import exp, log, prod
from random import Random
from typing import Any

from wce_conformance.cases.case import Tensor
from wce_conformance.oracle import round_to

Shape = tuple[int, ...]
WEIGHTS = (0.0, 0.125, 0.3, 0.5, 1.0, 1.7, 2.0, 3.25)


def filled(shape: Shape, dtype: str, number: Callable[[], Any]) -> Tensor:
    """An array of numbers drawn one by one, rounded to a floating `dtype`."""
    values = [number() for _ in range(prod(shape))]
    return Tensor(dtype, shape, tuple(round_to(value, dtype) for value in values))


def exact(shape: Shape, dtype: str, value: Callable[[], Any]) -> Tensor:
    """An array of integers or booleans drawn one by one."""
    return Tensor(dtype, shape, tuple(value() for _ in range(prod(shape))))


def along(shape: Shape, axis: int, dtype: str, row: Callable[[int], Sequence[Any]]) -> Tensor:
    """An array whose rows along `axis` are drawn one by one; `row` is given their length."""
    axis %= len(shape)
    length, inner = shape[axis], prod(shape[axis + 1 :])
    values: list[Any] = [None] * prod(shape)
    for outer in range(prod(shape[:axis])):
        for within in range(inner):
            start = outer * length * inner + within
            values[start : start + length * inner : inner] = row(length)
    exact = dtype in ("int64", "int32", "bool")
    return Tensor(dtype, shape, tuple(v if exact else round_to(v, dtype) for v in values))


def weights(shape: Shape, dtype: str, random: Random) -> Tensor:
    """Weights, one in eight of them 0."""
    return filled(shape, dtype, lambda: random.choice(WEIGHTS))


def logits(length: int, random: Random) -> list[float]:
    """A row of logits, now and then with a tie."""
    row = [random.gauss(0, 3) for _ in range(length)]
    if random.random() < 0.2:
        row[-1] = row[0]
    return row


def shares(length: int, random: Random) -> list[float]:
    """A row of positive numbers that add up to 1, to rounding."""
    odds = [exp(x / 2) for x in logits(length, random)]
    return [value / sum(odds) for value in odds]


def log_shares(length: int, random: Random) -> list[float]:
    """The logarithms of such a row."""
    return [min(log(share), 0.0) for share in shares(length, random)]


def mass(length: int, random: Random) -> list[float]:
    """A row of amounts that need not add up to 1; one row in ten is all 0."""
    if random.random() < 0.1:
        return [0.0] * length
    return [random.choice((0.0, 0.25, 1.0, 1.5, 5.0)) for _ in range(length)]


def one_hot(length: int, random: Random) -> list[int]:
    """A row with one 1."""
    label = random.randrange(length)
    return [int(k == label) for k in range(length)]


def several_hot(length: int, random: Random) -> list[float]:
    """A row of zeros and ones, of which several may be ones, and none."""
    return [float(random.random() < 0.4) for _ in range(length)]


def weight_shape(shape: Shape, random: Random) -> Shape:
    """A shape that weights of items of `shape` may have: a prefix of it, or 1 on some axes."""
    if random.random() < 0.6:
        return shape[: random.randint(0, len(shape))]
    return tuple(random.choice((length, 1)) for length in shape)


def candidates(length: int, random: Random) -> list[bool]:
    """A row in which a class at least is True; of several classes seldom all are."""
    row = [random.random() < 0.4 for _ in range(length)]
    row[random.randrange(length)] = True
    return row
