"""The surprise of a class, −log p, from each form of predictions."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

from wce_conformance.oracle.autodiff import Var, exp, expm1, log, log1p, total
from wce_conformance.oracle.conventions import Probabilities, binary_logarithms, row_logarithms
from wce_conformance.oracle.real import LIMIT, NAN, mp
from wce_conformance.oracle.steps import Logits, pair_of, stepped, surprise_of, z_loss_of

Conventions = Probabilities | Logits
Form: TypeAlias = Literal["logits", "probabilities", "log_probabilities"] | Conventions


def class_surprises(row: Sequence[Var], form: Form, met: Sequence[bool]) -> list[Var]:
    """−log p_k of every class of one row; 0 in place of those that no mass meets.

    A row with NaN has no probabilities, and neither have logits with +∞ or nothing but −∞.
    """
    if undefined(row, form):
        return [Var(NAN) for _ in row]
    if form == "logits":
        return [softmax_surprise(row, k) if met[k] else Var(0) for k in range(len(row))]
    if isinstance(form, Logits):
        return _of_steps(row, form, met)
    if isinstance(form, Probabilities):
        return [-logarithm for logarithm in row_logarithms(row, form)]
    return [(-x).at_limit() for x in row]


def _of_steps(row: Sequence[Var], form: Logits, met: Sequence[bool]) -> list[Var]:
    logits, margins = stepped(row, form), form.margins(len(row))
    return [surprise_of(logits, k, margins[k]) if met[k] else Var(0) for k in range(len(logits))]


def row_penalty(row: Sequence[Var], form: Form) -> Var | None:
    """What each unit of mass of a row pays beside its surprise; None: nothing."""
    if not isinstance(form, Logits) or form.z_loss == 0:
        return None
    return Var(NAN) if undefined(row, form) else z_loss_of(stepped(row, form), form)


def softmax_surprise(logits: Sequence[Var], k: int) -> Var:
    """−log p_k for p = softmax(x): log(Σ_j e^{x_j} / e^{x_k}) = log(1 + Σ_{j≠k} e^{x_j − x_k})."""
    odds_against = total(exp(x - logits[k]) for j, x in enumerate(logits) if j != k)
    return log1p(odds_against).at_limit()


def binary_surprises(x: Var, form: Form) -> tuple[Var, Var]:
    """−log(1 − p) and −log p of one element."""
    if mp.isnan(x.value):
        return Var(NAN), Var(NAN)
    if form == "logits":
        return log1p(exp(x)).at_limit(), log1p(exp(-x)).at_limit()
    if isinstance(form, Logits):
        zero, one = _of_steps(pair_of(x, form), Logits(margin=form.margin), (True, True))
        return zero, one
    if isinstance(form, Probabilities):
        log_zero, log_one = binary_logarithms(x, form)
        return -log_zero, -log_one
    return -log(complement(x)), (-x).at_limit()


def complement(log_p: Var) -> Var:
    """1 − p. A log-probability that rounding carried above 0 is p = 1."""
    rest = -expm1(log_p)
    return rest if log_p.value <= 0 else Var(0, (rest, mp.one))


def undefined(row: Sequence[Var], form: Form) -> bool:
    """Has a row no probabilities? NaN has none, nor have logits with +∞ or nothing but −∞."""
    values = [x.value for x in row]
    if any(mp.isnan(value) for value in values):
        return True
    if form != "logits" and not (isinstance(form, Logits) and form.softcap is None):
        return False
    return bool(abs(max(values)) >= LIMIT)
