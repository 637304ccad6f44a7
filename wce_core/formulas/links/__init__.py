"""Links: how predictions become log-probabilities. One registry per family, keyed by ``form``."""

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
from .logits import Logits
from .probabilities import Probabilities
from .readings import (
    BINARY_LINKS,
    BINARY_READINGS,
    CANDIDATES,
    CATEGORICAL_LINKS,
    CHANCES,
    COMPLEMENTS,
    MARGINS,
    READINGS,
    SURPRISALS,
)
from .sigmoid import Sigmoid
from .softmax import Softmax

Convention = Probabilities | Logits
"""What a form is with steps or conventions of its own; ``of`` names the form."""

LINKS_OF_LOGITS = (Softmax, Sigmoid, CategoricalLogits, BinaryLogits)

__all__ = [
    "BINARY_LINKS",
    "BINARY_READINGS",
    "CANDIDATES",
    "CATEGORICAL_LINKS",
    "CHANCES",
    "COMPLEMENTS",
    "LINKS_OF_LOGITS",
    "MARGINS",
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
