"""What a loss reads of predictions, and by which link of each form.

A new reading is a file here and an entry; whatever targets ask of its rows is its own affair.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from wce_core.types import CandidateRule, Form

from .base import BinaryLink, Link
from .binary_chances import BinaryGivenChances, BinaryLogitChances
from .binary_logits import BinaryLogits
from .candidates import (
    BestCandidate,
    LogitCandidates,
    LogProbabilityCandidates,
    ProbabilityCandidates,
)
from .categorical_logits import CategoricalLogits
from .chances import GivenChances, LogitChances
from .complements import COMPLEMENTS_OF_LOGARITHMS, COMPLEMENTS_OF_PROBABILITIES, LogitComplements
from .log_probabilities import BinaryLogProbabilities, CategoricalLogProbabilities
from .logits import with_steps
from .margins import BinaryMargins
from .probabilities import BinaryProbabilities, CategoricalProbabilities
from .sigmoid import Sigmoid
from .softmax import Softmax

LinkOf = Callable[[Any], Link]
"""The link for the conventions of a form."""

CATEGORICAL_LINKS: dict[Form, LinkOf] = {
    "logits": partial(with_steps, Softmax, CategoricalLogits),
    "probabilities": CategoricalProbabilities,
    "log_probabilities": lambda convention: CategoricalLogProbabilities(),
}
"""−log p of classes."""
BINARY_LINKS: dict[Form, Callable[[Any], BinaryLink]] = {
    "logits": partial(with_steps, Sigmoid, BinaryLogits),
    "probabilities": BinaryProbabilities,
    "log_probabilities": lambda convention: BinaryLogProbabilities(),
}
"""−log p of class 1 and of class 0."""


def _fixed(**links: Link) -> dict[Form, LinkOf]:
    """Links that know no conventions."""
    names: tuple[Form, ...] = ("logits", "probabilities", "log_probabilities")
    return {name: partial(_whatever, links[name]) for name in names}


def _whatever(link: Any, convention: Any) -> Any:
    del convention
    return link


def _sets(rule: CandidateRule) -> dict[Form, LinkOf]:
    return _fixed(
        logits=LogitCandidates(rule),
        probabilities=ProbabilityCandidates(rule),
        log_probabilities=LogProbabilityCandidates(rule),
    )


def _best(link_of: LinkOf, convention: Any) -> Link:
    link: Any = link_of(convention)
    return BestCandidate(link)


SURPRISALS = "surprisals"
CHANCES = "chances"
MARGINS = "margins"
COMPLEMENTS = "complements"
CANDIDATES: Mapping[CandidateRule, str] = {
    "marginal": "marginal candidates",
    "max": "best candidate",
    "pinned": "pinned candidates",
}
"""The reading of each rule for sets."""

READINGS: dict[str, Mapping[Form, LinkOf]] = {
    SURPRISALS: CATEGORICAL_LINKS,
    CHANCES: _fixed(
        logits=LogitChances(),
        probabilities=GivenChances(logarithms=False),
        log_probabilities=GivenChances(logarithms=True),
    ),
    COMPLEMENTS: _fixed(
        logits=LogitComplements(),
        probabilities=COMPLEMENTS_OF_PROBABILITIES,
        log_probabilities=COMPLEMENTS_OF_LOGARITHMS,
    ),
    CANDIDATES["marginal"]: _sets("marginal"),
    CANDIDATES["max"]: {form: partial(_best, of) for form, of in CATEGORICAL_LINKS.items()},
    CANDIDATES["pinned"]: _sets("pinned"),
}
"""Of rows of classes."""

BINARY_READINGS: dict[str, Mapping[Form, Any]] = {
    SURPRISALS: BINARY_LINKS,
    CHANCES: {
        "logits": partial(_whatever, BinaryLogitChances()),
        "probabilities": partial(_whatever, BinaryGivenChances(logarithms=False)),
        "log_probabilities": partial(_whatever, BinaryGivenChances(logarithms=True)),
    },
    MARGINS: {"logits": partial(_whatever, BinaryMargins())},
}
"""Of single predictions."""
