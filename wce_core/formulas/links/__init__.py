"""Links: how predictions become log-probabilities. One registry per family, keyed by ``form``."""

from collections.abc import Callable
from typing import Any

from wce_core.types import Form

from .base import (
    BinaryLink,
    BinaryRows,
    CategoricalLink,
    CategoricalRows,
    ClosedBinary,
    ClosedCategorical,
    ClosedLogits,
    CurvedBinary,
    CurvedCategorical,
    Link,
    Rows,
    curves,
)
from .log_probabilities import BinaryLogProbabilities, CategoricalLogProbabilities
from .probabilities import BinaryProbabilities, CategoricalProbabilities, Probabilities
from .sigmoid import Sigmoid
from .softmax import Softmax

CATEGORICAL_LINKS: dict[Form, Callable[[Any], CategoricalLink]] = {
    "logits": lambda convention: Softmax(),
    "probabilities": CategoricalProbabilities,
    "log_probabilities": lambda convention: CategoricalLogProbabilities(),
}
BINARY_LINKS: dict[Form, Callable[[Any], BinaryLink]] = {
    "logits": lambda convention: Sigmoid(),
    "probabilities": BinaryProbabilities,
    "log_probabilities": lambda convention: BinaryLogProbabilities(),
}

__all__ = [
    "BINARY_LINKS",
    "CATEGORICAL_LINKS",
    "BinaryLink",
    "BinaryRows",
    "CategoricalLink",
    "CategoricalRows",
    "ClosedBinary",
    "ClosedCategorical",
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
