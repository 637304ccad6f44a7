"""Links: how predictions become log-probabilities. One registry per family, keyed by ``form``."""

from collections.abc import Callable
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
from .log_probabilities import BinaryLogProbabilities
from .probabilities import BinaryProbabilities, Probabilities
from .readings import CANDIDATES, CATEGORICAL_LINKS, CHANCES, COMPLEMENTS, READINGS, SURPRISALS
from .sigmoid import Sigmoid
from .softmax import Softmax

BINARY_LINKS: dict[Form, Callable[[Any], BinaryLink]] = {
    "logits": lambda convention: Sigmoid(),
    "probabilities": BinaryProbabilities,
    "log_probabilities": lambda convention: BinaryLogProbabilities(),
}

__all__ = [
    "BINARY_LINKS",
    "CANDIDATES",
    "CATEGORICAL_LINKS",
    "CHANCES",
    "COMPLEMENTS",
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
    "CurvedBinary",
    "CurvedCategorical",
    "Link",
    "Probabilities",
    "Rows",
    "Sigmoid",
    "Softmax",
    "curves",
]
