"""p of every class with 1 − p beside it, of which neither is a difference of numbers near 1."""

from collections.abc import Sequence

from wce_conformance.oracle.autodiff import Var, exp, share, total
from wce_conformance.oracle.conventions import Chance, Probabilities
from wce_conformance.oracle.real import NAN, mp
from wce_conformance.oracle.surprise import Form, complement, undefined


def class_chances(row: Sequence[Var], form: Form) -> list[Chance]:
    """Of one row. A row that has no probabilities has NaN for all of them."""
    if undefined(row, form):
        return [Chance(Var(NAN), Var(NAN)) for _ in row]
    if form == "logits":
        return [_of_odds(total(_powers(row, k))) for k in range(len(row))]
    return [_given(x, form) for x in row]


def binary_chance(x: Var, form: Form) -> Chance:
    """Of class 1 of one element."""
    if mp.isnan(x.value):
        return Chance(Var(NAN), Var(NAN))
    return _of_odds(exp(-x)) if form == "logits" else _given(x, form)


def _powers(row: Sequence[Var], k: int) -> list[Var]:
    """e^(x_j − x_k) of all others."""
    return [exp(x - row[k]) for j, x in enumerate(row) if j != k]


def _of_odds(against: Var) -> Chance:
    one = Var(1)
    return Chance(share(one, against).at_limit(), share(against, one).at_limit())


def _given(x: Var, form: Form) -> Chance:
    """Probabilities as they are, and powers of log-probabilities."""
    if isinstance(form, Probabilities):
        return Chance(x, Var(1) - x)
    return Chance(exp(x).at_limit(), complement(x))
