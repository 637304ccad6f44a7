"""Hand-made cases, each hunting a kind of bug."""

from wce_conformance.cases import (
    balanced,
    extreme_conventions,
    extreme_logits,
    extreme_masses,
    extreme_missing,
    extreme_nonfinite,
    extreme_one_weight,
    extreme_probabilities,
    extreme_rounding,
    extreme_rows,
    extreme_shapes,
    extreme_terms,
    extreme_ties,
    extreme_weights,
    extreme_wide,
    extreme_zero_denominators,
    negative,
    of_rows,
)
from wce_conformance.cases.case import Case

_THEMES = (
    extreme_logits,
    extreme_nonfinite,
    extreme_probabilities,
    extreme_conventions,
    extreme_missing,
    extreme_masses,
    extreme_weights,
    extreme_shapes,
    extreme_one_weight,
    extreme_wide,
    extreme_zero_denominators,
    extreme_rounding,
    extreme_ties,
    balanced,
    extreme_terms,
    of_rows,
    extreme_rows,
    negative,
)


def extreme_cases() -> list[Case]:
    """The cases of every theme."""
    return [case for theme in _THEMES for case in theme.cases()]
