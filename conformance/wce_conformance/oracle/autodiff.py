"""Reverse-mode differentiation of programs over real numbers.

Beside the derivative, `backward` accumulates its size: the sum of the magnitudes of the terms
it is made of. A derivative much smaller than its size has lost that many digits to
cancellation, which tells how many digits to compute with, and what rounding may cost others.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count

from wce_conformance.oracle.real import INF, NAN, Real, from_limit, mp, times

_serials = count()


class Var:
    """A number, and how it depends on the numbers that it was computed from."""

    __slots__ = ("grad", "parents", "serial", "size", "value")

    def __init__(self, value: Real, *parents: tuple[Var, Real]) -> None:
        """`parents` pairs each operand with ∂value/∂operand."""
        self.value: Real = mp.convert(value)
        self.parents = parents
        self.grad: Real = mp.zero
        self.size: Real = mp.zero
        self.serial = next(_serials)

    def __add__(self, other: Var) -> Var:
        return Var(self.value + other.value, (self, mp.one), (other, mp.one))

    def __sub__(self, other: Var) -> Var:
        """The difference, exactly: e to the difference of two huge numbers needs every digit."""
        difference = mp.fsub(self.value, other.value, exact=True)
        return Var(difference, (self, mp.one), (other, -mp.one))

    def __mul__(self, other: Var) -> Var:
        value = times(self.value, other.value)
        return Var(value, (self, other.value), (other, self.value))

    def __truediv__(self, other: Var) -> Var:
        """The quotient, for a divisor that is not 0."""
        inverse = 1 / other.value
        value = times(self.value, inverse)
        return Var(value, (self, inverse), (other, times(-value, inverse)))

    def __neg__(self) -> Var:
        return Var(-self.value, (self, -mp.one))

    def at_limit(self) -> Var:
        """The same derivatives, and the value that it tends to if it came from a limit."""
        return Var(from_limit(self.value), (self, mp.one))


def absolute(x: Var) -> Var:
    """The magnitude |x|, with the derivative 1 at 0, as above."""
    slope = NAN if mp.isnan(x.value) else -mp.one if x.value < 0 else mp.one
    return Var(abs(x.value), (x, slope))


def total(terms: Iterable[Var]) -> Var:
    """Σ terms, 0 for none."""
    operands = tuple(terms)
    value = sum((term.value for term in operands), mp.zero)
    return Var(value, *((term, mp.one) for term in operands))


def exp(x: Var) -> Var:
    """The power e^x."""
    value = mp.exp(x.value)
    return Var(value, (x, value))


def expm1(x: Var) -> Var:
    """The difference e^x − 1, accurate for small x."""
    return Var(mp.expm1(x.value), (x, mp.exp(x.value)))


def log(x: Var) -> Var:
    """The logarithm: −∞ at 0 with derivative ∞, NaN below."""
    if x.value == 0:
        return Var(-INF, (x, INF))
    if not x.value > 0:
        return Var(NAN, (x, NAN))
    return Var(mp.log(x.value), (x, 1 / x.value))


def log1p(x: Var) -> Var:
    """The logarithm of 1 + x, accurate for small x; edges as `log`."""
    if x.value == -1:
        return Var(-INF, (x, INF))
    if not x.value > -1:
        return Var(NAN, (x, NAN))
    return Var(mp.log1p(x.value), (x, 1 / (1 + x.value)))


def tanh(x: Var) -> Var:
    """The hyperbolic tangent, whose derivative 1 − tanh² is taken without a difference."""
    decay = mp.exp(-2 * abs(x.value))
    return Var(mp.tanh(x.value), (x, 4 * decay / (1 + decay) ** 2))


def power(base: Var, exponent: Var) -> Var:
    """base^exponent for base ≥ 0, with 0⁰ = 1; NaN for a negative base.

    At base 0 the derivative to the exponent is 0, by 0^r · log 0 = 0.
    """
    b, r = base.value, exponent.value
    if not b >= 0 or mp.isnan(r):
        return Var(NAN, (base, NAN), (exponent, NAN))
    if r == 0:
        return Var(1, (base, mp.zero), (exponent, mp.log(b) if b > 0 else mp.zero))
    if b == 0:
        slope = INF if r < 1 else mp.mpf(r == 1)
        return Var(0, (base, slope), (exponent, mp.zero))
    value = b**r
    return Var(value, (base, r * b ** (r - 1)), (exponent, value * mp.log(b)))


def share(part: Var, rest: Var) -> Var:
    """The quotient part/(part + rest) of numbers ≥ 0, in which nothing cancels; 0 of nothing."""
    whole = part.value + rest.value
    if whole == 0:
        return Var(0)
    slopes = rest.value / whole**2, -part.value / whole**2
    return Var(part.value / whole, (part, slopes[0]), (rest, slopes[1]))


def poisoned(x: Var, others: Iterable[Var]) -> Var:
    """NaN, and NaN as the derivative to x and to each of the others."""
    return Var(NAN, (x, NAN), *((other, NAN) for other in others))


def backward(root: Var) -> None:
    """Add ∂root/∂v to `v.grad`, and its size to `v.size`, for everything that root depends on."""
    root.grad = root.size = mp.one
    for node in _latest_first(root):
        for parent, partial in node.parents:
            parent.grad += times(node.grad, partial)
            parent.size += times(node.size, abs(partial))


def derivatives(root: Var, leaves: Iterable[Var]) -> list[Real]:
    """∂root/∂v of each leaf, without a trace on any."""
    found = {root.serial: mp.one}
    for node in _latest_first(root):
        for parent, partial in node.parents:
            step = times(found[node.serial], partial)
            found[parent.serial] = found.get(parent.serial, mp.zero) + step
    return [found.get(leaf.serial, mp.zero) for leaf in leaves]


def _latest_first(root: Var) -> list[Var]:
    """All that root depends on, every node before its operands."""
    seen = {root.serial: root}
    pending = [root]
    while pending:
        for parent, _ in pending.pop().parents:
            if parent.serial not in seen:
                seen[parent.serial] = parent
                pending.append(parent)
    return [seen[serial] for serial in sorted(seen, reverse=True)]
