"""The surprise of a set of classes, any of which is right, and of all classes but one."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, TypeAlias

from wce_conformance.oracle.autodiff import Var, exp, expm1, log, log1p, total
from wce_conformance.oracle.conventions import Probabilities
from wce_conformance.oracle.surprise import Form, softmax_surprise
from wce_conformance.oracle.weighting import lowest_argmax

Rule: TypeAlias = Literal["marginal", "max", "pinned"]


def _marginal(row: Sequence[Var], form: Form, members: Sequence[int]) -> Var:
    """−log Σ_{k∈S} p_k, of logits as log(1 + Σ_{k∉S} e^{x_k} / Σ_{k∈S} e^{x_k})."""
    inside = [row[k] for k in members]
    if isinstance(form, Probabilities):
        return -log(total(inside))
    # Powers of e are taken over that of the largest, a constant, which the quotient is free of.
    largest = Var(max(x.value for x in inside))
    own = total(exp(x - largest) for x in inside)
    if form == "log_probabilities":
        return (-(log(own) + largest)).at_limit()
    others = total(exp(x - largest) for k, x in enumerate(row) if k not in members)
    return log1p(others / own).at_limit()


def _best(row: Sequence[Var], form: Form, members: Sequence[int]) -> Var:
    """The surprise of the likeliest member, of equal ones the first."""
    k = likeliest(row, members)
    if form == "logits":
        return softmax_surprise(row, k)
    return -log(row[k]) if isinstance(form, Probabilities) else (-row[k]).at_limit()


def _pinned(row: Sequence[Var], form: Form, members: Sequence[int]) -> Var:
    """Mass 1 on each of n members, all as likely as the likeliest, a: n times the surprise of a.

    Of logits, after x_k ← x_a for every member: n·log(n + Σ_{k∉S} e^{x_k − x_a}). Of probabilities
    the row has come to 1 + Σ_{k∈S} (p_a − p_k), by which p_a is divided.
    """
    a, n = likeliest(row, members), Var(len(members))
    if form == "logits":
        odds = total(exp(x - row[a]) for k, x in enumerate(row) if k not in members)
        return n * (log(n) + log1p(odds / n).at_limit())
    chances = row if isinstance(form, Probabilities) else [exp(x) for x in row]
    # Added, since an exact difference would need every digit of what tends to 0.
    gap = total(chances[a] + (-chances[k]) for k in members if k != a)
    return n * (log1p(gap) + _best(row, form, members))


def likeliest(row: Sequence[Var], members: Sequence[int]) -> int:
    """The member with the largest prediction, of equal ones the first."""
    return members[lowest_argmax([row[k] for k in members])]


def class_chance(row: Sequence[Var], form: Form, k: int) -> Var:
    """p_k."""
    if form == "logits":
        return (Var(1) / (Var(1) + total(exp(x - row[k]) for x in _others(row, k)))).at_limit()
    return row[k] if isinstance(form, Probabilities) else exp(row[k]).at_limit()


def surprise_of_others(row: Sequence[Var], form: Form, k: int) -> Var:
    """−log(1 − p_k)."""
    if form == "logits":
        return _marginal(row, form, [j for j in range(len(row)) if j != k])
    if isinstance(form, Probabilities):
        return -log1p(-row[k])
    if row[k].value < -1:
        return -log1p(-exp(row[k]).at_limit())
    certain = Var(0, (row[k], Var(-1).value))  # a log-probability that rounding carried above 0
    return -log(-expm1(row[k]) if row[k].value <= 0 else certain)


def _others(row: Sequence[Var], k: int) -> list[Var]:
    return [x for j, x in enumerate(row) if j != k]


RULES: Mapping[str, Callable[[Sequence[Var], Form, Sequence[int]], Var]] = {
    "marginal": _marginal,
    "max": _best,
    "pinned": _pinned,
}
