"""Links: how predictions become log-probabilities. One registry per family, keyed by ``form``."""

from collections.abc import Callable
from functools import partial
from typing import Any

from wce_core.types import Form

from .base import (
    BinaryLink,
    BinaryRows,
    CategoricalLink,
    CategoricalRows,
    ClassRows,
    ClosedBinary,
    ClosedCategorical,
    ClosedClassRows,
    ClosedLogits,
    CurvedBinary,
    CurvedCategorical,
    Link,
    Rows,
    curves,
)
from .binary_logits import BinaryLogits
from .categorical_logits import CategoricalLogits
from .log_probabilities import BinaryLogProbabilities
from .logits import Logits, with_steps
from .probabilities import BinaryProbabilities, Probabilities
from .readings import CANDIDATES, CATEGORICAL_LINKS, CHANCES, COMPLEMENTS, READINGS, SURPRISALS
from .sigmoid import Sigmoid
from .softmax import Softmax

Convention = Probabilities | Logits
"""What a form is with steps or conventions of its own; ``of`` names the form."""

BINARY_LINKS: dict[Form, Callable[[Any], BinaryLink]] = {
    "logits": partial(with_steps, Sigmoid, BinaryLogits),
    "probabilities": BinaryProbabilities,
    "log_probabilities": lambda convention: BinaryLogProbabilities(),
}
LINKS_OF_LOGITS = (Softmax, Sigmoid, CategoricalLogits, BinaryLogits)

__all__ = [
    "BINARY_LINKS",
    "CANDIDATES",
    "CATEGORICAL_LINKS",
    "CHANCES",
    "COMPLEMENTS",
    "LINKS_OF_LOGITS",
    "READINGS",
    "SURPRISALS",
    "BinaryLink",
    "BinaryRows",
    "CategoricalLink",
    "CategoricalRows",
    "ClassRows",
    "ClosedBinary",
    "ClosedCategorical",
    "ClosedClassRows",
    "ClosedLogits",
    "Convention",
    "CurvedBinary",
    "CurvedCategorical",
    "Link",
    "Logits",
    "Probabilities",
    "Rows",
    "Sigmoid",
    "Softmax",
    "curves",
]
